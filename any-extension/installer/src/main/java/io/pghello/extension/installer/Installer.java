// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Installs an extension from a jar on a PostgreSQL server. Programs call {@code run} with a {@link
 * Request}; {@code java -jar} calls {@code main}.
 *
 * <pre>{@code
 * var request = new Installer.Request(Installer.Action.CHECK, null, null, null, null, false);
 * int status = Installer.run(jar, request, System.out::println);
 * }</pre>
 *
 * <ul>
 *   <li>Each file is written next to its final path and then renamed. The control file is renamed
 *       last.
 *   <li>On failure, the changes are undone as far as possible.
 *   <li>A list next to the control file records the written files, so that files of other programs
 *       are never replaced or removed.
 * </ul>
 *
 * <p>Thread-safe. Only one thread at a time can perform an action, and only one process at a time
 * can change a server. Other threads and processes wait.
 */
public final class Installer {
  /** The exit status if everything is in the requested state. */
  public static final int OK = 0;

  /**
   * The exit status if {@code check} finds missing or different files, a needed shared library is
   * missing, or {@code uninstall} kept a file.
   */
  public static final int WARNING = 1;

  /** The exit status if the action failed, and its changes were undone as far as possible. */
  public static final int FAILED = 2;

  /**
   * The exit status if the action was not performed. Nothing was changed, and the reason was
   * reported.
   */
  public static final int REFUSED = 3;

  private static final String USAGE =
      """
      Usage: java -jar JAR check|install|uninstall [OPTION]...
      Installs the PostgreSQL extension in this jar on a server on this machine.

        check      show the state of each file of the extension on the server
        install    write missing files, and replace older ones
        uninstall  remove the files that install has written

        --pg-config PROGRAM  pg_config of the server; the installer runs this program
        --bindir FOLDER      directory of the server's programs, e.g. /usr/lib/postgresql/17/bin
        --root FOLDER        root directory of another machine's files, e.g. of a container image;
                             do not use it as root on a running container, because the container
                             could redirect writes with links
        --name EXTENSION     name of the extension; needed only if the jar contains several
        --dry-run            show the changes without making them
        --help               show this text

      Without --pg-config and --bindir, the installer searches the PATH and the usual directories.
      Exit status: 0 success; 1 check finds missing or different files, a needed shared library is
      missing, or uninstall kept a file; 2 the action failed and was undone; 3 nothing was changed,
      because the action was refused or the command line is wrong.
      """;

  static final String NOT_ON_WINDOWS =
      "The installer does not work on Windows: copy the files of the jar into the server's folders"
          + " lib (libraries) and share\\extension (control file and scripts).";

  // terminal control characters and right-to-left overrides
  private static final Pattern CONTROL =
      Pattern.compile("[\\p{Cntrl}\\x80-\\x9f\\u2028-\\u202e\\u2066-\\u2069]");

  private static final Pattern DESCRIPTOR =
      Pattern.compile(
          Pattern.quote(PackedExtension.DESCRIPTORS) + "([A-Za-z0-9_][A-Za-z0-9_-]*)\\.properties");

  /** The action to perform. */
  public enum Action {
    /** Reports which of the extension's files the server has. */
    CHECK,
    /** Writes missing files, and replaces older ones. */
    INSTALL,
    /** Removes the installed files. */
    UNINSTALL
  }

  /**
   * An action, and the server on which to perform it.
   *
   * @param name the name of the extension; null for the only extension in the jar
   * @param pgConfig the {@code pg_config} of the server; null to search for a server
   * @param bindir the directory of the server's programs; null to search for a server
   * @param root the root directory of another machine's files; null for this machine
   * @param dryRun whether to report the changes without making them
   */
  public record Request(
      Action action,
      @Nullable String name,
      @Nullable Path pgConfig,
      @Nullable Path bindir,
      @Nullable Path root,
      boolean dryRun) {}

  private Installer() {}

  /**
   * Runs the installer for {@code java -jar}, and ends the JVM with an exit status.
   *
   * @param jar the jar of the extension
   * @param arguments the arguments that {@code --help} describes
   */
  public static void main(File jar, String[] arguments) {
    System.exit(run(jar.toPath(), List.of(arguments), System.out::println, System.err::println));
  }

  /** Runs the installer, and returns the exit status. */
  static int run(Path jar, List<String> arguments, Consumer<String> out, Consumer<String> err) {
    try {
      if (arguments.contains("--help")) {
        out.accept(USAGE.strip());
        return OK;
      }
      return run(jar, request(arguments), line -> out.accept(printable(line)));
    } catch (RefusedException e) {
      err.accept("pg-extension: " + printable(String.valueOf(e.getMessage())));
      return REFUSED;
    } catch (IOException | RuntimeException e) {
      err.accept("pg-extension: " + printable(failure(e)));
      return FAILED;
    }
  }

  /**
   * Replaces control characters. File names in an untrusted jar may contain terminal escape
   * sequences.
   */
  private static String printable(String text) {
    return CONTROL.matcher(text).replaceAll("?");
  }

