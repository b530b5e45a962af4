// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Finds installed servers by their {@code pg_config} on the PATH and in the usual directories. */
final class InstalledServers {
  private static final String CONFIG = "pg_config";

  /** Parent directories, and patterns for subdirectories that contain {@code bin}. */
  private static final List<List<String>> USUAL =
      List.of(
          // Debian, and the PostgreSQL project's packages for Red Hat
          List.of("usr/lib/postgresql", "*"),
          List.of("usr", "pgsql-*"),
          List.of("usr/local", "pgsql*"),
          // Homebrew on Apple and Intel processors; Postgres.app
          List.of("opt/homebrew/opt", "postgresql*"),
          List.of("usr/local/opt", "postgresql*"),
          List.of("Applications/Postgres.app/Contents/Versions", "*"),
          // EDB installers
          List.of("Library/PostgreSQL", "*"),
          List.of("Program Files/PostgreSQL", "*"));

  private InstalledServers() {}

  /**
   * Finds a server on this machine.
   *
   * @param which a major version; the path of a {@code pg_config} or of its directory; or {@link
   *     ServerLocation#LOCAL}, which selects the first server on the {@code PATH} or, if the {@code
   *     PATH} contains none, the newest server in the usual directories
   * @throws IllegalStateException if no usable server is found; the message contains the reason
   */
  static InstalledDistribution find(String which) throws IOException {
    String drive = System.getenv("SystemDrive");
    String path = System.getenv("PATH");
    return find(
        which,
        directories(path == null ? "" : path),
        Path.of(drive == null ? "/" : drive + File.separator).toAbsolutePath());
  }

  /** Returns the absolute directories in the value of a PATH variable. */
  static List<Path> directories(String path) {
    List<Path> folders = new ArrayList<>();
    for (String folder : path.split(File.pathSeparator, -1)) {
      // a relative entry depends on the working directory
      if (new File(folder).isAbsolute()) {
        try {
          folders.add(Path.of(folder));
        } catch (InvalidPathException e) {
          // without a UTF-8 locale, names with non-ASCII letters are not valid paths
        }
      }
    }
    return folders;
  }

  /**
   * Finds a server.
   *
   * @param path the directories of the PATH variable, which are searched first
   * @param root the root directory, to which the usual directories are relative
   */
  static InstalledDistribution find(String which, List<Path> path, Path root) throws IOException {
    if (!which.equals(ServerLocation.LOCAL) && !which.matches("\\d{1,4}")) {
      // use an absolute path: for a bare name, the system would search the PATH, and might run a
      // program that was not checked
      return at(Path.of(which).toAbsolutePath());
    }
    var refused = new LinkedHashSet<String>();
    Optional<InstalledDistribution> first = in(path, which, refused).findFirst();
    return first.isPresent()
        ? first.get()
        : in(usual(root), which, refused)
            .max(Comparator.comparingInt(InstalledDistribution::major))
            .orElseThrow(() -> none(which, refused));
  }

  /**
   * Returns the usable servers that have a pg_config in these directories. Adds the reasons for
   * rejecting other servers to {@code refused}. The stream is lazy: a pg_config runs only when the
   * stream reaches its directory.
   */
  private static Stream<InstalledDistribution> in(
      List<Path> folders, String which, Set<String> refused) {
    return folders.stream()
        .flatMap(folder -> config(folder).stream())
        .flatMap(config -> wanted(config, which, refused).stream());
  }

  private static Optional<InstalledDistribution> wanted(
      Path config, String which, Set<String> refused) {
    try {
      InstalledDistribution server = InstalledDistribution.of(config);
      if (which.equals(ServerLocation.LOCAL) || which.equals(Integer.toString(server.major()))) {
        return Optional.of(server);
      }
      refused.add(config + " belongs to PostgreSQL " + server.major());
    } catch (IllegalStateException e) {
      refused.add(e.getMessage());
    }
    return Optional.empty();
  }

  private static IllegalStateException none(String which, Set<String> refused) {
    boolean any = which.equals(ServerLocation.LOCAL);
    return new IllegalStateException(
        "There is no usable installed PostgreSQL"
            + (any ? "" : " " + which)
            + ". The testkit searched the PATH and the directories of Debian, Red Hat,"
            + " Homebrew, Postgres.app and the EDB installers for pg_config."
            + (refused.isEmpty() ? "" : " Rejected: " + String.join("; ", refused) + ".")
            + " Install a server (sudo apt-get install postgresql"
            + (any ? "" : "-" + which)
            + ", brew install postgresql@"
            + (any ? "18" : which)
            + "), or set the path of a pg_config: local:/DIRECTORY/bin/pg_config.");
  }

  private static InstalledDistribution at(Path path) {
    Optional<Path> config =
        Files.isRegularFile(path)
            ? Optional.of(path)
            : config(path).or(() -> config(path.resolve("bin")));
    return InstalledDistribution.of(
        config.orElseThrow(
            () ->
                new IllegalStateException(
                    "There is no pg_config at "
                        + path
                        + ". Set local:MAJOR, e.g. local:17, or local:PATH with the path of a"
                        + " pg_config or its directory.")));
  }

  private static Optional<Path> config(Path folder) {
    return InstalledDistribution.program(folder, CONFIG);
  }

  private static List<Path> usual(Path root) throws IOException {
    var folders = new ArrayList<Path>();
    // on Windows, search only the last entry, because any user can create the directories of the
    // other entries in the root of a drive
    for (List<String> each :
        Platform.POSIX ? USUAL : USUAL.subList(USUAL.size() - 1, USUAL.size())) {
      Path parent = root.resolve(each.get(0));
      if (Files.isDirectory(parent)) {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(parent, each.get(1))) {
          found.forEach(folder -> folders.add(folder.resolve("bin")));
        }
      }
    }
    return folders;
  }
}
