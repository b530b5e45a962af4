// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.testkit.internal.EmbeddedServer;
import io.pghello.extension.testkit.internal.Sha256;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Builds an extension with PGXS in a copy of its sources, and runs its tests there. */
final class Pgxs {
  /** The scripts of the plugin; headers.sh calls the other one. */
  private static final List<String> SCRIPTS = List.of("headers.sh", "debian.sh");

  private static final List<String> TOOLS = List.of("bash", "gcc", "make");

  /** The suffixes of files that a make in the sources left there, perhaps for another major. */
  private static final Set<String> BUILT = Set.of("o", "so", "bc");

  /**
   * Variables of PGXS and of make itself, which would go for those that a Makefile does not set.
   */
  private static final Pattern NOT_FOR_MAKE =
      Pattern.compile(
          "MAKE.*|MFLAGS|VPATH|DESTDIR|PROFILE|CUSTOM_COPT|MODULE(S|_big|DIR)|PROGRAM|EXTENSION|OBJS"
              + "|(DATA|DOCS|HEADERS|SCRIPTS|REGRESS|ISOLATION)(_\\w+)?|TAP_TESTS|EXTRA_CLEAN"
              + "|NO_(INSTALL(CHECK)?|LOCALE|PGXS|TEMP_INSTALL)|PG_(C|CPP|CXX|LD)FLAGS|PG_LIBS\\w*|SHLIB_\\w+");

  private static final int LINES_SHOWN = 40;
  private static final List<String> DIFFERENCES =
      List.of("regression.diffs", "output_iso/regression.diffs");

  /** A rule of make that says how many tests of each kind there are. */
  private static final String COUNT_TESTS =
      "pg-extension-count-tests:;"
          + "@echo $(words $(REGRESS)) $(words $(ISOLATION)) $(words $(TAP_TESTS))";

  /** The build failed for a reason that the message tells its user. */
  static final class BuildException extends Exception {
    private static final long serialVersionUID = 1L;

    BuildException(String message) {
      super(message);
    }
  }

  private final Path source;
  private final Path target;
  private final List<String> options = new ArrayList<>();
  private final Map<String, String> environment;

  /**
   * Does nothing yet.
   *
   * @param target for a folder of each major
   * @param environment of the programs that are run
   */
  Pgxs(Path source, Path target, boolean strict, String sanitize, Map<String, String> environment) {
    this.source = source.toAbsolutePath().normalize();
    this.target = target.toAbsolutePath().normalize();
    this.environment = environment;
    // older compilers only warn, and the server then refuses the library
    options.add("-Werror=implicit-function-declaration");
    if (strict) {
      options.addAll(List.of("-Wall", "-Werror"));
    }
    if (!sanitize.isEmpty()) {
      options.addAll(List.of("-fsanitize=" + sanitize, "-fno-omit-frame-pointer", "-g"));
    } else {
      // a library without the paths of debug information
      options.add("-g0");
    }
  }

  /** Returns the folder that make install has filled. */
  static Path installed(Path target, int major) {
    return target.resolve(Integer.toString(major)).resolve("installed");
  }

