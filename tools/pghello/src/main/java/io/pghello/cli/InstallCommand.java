// SPDX-License-Identifier: MIT
package io.pghello.cli;

import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Status;
import io.pghello.cli.system.CleanupStack;
import io.pghello.cli.system.Directories;
import io.pghello.cli.system.Replacement;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code pghello install}. */
@Command(
    name = "install",
    description = {
      "Installs this program in a directory: the jar, a launcher that uses the "
          + "current Java, a class archive that speeds up startup, manual pages, and bash "
          + "completion. You can run the command again, for example to install another "
          + "version."
    },
    footerHeading = "%nExample:%n",
    footer = "  java -jar pg-hello-cli-all.jar install --to ~/.local")
final class InstallCommand implements Callable<Integer> {
  // The C2 compiler adds milliseconds to the startup. Without C2, checksums of backups take ten
  // times as long, because only code compiled by C2 uses the processor's checksum instructions.
  // A small young generation stays in the processor's cache, so logs are analysed a quarter faster.
  private static final String LAUNCHER =
      """
      #!/bin/sh
      # SPDX-License-Identifier: MIT
      lib=@LIB@
      [ "$lib/../../bin/pghello" -ef "$0" ] || lib=$(dirname "$(dirname "$(readlink -f "$0")")")/lib/pghello
      java=@JAVA@
      [ -x "$java" ] || java=${JAVA_HOME:+$JAVA_HOME/bin/}java
      # otherwise Java replaces non-ASCII characters in names with question marks
      [ "$(locale charmap 2>/dev/null)" = UTF-8 ] || export LC_ALL=C.UTF-8
      options=-XX:TieredStopAtLevel=1
      case ${1-} in
        backup | load | maintain | restore | verify) options=-XX:+TieredCompilation ;;
        logs) options='-XX:+TieredCompilation -Xmn16m' ;;
      esac
      exec "$java" $options -XX:+UseSerialGC -XX:-UsePerfData -Xshare:auto -XX:SharedArchiveFile="$lib/pghello.jsa" \\
        -Xlog:disable -cp "$lib/pghello.jar" io.pghello.cli.Pghello "$@"
      """;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--to",
      paramLabel = "DIR",
      required = true,
      description = "Installation prefix, e.g. /usr/local or ~/.local.")
  private Path folder = Path.of("");

  @Override
  public Integer call() {
    Path from = jar();
    PrintWriter out = spec.commandLine().getOut();
    try {
      // The class archive records the jar's path, so use the path that the launcher resolves.
      Path to = createDirectory(folder.toAbsolutePath()).toRealPath();
      Path lib = createDirectory(to.resolve("lib/pghello"));
      Path jar = lib.resolve("pghello.jar");
      Replacement.of(jar, "rw-r--r--", path -> Files.copy(from, path));
      Path java = Path.of(System.getProperty("java.home"), "bin", "java");
      Replacement.of(
          lib.resolve("pghello.jsa"), "rw-r--r--", archive -> writeArchive(java, jar, archive));

      CommandLine whole = Pghello.commandLine();
      Path completions = createDirectory(to.resolve("share/bash-completion/completions"));
      Replacement.write(
          completions.resolve("pghello"), "rw-r--r--", AutoComplete.bash("pghello", whole));
      writePages(createDirectory(to.resolve("share/man/man1")), whole);

      Path launcher = createDirectory(to.resolve("bin")).resolve("pghello");
      Replacement.write(
          launcher,
          "rwxr-xr-x",
          LAUNCHER.replace("@LIB@", quoted(lib)).replace("@JAVA@", quoted(java)));
      out.printf("Installed %s%n", launcher);
      out.flush();
      return Status.OK.exitCode();
    } catch (IOException | UncheckedIOException e) {
      throw Failure.in("cannot install to " + folder, e);
    }
  }

  private static String quoted(Path path) {
    return "'" + path.toString().replace("'", "'\\''") + "'";
  }

  private static Path jar() {
    try {
      Path jar = Path.of(Pghello.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      if (Files.isRegularFile(jar)) {
        try (var file = new JarFile(jar.toFile())) {
          if (file.getEntry("org/postgresql/Driver.class") != null) {
            return jar;
          }
        }
      }
    } catch (URISyntaxException | IOException e) {
      throw Failure.unknown("cannot find the program's jar: " + e);
    }
    throw Failure.unknown(
        "install needs the jar with all dependencies: java -jar pg-hello-cli-…-all.jar install");
  }

  private static void writePages(Path manual, CommandLine whole) throws IOException {
    var pages = new HashSet<>(Set.of("pghello.1"));
    Replacement.write(manual.resolve("pghello.1"), "rw-r--r--", ManPage.of(whole));
    for (Map.Entry<String, CommandLine> command : whole.getSubcommands().entrySet()) {
      String page = "pghello-" + command.getKey() + ".1";
      Replacement.write(manual.resolve(page), "rw-r--r--", ManPage.of(command.getValue()));
      pages.add(page);
    }
    // Remove the pages of commands that existed only in an earlier version.
    try (Stream<Path> paths = Files.list(manual)) {
      for (Path path : (Iterable<Path>) paths::iterator) {
        String name = path.getFileName().toString();
        if (name.startsWith("pghello-") && name.endsWith(".1") && !pages.contains(name)) {
          Files.delete(path);
        }
      }
    }
  }

  /**
   * Creates a directory and its missing parents. Other users can read these directories, regardless
   * of the umask.
   */
  private static Path createDirectory(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      Path parent = path.getParent();
      if (parent != null) {
        createDirectory(parent);
      }
      Files.createDirectory(path, Directories.mode("rwxr-xr-x"));
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    return path;
  }

  /**
   * Writes the class archive, using a class list. Without a class list, Java 17 does not archive
   * classes that were compiled for Java 5, such as picocli's.
   */
  private static void writeArchive(Path java, Path jar, Path archive) throws IOException {
    Path list = Files.createTempFile("pghello", ".classes");
    try (var undo = new CleanupStack()) {
      var loading = List.of("-cp", jar.toString(), Loading.class.getName(), jar.toString());
      run(undo, java, List.of("-Xshare:off", "-XX:DumpLoadedClassList=" + list), loading);
      run(
          undo,
          java,
          List.of(
              "-Xshare:dump",
              "-XX:SharedClassListFile=" + list,
              "-XX:SharedArchiveFile=" + archive),
          List.of("-cp", jar.toString()));
    } finally {
      Files.delete(list);
    }
  }

  private static void run(
      CleanupStack undo, Path java, List<String> options, List<String> arguments) {
    var command = new ArrayList<>(List.of(java.toString(), "-XX:+UseSerialGC", "-Xlog:disable"));
    command.addAll(options);
    command.addAll(arguments);
    undo.run(command, Map.of(), ProcessBuilder.Redirect.DISCARD);
  }

  /** Loads all classes of the jar, and exits. */
  static final class Loading {
    private Loading() {}

    @SuppressWarnings("ReturnValueIgnored")
    public static void main(String[] arguments) throws IOException, NoSuchAlgorithmException {
      try (var jar = new JarFile(arguments[0])) {
        for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
          String name = entry.getName();
          if (name.endsWith(".class") && !name.startsWith("META-INF/")) {
            try {
              Class<?> loaded =
                  Class.forName(
                      name.substring(0, name.length() - 6).replace('/', '.'),
                      false,
                      Loading.class.getClassLoader());
              // Links the class. Java 17 archives only linked classes.
              loaded.getDeclaredMethods();
            } catch (ClassNotFoundException | LinkageError e) {
              // The class needs an optional library.
            }
          }
        }
      }
      // Load the JDK classes that these commands use.
      Pghello.commandLine("health")
          .setErr(new PrintWriter(Writer.nullWriter()))
          .execute("health", "--host=127.0.0.1", "--port=1");
      Pghello.commandLine("logs").execute("logs", "/dev/null");
      Pghello.commandLine("restore")
          .setErr(new PrintWriter(Writer.nullWriter()))
          .execute("restore", "--from=/dev");
      // Load the JDK classes used for logins, checksums of backups, and child processes.
      Calendar.getInstance();
      String.format("%.3f", new SecureRandom().nextDouble());
      MessageDigest.getInstance("SHA-256");
      CompletableFuture.runAsync(() -> {}).join();
      try (var undo = new CleanupStack()) {
        undo.run(List.of("true"), Map.of(), ProcessBuilder.Redirect.DISCARD);
      }
    }
  }
}