  /** Returns the message of a failure. */
  public static String failure(Exception e) {
    String reason = String.valueOf(e.getMessage());
    if (e instanceof FileSystemException file && file.getReason() != null) {
      reason = file.getFile() + ": " + file.getReason();
    } else if (e instanceof FileSystemException || e.getMessage() == null) {
      reason = e.toString();
    }
    if (e instanceof Changes.UnfinishedException) {
      return "the changes are complete, but the cleanup failed: "
          + reason
          + "; run the same command again";
    }
    return "failed, and "
        + (e.getSuppressed().length == 0
            ? "all changes were rolled back: " + reason
            : "some changes could not be rolled back ("
                + e.getSuppressed()[0]
                + "): "
                + reason
                + "; run the same command again");
  }

  private static Request request(List<String> arguments) throws RefusedException {
    Action action = null;
    String name = null;
    Path pgConfig = null;
    Path bindir = null;
    Path root = null;
    boolean dryRun = false;
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      switch (argument) {
        case "check" -> action = Action.CHECK;
        case "install" -> action = Action.INSTALL;
        case "uninstall" -> action = Action.UNINSTALL;
        case "--dry-run" -> dryRun = true;
        case "--name" -> name = value(arguments, ++i);
        case "--pg-config" -> pgConfig = Path.of(value(arguments, ++i));
        case "--bindir" -> bindir = Path.of(value(arguments, ++i));
        case "--root" -> root = Path.of(value(arguments, ++i));
        default -> throw new RefusedException("Unknown argument: " + argument + "; see --help.");
      }
    }
    if (action == null) {
      throw new RefusedException("check, install or uninstall is missing; see --help.");
    }
    return new Request(action, name, pgConfig, bindir, root, dryRun);
  }

  private static String value(List<String> arguments, int index) throws RefusedException {
    if (index >= arguments.size()) {
      throw new RefusedException(arguments.get(index - 1) + " requires a value; see --help.");
    }
    return arguments.get(index);
  }

  /**
   * Performs an action, and reports the changes.
   *
   * @param jar the jar of the extension
   * @param out a consumer that receives the lines of the output
   * @return the exit status
   * @throws RefusedException if the action cannot be performed; nothing was changed
   * @throws IOException if the action failed and its changes were undone as far as possible, or if
   *     only the cleanup failed
   */
  public static synchronized int run(Path jar, Request request, Consumer<String> out)
      throws IOException, RefusedException {
    requirePosix(FileSystems.getDefault().supportedFileAttributeViews());
    try (JarFile file = open(jar)) {
      PackedExtension extension = extension(file, request.name());
      Server server = server(request);
      out.accept(server.toString());
      return switch (request.action()) {
        case CHECK -> check(new InstallPlan(extension, server), out);
        case INSTALL -> install(extension, server, request.dryRun(), out);
        case UNINSTALL -> uninstall(extension.name(), server, request.dryRun(), out);
      };
    } catch (OutOfMemoryError e) {
      // there is no limit on the size of a file
      throw new IOException(
          "a file needs more memory than is available ("
              + e.getMessage()
              + "): run java with more memory, e.g. -Xmx2g",
          e);
    }
  }

  /** Rejects Windows, because its files have no POSIX permissions. */
  static void requirePosix(Set<String> fileAttributeViews) throws RefusedException {
    if (!fileAttributeViews.contains("posix")) {
      throw new RefusedException(NOT_ON_WINDOWS);
    }
  }

  private static JarFile open(Path jar) throws IOException, RefusedException {
    if (!jar.toFile().isFile()) {
      throw new RefusedException(jar + " is not a file.");
    }
    try {
      return new JarFile(jar.toFile());
    } catch (ZipException e) {
      throw new RefusedException(jar + " is not a jar: " + e.getMessage() + ".");
    }
  }

  private static int check(InstallPlan installation, Consumer<String> out)
      throws IOException, RefusedException {
    int missing = 0;
    Map<Path, InstallPlan.State> states = installation.states();
    for (Map.Entry<Path, InstallPlan.State> file : states.entrySet()) {
      InstallPlan.State state = file.getValue();
      missing += state == InstallPlan.State.SAME ? 0 : 1;
      out.accept(String.format("  %-8s %s", name(state), file.getKey()));
    }
    out.accept(
        missing == 0
            ? "All files are installed."
            : missing + " of " + states.size() + " files are missing or differ from the jar.");
    print(installation.notes(), out);
    return missing == 0 && installation.notes().isEmpty() ? OK : WARNING;
  }

  private static String name(InstallPlan.State state) {
    return switch (state) {
      case MISSING -> "missing";
      case SAME -> "same";
      case OLDER -> "older";
      case FOREIGN -> "foreign";
    };
  }

  private static int install(
      PackedExtension extension, Server server, boolean dryRun, Consumer<String> out)
      throws IOException, RefusedException {
    var installation = new InstallPlan(extension, server);
    List<Path> written = installation.install(dryRun, file -> {}, out);
    list(written, dryRun ? "would write" : "wrote", out);
    if (written.isEmpty()) {
      out.accept("Nothing to do: all files are installed.");
    } else if (!dryRun) {
      String name =
          extension.name().matches("[a-z_][a-z0-9_]*")
              ? extension.name()
              : "\"" + extension.name() + "\"";
      out.accept(
          "Next, run in each database: CREATE EXTENSION "
              + name
              + "; or, if it exists there, ALTER EXTENSION "
              + name
              + " UPDATE. Sessions that have already loaded an older library continue to use it.");
    }
    print(remarks(extension), out);
    print(installation.notes(), out);
    return installation.notes().isEmpty() ? OK : WARNING;
  }

  /** Returns further steps that the server requires. */
  private static List<String> remarks(PackedExtension extension) {
    var remarks = new ArrayList<String>();
    if (!extension.preload().isEmpty()) {
      remarks.add(
          "The server must load the library at startup: add "
              + String.join(",", extension.preload())
              + " to shared_preload_libraries, and restart the server.");
    }
    extension
        .settings()
        .forEach(
            (name, value) -> remarks.add("The server needs the setting " + name + " = " + value));
    return remarks;
  }

  private static int uninstall(
      String extension, Server server, boolean dryRun, Consumer<String> out)
      throws IOException, RefusedException {
    InstallPlan.Removed removed = InstallPlan.uninstall(server, extension, dryRun, file -> {}, out);
    list(removed.files(), dryRun ? "would remove" : "removed", out);
    list(removed.kept(), "kept, because it was changed after the installation:", out);
    if (removed.files().isEmpty() && removed.kept().isEmpty()) {
      out.accept("Nothing to do: " + extension + " was not installed by this program.");
    } else {
      out.accept(
          "The installer does not know which databases have the extension. "
              + (dryRun
                  ? "Drop it in these databases first (DROP EXTENSION), or its functions will fail."
                  : "In databases from which it was not dropped first (DROP EXTENSION), its"
                      + " functions now fail."));
    }
    return removed.kept().isEmpty() ? OK : WARNING;
  }

  private static void list(List<Path> files, String what, Consumer<String> out) {
    files.forEach(file -> out.accept("  " + what + " " + file));
  }

  private static void print(List<String> notes, Consumer<String> out) {
    notes.forEach(out);
  }

  private static Server server(Request request) throws IOException, RefusedException {
    FileTree tree = FileTree.of(request.root() == null ? Path.of("/") : request.root());
    if (request.pgConfig() != null) {
      if (!tree.isThisMachine() || request.bindir() != null) {
        throw new RefusedException(
            "--pg-config cannot be combined with --bindir or another machine's --root: use"
                + " --bindir.");
      }
      return Server.of(tree, request.pgConfig());
    }
    if (request.bindir() != null) {
      return Server.in(
          tree, tree.isThisMachine() ? request.bindir().toAbsolutePath() : request.bindir());
    }
    List<Server> servers = Server.find(tree);
    if (servers.size() == 1) {
      return servers.get(0);
    }
    if (servers.isEmpty()) {
      throw new RefusedException(
          "No PostgreSQL server was found. Remedy: pass the directory of its programs with"
              + " --bindir, or its pg_config with --pg-config.");
    }
    throw new RefusedException(
        "There are "
            + servers.size()
            + " servers; name one with --bindir: "
            + String.join(
                ", ", servers.stream().map(server -> directory(tree, server).toString()).toList())
            + ".");
  }

  private static Path directory(FileTree tree, Server server) {
    Path program = tree.inside(server.program());
    Path folder = program.getParent();
    return folder == null ? program : folder;
  }

  static PackedExtension extension(JarFile jar, @Nullable String name)
      throws IOException, RefusedException {
    List<String> names =
        jar.stream()
            .map(JarEntry::getName)
            .map(DESCRIPTOR::matcher)
            .filter(Matcher::matches)
            .map(matcher -> matcher.group(1))
            .filter(each -> name == null || name.equals(each))
            // a jar may list a file twice
            .distinct()
            .sorted()
            .toList();
    if (names.size() != 1) {
      throw new RefusedException(
          jar.getName()
              + (names.isEmpty()
                  ? " has no extension"
                      + (name == null ? "" : " " + name)
                      + ". Pass the jar of an extension, built by pg-extension-maven-plugin."
                  : " has several extensions; name one with --name: " + String.join(", ", names)));
    }
    String only = names.get(0);
    String descriptor = PackedExtension.DESCRIPTORS + only + ".properties";
    var resources = new InJar(jar);
    try (InputStream in = resources.open(descriptor)) {
      if (in == null) {
        throw new RefusedException(jar.getName() + " has no " + descriptor + ".");
      }
      return new PackedExtension(only, descriptor, in, resources);
    } catch (IllegalStateException e) {
      // the descriptor is invalid
      throw new RefusedException(String.valueOf(e.getMessage()));
    }
  }

  private record InJar(JarFile jar) implements PackedExtension.Resources {
    @Override
    public @Nullable InputStream open(String name) throws IOException {
      JarEntry entry = jar.getJarEntry(name);
      return entry == null ? null : jar.getInputStream(entry);
    }

    @Override
    public String place() {
      return "in " + jar.getName();
    }
  }
}