  /**
   * Builds for one major, unless that has been done.
   *
   * @param log of what takes some seconds
   * @return false if nothing has changed
   */
  boolean build(int major, Consumer<String> log) throws IOException, BuildException {
    if (!Files.exists(source.resolve("Makefile"))) {
      throw new BuildException(
          "There is no Makefile in " + source + ": the plugin builds what uses PGXS.");
    }
    requireTools();
    Path config = pgConfig(major, log);
    Path folder = target.resolve(Integer.toString(major));
    Path inputs = folder.resolve("inputs");
    String digest = digest(config);
    if (Files.exists(inputs) && Files.readString(inputs).equals(digest)) {
      return false;
    }
    delete(folder);
    Path copy = Files.createDirectories(folder.resolve("source"));
    for (Path file : sources()) {
      Path to = copy.resolve(source.relativize(file));
      Files.createDirectories(Objects.requireNonNull(to.getParent()));
      Files.copy(file, to, StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
    }
    Path include = Path.of(ask(config, "--includedir-server"));
    var flags = new ArrayList<>(options);
    // paths are mapped away, so that a library is the same wherever it is built
    flags.add("'-ffile-prefix-map=" + copy + "=.'");
    flags.add("'-ffile-prefix-map=" + include + "=server'");
    List<String> make = with(make(config), "COPT=" + String.join(" ", flags));
    // in one call, install would miss what all has made
    make(major, copy, with(make, "all"));
    make(major, copy, with(make, "install", "DESTDIR=" + installed(target, major)));
    Files.writeString(inputs, digest);
    return true;
  }

  private static List<String> make(Path config) {
    return List.of("make", "PG_CONFIG=" + config, "with_llvm=no");
  }

  /**
   * Runs the tests that the Makefile names, by {@code make installcheck} in the copy that was
   * built.
   *
   * @param log of what was run, and of what was not
   */
  void test(int major, EmbeddedServer server, Consumer<String> log)
      throws IOException, BuildException {
    requireTools();
    if (!isOnPath("psql")) {
      throw new BuildException(
          "There is no psql on the path, which pg_regress runs. Remedy: install it, as with: sudo"
              + " apt-get install postgresql-client");
    }
    Path config = pgConfig(major, log);
    Path folder = target.resolve(Integer.toString(major));
    Path copy = folder.resolve("source");
    String[] counts =
        answer(with(make(config), "-s", "--eval=" + COUNT_TESTS, "pg-extension-count-tests"), copy)
            .split(" ", -1);
    if (counts.length != 3) {
      throw new BuildException("The Makefile prints when nothing is to be made: " + copy);
    }
    if (!counts[2].equals("0")) {
      log.accept(
          "PostgreSQL "
              + major
              + ": TAP_TESTS are not run, as they start servers of their own, without this"
              + " extension");
    }
    Path libraries = server.clientLibraries();
    String options =
        " --bindir="
            + (libraries == null ? "" : quoted(psql(folder)))
            + " $(pg_regress_locale_flags) $(EXTRA_REGRESS_OPTS)";
    String with = libraries == null ? "" : "env LD_LIBRARY_PATH=" + quoted(libraries) + " ";
    List<String> command =
        with(
            make(config),
            "installcheck",
            // a server that has what the extension needs runs what an installed one might not
            "NO_INSTALLCHECK=",
            "pg_regress_installcheck="
                + with
                + quoted(server.testProgram("regress/pg_regress"))
                + " --inputdir=$(srcdir)"
                + options,
            "pg_isolation_regress_installcheck="
                + with
                + quoted(server.testProgram("isolation/pg_isolation_regress"))
                + " --inputdir=$(srcdir) --outputdir=output_iso"
                + options,
            "prove_installcheck=@:");
    Path said = folder.resolve("regress.log");
    ProcessBuilder builder =
        builder(command, copy).redirectErrorStream(true).redirectOutput(said.toFile());
    builder.environment().keySet().removeIf(variable -> variable.matches("PG[A-Z]+"));
    builder
        .environment()
        .putAll(
            Map.of(
                "PGHOST",
                "127.0.0.1",
                "PGPORT",
                Integer.toString(server.port()),
                "PGUSER",
                "postgres",
                "PGPASSWORD",
                server.password()));
    // of an earlier run
    for (String file : DIFFERENCES) {
      Files.deleteIfExists(copy.resolve(file));
    }
    if (waitFor(builder.start()) != 0) {
      throw new BuildException(
          "Tests failed for PostgreSQL "
              + major
              + "; "
              + said
              + " ends with:\n"
              + end(said)
              + differences(copy));
    }
    log.accept(
        "PostgreSQL "
            + major
            + ": "
            + counts[0]
            + " regression tests and "
            + counts[1]
            + " isolation tests passed");
  }

  /**
   * Returns the folder of a psql that does not get the server's libpq, as it may need a later one.
   */
  private Path psql(Path folder) throws IOException {
    Path programs = Files.createDirectories(folder.resolve("programs"));
    Path psql = programs.resolve("psql");
    Files.writeString(
        psql,
        "#!/bin/sh\nLD_LIBRARY_PATH='%s' exec psql \"$@\"\n"
            .formatted(environment.getOrDefault("LD_LIBRARY_PATH", "")));
    Files.setPosixFilePermissions(psql, PosixFilePermissions.fromString("rwxr-xr-x"));
    return programs;
  }

  /** Returns a path for a variable of make, which a shell reads. */
  private static String quoted(Path path) {
    return "'" + path.toString().replace("$", "$$") + "'";
  }

  /** Returns the beginning of what differs from the answers that were expected. */
  private static String differences(Path copy) throws IOException {
    var differences = new StringBuilder();
    for (String file : DIFFERENCES) {
      Path path = copy.resolve(file);
      if (Files.exists(path)) {
        differences.append('\n').append(path).append(" begins with:\n");
        lines(path).stream()
            .limit(LINES_SHOWN)
            .forEach(line -> differences.append(line).append('\n'));
      }
    }
    return differences.toString();
  }

  private static List<String> with(List<String> command, String... more) {
    return Stream.concat(command.stream(), Stream.of(more)).toList();
  }

  private void make(int major, Path folder, List<String> command)
      throws IOException, BuildException {
    Path file = Objects.requireNonNull(folder.getParent()).resolve("make.log");
    int status = run(command, folder, ProcessBuilder.Redirect.appendTo(file.toFile()));
    if (status != 0) {
      throw new BuildException(
          "make failed for PostgreSQL " + major + "; " + file + " ends with:\n" + end(file));
    }
  }

  private static String end(Path file) throws IOException {
    List<String> lines = lines(file);
    return String.join("\n", lines.subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size()));
  }

