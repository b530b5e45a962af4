// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An installed PostgreSQL server.
 *
 * @param tree the file tree of the server
 * @param program the program {@code postgres}
 * @param file the parsed headers of the program
 * @param version the version, for example {@code 17.11}
 * @param platform the platform of the program, not of this JVM, for example {@code linux-amd64}
 * @param libraries the directory of libraries ({@code pg_config --pkglibdir})
 * @param shared the directory of shared files ({@code pg_config --sharedir})
 */
record Server(
    FileTree tree,
    Path program,
    NativeFile file,
    String version,
    String platform,
    Path libraries,
    Path shared) {
  private static final String PROGRAM = "postgres";
  private static final Pattern VERSION =
      Pattern.compile("\\(PostgreSQL\\) (\\d{1,4}(?:\\.\\d{1,4}|devel|beta\\d+|rc\\d+))(?!\\d)");

  private static final Pattern NUMBERS = Pattern.compile("\\d{1,6}(?:\\.\\d{1,6})*");

  /**
   * The usual program directories of servers. Each entry contains a directory, a prefix of the
   * names of its subdirectories, and the rest of the path to the programs.
   */
  private static final List<List<String>> USUAL =
      List.of(
          List.of("usr/lib/postgresql", "", "bin"),
          List.of("usr/lib", "postgresql", "bin"),
          List.of("usr/libexec", "postgresql", ""),
          List.of("usr", "pgsql-", "bin"),
          List.of("usr/local/pgsql", "bin", ""),
          List.of("usr/local", "bin", ""),
          List.of("usr", "bin", ""),
          // Homebrew on Apple and Intel processors, Postgres.app, and EDB's installer
          List.of("opt/homebrew/opt", "postgresql", "bin"),
          List.of("usr/local/opt", "postgresql", "bin"),
          List.of("Applications/Postgres.app/Contents/Versions", "", "bin"),
          List.of("Library/PostgreSQL", "", "bin"));

  /** The default directories of the dynamic loader. */
  private static final List<String> LIBRARY_FOLDERS =
      List.of("lib", "lib64", "usr/lib", "usr/lib64", "usr/local/lib");

  /** The names of libraries that are part of musl's dynamic loader, so that no files are needed. */
  private static final Pattern OF_MUSL = Pattern.compile("lib(?:c|pthread|rt|m|dl|util|xnet)\\..*");

  /** Returns the major version, for example 17. */
  int major() {
    return major(version);
  }

  private static int major(String version) {
    return Integer.parseInt(version.replaceFirst("\\D.*", ""));
  }

  /** Returns the directory of control files and scripts. */
  Path scripts() {
    return shared.resolve("extension");
  }

  @Override
  public String toString() {
    return "PostgreSQL " + version + " (" + platform + ", " + program + ")";
  }

  /** Finds the servers in a tree by their program directories. */
  static List<Server> find(FileTree tree) throws IOException, RefusedException {
    var programs = new LinkedHashSet<Path>();
    String path = System.getenv("PATH");
    if (tree.isThisMachine() && path != null) {
      for (String folder : path.split(":", -1)) {
        if (folder.startsWith("/")) {
          addProgram(tree, Path.of(folder), programs);
        }
      }
    }
    for (List<String> usual : USUAL) {
      Path folder = tree.resolve(Path.of(usual.get(0)));
      if (Files.isDirectory(folder)) {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, usual.get(1) + "*")) {
          for (Path each : found) {
            addProgram(tree, tree.inside(each).resolve(usual.get(2)), programs);
          }
        }
      }
    }
    var servers = new ArrayList<Server>();
    RefusedException unusable = null;
    for (Path program : programs.stream().sorted().toList()) {
      try {
        servers.add(of(tree, program, null));
      } catch (RefusedException e) {
        unusable = e;
      }
    }
    if (servers.isEmpty() && unusable != null) {
      throw unusable;
    }
    return servers;
  }

  private static void addProgram(FileTree tree, Path folder, Set<Path> programs)
      throws IOException, RefusedException {
    Path program = tree.resolve(folder.resolve(PROGRAM));
    if (Files.isRegularFile(program)) {
      programs.add(program);
    }
  }

  /**
   * Returns the server that has its programs in the given directory.
   *
   * @param folder the directory, or the parent of a directory {@code bin}
   */
  static Server in(FileTree tree, Path folder) throws IOException, RefusedException {
    for (Path each : List.of(folder, folder.resolve("bin"))) {
      Path program = tree.resolve(each.resolve(PROGRAM));
      if (Files.isRegularFile(program)) {
        return of(tree, program, null);
      }
    }
    throw new RefusedException(
        "There is no server in "
            + folder
            + ": it does not contain the program postgres. Pass the directory of the server's"
            + " programs, e.g. --bindir /usr/lib/postgresql/17/bin.");
  }

  /** Returns the server that {@code pg_config} describes. Runs pg_config. */
  static Server of(FileTree tree, Path config) throws IOException, RefusedException {
    Path folder = Path.of(query(config, "--bindir"));
    Path program = tree.resolve(folder.resolve(PROGRAM));
    if (!Files.isRegularFile(program)) {
      throw new RefusedException(
          config
              + " belongs to a client installation: there is no server in "
              + folder
              + ". Pass the pg_config of a server.");
    }
    return of(tree, program, config);
  }

  private static Server of(FileTree tree, Path program, @Nullable Path config)
      throws IOException, RefusedException {
    byte[] content = Files.readAllBytes(program);
    NativeFile file;
    try {
      file = NativeFileReader.read(content);
    } catch (IOException e) {
      throw new RefusedException(
          program + " is not a 64-bit program for Linux or macOS (" + e.getMessage() + ").");
    }
    if (file instanceof PeFile) {
      throw new RefusedException(program + " is for Windows. " + Installer.NOT_ON_WINDOWS);
    }
    String platform = platform(file.platforms(), System.getProperty("os.arch"));
    Matcher version = VERSION.matcher(new String(content, StandardCharsets.ISO_8859_1));
    if (!version.find()) {
      throw new RefusedException(program + " does not report a PostgreSQL version.");
    }
    int major = major(version.group(1));
    Path libraries;
    Path shared;
    if (config != null) {
      libraries = tree.resolve(Path.of(query(config, "--pkglibdir")));
      shared = tree.resolve(Path.of(query(config, "--sharedir")));
    } else {
      libraries =
          directory(tree, program, "lib", PackedExtension.libraryFile("plpgsql", platform, major));
      shared = directory(tree, program, "share", "extension/plpgsql.control");
    }
    return new Server(tree, program, file, version.group(1), platform, libraries, shared);
  }

  /**
   * Returns the platform that a server runs on. A universal macOS server runs with this machine's
   * processor architecture.
   *
   * @param architecture this JVM's {@code os.arch}
   */
  static String platform(Set<String> platforms, String architecture) {
    String own = architecture.equals("aarch64") ? "-arm64" : "-amd64";
    return platforms.stream()
        .filter(platform -> platform.endsWith(own))
        .findFirst()
        .orElseGet(() -> platforms.iterator().next());
  }

  /**
   * Returns the directory of the given kind (e.g. {@code share}) that belongs to a program.
   * Searches the usual directories for the one that contains the given file.
   */
  private static Path directory(FileTree tree, Path program, String kind, String file)
      throws IOException, RefusedException {
    Path bin = parent(tree.inside(program));
    Path prefix = parent(bin);
    Path above = parent(parent(prefix));
    var folders = new ArrayList<Path>();
    if (name(above).equals("Cellar")) {
      // Homebrew's server uses this directory, not the one next to Cellar/postgresql@17/17.5/bin
      folders.add(parent(above).resolve(kind).resolve(name(parent(prefix))));
    }
    folders.addAll(
        List.of(
            prefix.resolve(kind).resolve("postgresql"),
            prefix.resolve(kind),
            prefix.resolve(kind).resolve("pgsql"),
            prefix.resolve(kind + "64").resolve("pgsql"),
            prefix.resolve(kind + "64"),
            // Debian's /usr/lib/postgresql/17/bin, SUSE's /usr/lib/postgresql17/bin
            parent(above).resolve(kind).resolve("postgresql").resolve(name(prefix)),
            above.resolve(kind).resolve(name(prefix)),
            // Alpine's /usr/libexec/postgresql17
            parent(prefix).resolve(kind).resolve(name(bin))));
    for (Path folder : folders) {
      Path found = tree.resolve(folder);
      if (Files.isRegularFile(tree.resolve(tree.inside(found).resolve(file)))) {
        return found;
      }
    }
    throw new RefusedException(
        "No directory with "
            + file
            + " was found for "
            + program
            + ". Pass the server's pg_config with --pg-config.");
  }

  private static Path parent(Path path) {
    Path parent = path.getParent();
    return parent == null ? path : parent;
  }

  private static String name(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString();
  }

  private static String query(Path config, String option) throws IOException, RefusedException {
    Process process;
    try {
      process =
          new ProcessBuilder(config.toString(), option)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      throw new RefusedException(
          config + " cannot be run: " + e.getMessage() + ". Pass --bindir instead.");
    }
    process.getOutputStream().close();
    try (InputStream out = process.getInputStream()) {
      var answer = new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
      if (process.waitFor() != 0 || !answer.startsWith("/")) {
        throw new RefusedException(
            config + " " + option + " did not print a directory. Pass --bindir instead.");
      }
      return answer;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RefusedException("interrupted");
    }
  }

  /**
   * Returns the version of the GNU C library in the tree or, for a macOS server, of macOS. Empty if
   * the version is unknown, e.g. if a macOS server is in the tree of another machine.
   */
  Optional<String> systemVersion() throws IOException, RefusedException {
    if (file instanceof ElfFile) {
      return library("libc.so.6").flatMap(ElfFile::newestDefined);
    }
    return tree.isThisMachine()
        ? Optional.of(System.getProperty("os.version")).filter(NUMBERS.asMatchPredicate())
        : Optional.empty();
  }

  /** Returns whether the dynamic loader finds a library, as far as this program can determine. */
  boolean hasLibrary(String name) throws IOException, RefusedException {
    if (file instanceof ElfFile) {
      return name.startsWith("ld-")
          || (platform.endsWith("-musl") && OF_MUSL.matcher(name).matches())
          || library(name).isPresent();
    }
    // macOS has its own libraries in a cache, not in files
    return !name.startsWith("/")
        || name.startsWith("/usr/lib/")
        || name.startsWith("/System/")
        || Files.isRegularFile(tree.resolve(Path.of(name)));
  }

  /** Returns a library that the dynamic loader finds, as far as this program can determine. */
  Optional<ElfFile> library(String name) throws IOException, RefusedException {
    var folders = new ArrayList<Path>(List.of(tree.inside(libraries)));
    folders.add(parent(tree.inside(libraries)));
    String triplet =
        switch (platform) {
          case "linux-amd64" -> "x86_64-linux-gnu";
          case "linux-arm64" -> "aarch64-linux-gnu";
          case "linux-riscv64" -> "riscv64-linux-gnu";
          case "linux-s390x" -> "s390x-linux-gnu";
          default -> "";
        };
    for (String folder : LIBRARY_FOLDERS) {
      folders.add(Path.of(folder).resolve(triplet));
      folders.add(Path.of(folder));
    }
    for (Path folder : folders) {
      Path file = tree.resolve(folder.resolve(name));
      if (Files.isRegularFile(file)) {
        Optional<ElfFile> found = forThisMachine(Files.readAllBytes(file));
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Returns a library if it was built for the server's platform. A machine may also have 32-bit
   * libraries and libraries for other processor architectures.
   */
  private Optional<ElfFile> forThisMachine(byte[] content) {
    try {
      ElfFile library = ElfFile.read(content);
      return Optional.of(library)
          .filter(found -> platform.replace("-musl", "").equals("linux-" + found.machine()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