  private static List<String> lines(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList();
  }

  private void requireTools() throws IOException, BuildException {
    if (!System.getProperty("os.name").equals("Linux")) {
      throw new BuildException(
          "Extensions are built on Linux: use a container or a virtual machine.");
    }
    List<String> missing = TOOLS.stream().filter(tool -> !isOnPath(tool)).toList();
    if (!missing.isEmpty()) {
      throw new BuildException(
          "Not on the path: "
              + String.join(", ", missing)
              + ". Remedy: install them, as with: sudo apt-get install bash gcc libc6-dev make");
    }
    // gcc does not depend on the C library's headers
    if (run(
            List.of("gcc", "-E", "-include", "stdio.h", "-x", "c", "/dev/null"),
            Files.createDirectories(target),
            ProcessBuilder.Redirect.DISCARD)
        != 0) {
      throw new BuildException(
          "The headers of the C library are missing. Remedy: install them, as with: sudo apt-get"
              + " install libc6-dev");
    }
  }

  private boolean isOnPath(String tool) {
    return Stream.of(environment.getOrDefault("PATH", "").split(File.pathSeparator, -1))
        // without a locale, not every folder has a name as a Path
        .anyMatch(folder -> new File(folder, tool).canExecute());
  }

  /** Returns the path of a pg_config of the major. */
  private Path pgConfig(int major, Consumer<String> log) throws IOException, BuildException {
    Path folder = Files.createDirectories(target.resolve("scripts"));
    for (String script : SCRIPTS) {
      try (InputStream in =
          Objects.requireNonNull(Pgxs.class.getResourceAsStream(script), script)) {
        Files.copy(in, folder.resolve(script), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    Path said = folder.resolve("said-" + major);
    Path errors = folder.resolve("errors-" + major);
    int status =
        waitFor(
            builder(List.of("bash", SCRIPTS.get(0), Integer.toString(major)), folder)
                .redirectOutput(said.toFile())
                .redirectError(errors.toFile())
                .start());
    String words = Files.readString(errors).strip();
    if (status != 0) {
      throw new BuildException(words.isEmpty() ? "headers.sh ended with status " + status : words);
    }
    words.lines().forEach(log);
    return Path.of(Files.readString(said).strip());
  }

  private String ask(Path config, String option) throws IOException, BuildException {
    return answer(List.of(config.toString(), option), target);
  }

  /** Returns what a program prints. */
  private String answer(List<String> command, Path folder) throws IOException, BuildException {
    Process process =
        builder(command, folder).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status = waitFor(process);
    if (status != 0) {
      throw new BuildException(String.join(" ", command) + " ended with status " + status);
    }
    return answer.strip();
  }

  private int run(List<String> command, Path folder, ProcessBuilder.Redirect output)
      throws IOException, BuildException {
    return waitFor(
        builder(command, folder).redirectErrorStream(true).redirectOutput(output).start());
  }

  private ProcessBuilder builder(List<String> command, Path folder) {
    var builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.environment().keySet().removeIf(variable -> NOT_FOR_MAKE.matcher(variable).matches());
    return builder;
  }

  private static int waitFor(Process process) throws BuildException {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      process.descendants().forEach(ProcessHandle::destroy);
      process.destroy();
      Thread.currentThread().interrupt();
      throw new BuildException("interrupted");
    }
  }

  /** Returns a digest of all that a library is made of. */
  private String digest(Path config) throws IOException, BuildException {
    MessageDigest digest = Sha256.digest();
    update(digest, options + "\n" + config + "\n" + ask(config, "--version"));
    for (Path file : sources()) {
      update(digest, source.relativize(file).toString());
      digest.update(Files.isRegularFile(file) ? Files.readAllBytes(file) : new byte[0]);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void update(MessageDigest digest, String text) {
    digest.update((text + "\0").getBytes(StandardCharsets.UTF_8));
  }

  /** Returns the files of the sources, without what was built, and what begins with a dot. */
  private List<Path> sources() throws IOException {
    var files = new ArrayList<Path>();
    Path built = Objects.requireNonNull(target.getParent());
    Files.walkFileTree(
        source,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return folder.equals(built)
                    || folder.equals(target)
                    || (!folder.equals(source) && name(folder).startsWith("."))
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (!BUILT.contains(name(file).substring(name(file).lastIndexOf('.') + 1))) {
              files.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    files.sort(Comparator.naturalOrder());
    return files;
  }

  private static String name(Path file) {
    return Objects.requireNonNull(file.getFileName()).toString();
  }

  /** Deletes a folder with all in it, if there is one. */
  static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        files
            .sorted(Comparator.reverseOrder())
            .forEach(
                file -> {
                  try {
                    Files.delete(file);
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
      }
    }
  }
}
