// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

import io.pghello.extension.installer.NativeFile;
import io.pghello.extension.installer.NativeFileReader;
import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.internal.cache.OwnFiles;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.cache.Sha256;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An installed PostgreSQL, as reported by its {@code pg_config}. The testkit does not write to the
 * installation's directories. PostgreSQL 18 and later can load extensions from directories that a
 * setting specifies. Older servers look for an extension's files at paths relative to the server
 * program. For these servers, the testkit creates a directory tree with copies of three programs
 * and with links to the libraries and shared files, and runs the copies.
 *
 * @param bin the directory of programs
 * @param libraries the directory of libraries
 * @param shared the directory of shared files
 * @param major the major version
 * @param inPlace whether the server runs from its own directories
 */
public record InstalledDistribution(
    Path bin, Path libraries, Path shared, int major, boolean inPlace)
    implements PostgresDistribution {
  /** The first version with {@code extension_control_path}. */
  private static final int FINDS_ELSEWHERE = 18;

  private static final List<String> PROGRAMS = List.of("postgres", "initdb", "pg_ctl");
  private static final String SCRIPTS = "extension";
  private static final int STICKY = 01000;
  private static final Duration ANSWER_TIME = Duration.ofSeconds(30);

  /** Installation prefixes that PostgreSQL shares with other programs. */
  private static final Set<String> OF_ALL = Set.of("", "usr", "usr/local", "opt/homebrew");

  /**
   * Matches the paths of extension files that PostgreSQL 18 and later can load from another
   * directory.
   */
  private static final Pattern FOUND =
      Pattern.compile(
          Pattern.quote(PackedExtension.SCRIPTS)
              + ".*|"
              + Pattern.quote(PackedExtension.LIBRARIES)
              + "[^/]*|"
              + Pattern.quote(PackedExtension.NEEDED)
              + ".*|"
              + Pattern.quote(PackedExtension.NEEDED_DATA)
              + ".*");

  /** Returns a program in a directory, which has another file name on Windows. */
  static Optional<Path> program(Path folder, String name) {
    return List.of(name, name + ".exe").stream()
        .map(folder::resolve)
        .filter(Files::isRegularFile)
        .findFirst();
  }

  /** Runs a {@code pg_config}, and returns the server that it belongs to. */
  static InstalledDistribution of(Path config) {
    try {
      return read(config);
    } catch (IOException e) {
      throw new IllegalStateException(config + " cannot be used: " + e, e);
    }
  }

  private static InstalledDistribution read(Path config) throws IOException {
    requireSafe(config);
    List<Path> said = query(config, ANSWER_TIME);
    Path bin = said.get(0);
    Path shared = said.get(2);
    for (String name : PROGRAMS) {
      Path program =
          program(bin, name)
              .orElseThrow(
                  () ->
                      new IllegalStateException(
                          config
                              + " does not belong to a server: there is no "
                              + name
                              + " in "
                              + bin
                              + ". Install the server's package (e.g. postgresql-17 on Debian), or set"
                              + " local:PATH with the pg_config of a complete server."));
      requireSafe(program);
      requirePlatform(program, Platform.ofThisJvm());
    }
    Path catalog = shared.resolve(CATALOG);
    // initdb runs a script from this directory as the new server's superuser
    Path scripts = shared.resolve(SCRIPTS);
    for (Path each : List.of(catalog, scripts, said.get(1))) {
      if (!Files.exists(each)) {
        throw new IllegalStateException(
            "the server of "
                + config
                + " is incomplete: there is no "
                + each
                + ". Install the server's package again.");
      }
      requireSafe(each);
    }
    int major;
    try (BufferedReader reader = Files.newBufferedReader(catalog, StandardCharsets.US_ASCII)) {
      major = PostgresDistribution.readMajor(reader);
    }
    if (major < OLDEST) {
      throw new IllegalStateException(
          config
              + " belongs to PostgreSQL "
              + major
              + ", but the testkit needs "
              + OLDEST
              + " or later");
    }
    return new InstalledDistribution(bin, said.get(1), shared, major, false);
  }

  /**
   * Runs a {@code pg_config}, and returns the directories of programs, libraries and shared files
   * that it prints.
   *
   * @param limit the timeout of the program
   */
  static List<Path> query(Path config, Duration limit) throws IOException {
    Process process =
        new ProcessBuilder(config.toString(), "--bindir", "--pkglibdir", "--sharedir")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    process.getOutputStream().close();
    if (!PostgresCommands.ends(process, limit)) {
      process.destroyForcibly();
      throw new IllegalStateException(
          config + " did not respond within " + limit.toSeconds() + " s");
    }
    var answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    List<Path> folders;
    try {
      folders = answer.lines().filter(line -> !line.isBlank()).map(Path::of).toList();
    } catch (InvalidPathException e) {
      folders = List.of();
    }
    if (process.exitValue() != 0
        || folders.size() != 3
        || !folders.stream().allMatch(Path::isAbsolute)) {
      throw new IllegalStateException(
          config + " does not print the directories of a server, but: " + answer.strip());
    }
    return folders;
  }

  /**
   * Rejects a file that all users could replace, because the testkit runs or loads the file with
   * this user's privileges. If this user is root, also rejects a file that is owned by another
   * user, or is in a directory that another user owns.
   */
  private static void requireSafe(Path file) throws IOException {
    requireSafe(file, OwnFiles.user());
  }

  /** Checks a file for the given user; see {@link #requireSafe(Path)}. */
  static void requireSafe(Path file, UserPrincipal user) throws IOException {
    for (Path start : List.of(file.toAbsolutePath().normalize(), file.toRealPath())) {
      Path child = null;
      for (Path each = start; Platform.POSIX && each != null; each = each.getParent()) {
        if (Files.getPosixFilePermissions(each).contains(PosixFilePermission.OTHERS_WRITE)
            && !(child != null && isSticky(each) && isTrusted(child, user))) {
          throw new IllegalStateException(
              file + " is not run, because all users may write to " + each + " (chmod o-w)");
        }
        if (OwnFiles.isRoot(user)) {
          requireRoots(each);
        }
        child = each;
      }
    }
  }

  /** Rejects a file if root would run it and another user owns it. */
  static void requireRoots(Path file) throws IOException {
    if ((int) Files.getAttribute(file, "unix:uid") != 0) {
      throw new IllegalStateException(
          file
              + " belongs to "
              + Files.getOwner(file)
              + ", who could replace it, so root does not run it: run the tests as that user");
    }
  }

  /** Returns whether a directory (e.g. /tmp) prevents users from replacing each other's files. */
  private static boolean isSticky(Path folder) throws IOException {
    return ((int) Files.getAttribute(folder, "unix:mode") & STICKY) != 0;
  }

  private static boolean isTrusted(Path file, UserPrincipal user) throws IOException {
    return (int) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS) == 0
        || Files.getOwner(file, LinkOption.NOFOLLOW_LINKS).equals(user);
  }

  /** Rejects a program that does not run on a platform. */
  static void requirePlatform(Path program, Platform platform) throws IOException {
    NativeFile file;
    try {
      file = NativeFileReader.read(Files.readAllBytes(program));
    } catch (IOException e) {
      throw new IllegalStateException(
          program + " is not a 64-bit program for Linux, macOS or Windows", e);
    }
    if (!file.platforms().contains(platform.name())) {
      throw new IllegalStateException(
          program
              + " was built for "
              + String.join(" and ", file.platforms())
              + ", but this machine is "
              + platform);
    }
  }

  /** Returns whether an extension is installed on this server. */
  public boolean hasExtension(String name) {
    return Files.exists(shared.resolve(SCRIPTS).resolve(name + ".control"));
  }

  @Override
  public Platform platform() {
    return Platform.ofThisJvm();
  }

  @Override
  public String identity() throws IOException {
    MessageDigest digest = Sha256.digest();
    Path program = program(bin, PROGRAMS.get(0)).orElseThrow();
    digest.update((this + " " + Files.size(program)).getBytes(StandardCharsets.UTF_8));
    // a directory's modification time changes when a file is added or removed
    for (Path each : List.of(program, libraries, shared.resolve(SCRIPTS))) {
      digest.update((" " + Files.getLastModifiedTime(each)).getBytes(StandardCharsets.UTF_8));
    }
    return Sha256.shortened(digest);
  }

  /**
   * Returns empty: extensions must not replace the C library, because installed servers were tested
   * only with the machine's C library.
   */
  @Override
  public Optional<String> replaceableGlibc() {
    return Optional.empty();
  }

  /**
   * Returns this server, configured for extensions with the given files. The server runs from its
   * own directories if it can load the files from another directory, and otherwise from a tree of
   * links.
   *
   * @param files the paths of the extensions' files, relative to the server's directory
   */
  public InstalledDistribution with(Set<String> files) {
    return new InstalledDistribution(
        bin,
        libraries,
        shared,
        major,
        major >= FINDS_ELSEWHERE && files.stream().allMatch(file -> FOUND.matcher(file).matches()));
  }

  @Override
  public PostgresCommands programs(Path folder) {
    if (!inPlace) {
      return new PostgresCommands(folder, platform());
    }
    return new PostgresCommands(
        platform(),
        folder,
        bin,
        libraries,
        List.of(folder.resolve(PackedExtension.SCRIPTS), shared.resolve(SCRIPTS)),
        Map.of(
            "extension_control_path",
            folder.resolve(PackedExtension.SHARED) + File.pathSeparator + "$system",
            "dynamic_library_path",
            folder.resolve(PackedExtension.LIBRARIES) + File.pathSeparator + "$libdir"));
  }

  /**
   * Creates a subdirectory {@code installed} that mirrors the installation: it contains copies of
   * the programs and links to the other installed files, each under the absolute path of the
   * original file. Also creates links to the mirrored directories of programs, libraries and shared
   * files, at the paths that these directories have in an unpacked server. If the server runs from
   * its own directories, only creates the given directory.
   */
  @Override
  public void unpack(Path folder) throws IOException {
    Files.createDirectories(folder);
    if (inPlace) {
      return;
    }
    if (!Platform.POSIX) {
      throw new IllegalStateException(
          "Extensions are added to an installed PostgreSQL "
              + major
              + " with links, which need special privileges on Windows: install PostgreSQL "
              + FINDS_ELSEWHERE
              + " or later.");
    }
    Path root = folder.resolve("installed");
    for (String program : PROGRAMS) {
      Path copy = Files.createDirectories(inside(root, bin)).resolve(program);
      Files.copy(bin.resolve(program), copy, StandardCopyOption.COPY_ATTRIBUTES);
    }
    link(libraries, root, Integer.MAX_VALUE);
    link(shared, root, Integer.MAX_VALUE);
    Path prefix = bin.getParent();
    if (prefix != null && !OF_ALL.contains(prefix.toString().substring(1))) {
      // programs may look for libraries in the directory lib next to their own directory
      link(prefix.resolve("lib"), root, 1);
    }
    linkPart(folder.resolve("bin"), inside(root, bin));
    linkPart(folder.resolve(PackedExtension.LIBRARIES), inside(root, libraries));
    linkPart(folder.resolve(PackedExtension.SHARED), inside(root, shared));
  }

  private static Path inside(Path root, Path path) {
    return root.resolve(path.getRoot().relativize(path));
  }

  /** Mirrors a directory below {@code root}, with links to its files. */
  private static void link(Path folder, Path root, int depth) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        EnumSet.of(FileVisitOption.FOLLOW_LINKS),
        depth,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes)
              throws IOException {
            // the bitcode files take up several megabytes and are used only for JIT compilation,
            // which tests do not need
            if (dir.endsWith("bitcode")) {
              return FileVisitResult.SKIP_SUBTREE;
            }
            Files.createDirectories(inside(root, dir));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Path link = inside(root, file);
            if (!attributes.isDirectory() && !Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
              Files.createSymbolicLink(link, file);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, @Nullable IOException e) {
            // a cycle of links, or an unreadable directory
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /**
   * Creates a link with a relative target, because the enclosing directory is moved when it is
   * complete.
   */
  private static void linkPart(Path link, Path part) throws IOException {
    Path parent = Files.createDirectories(link.getParent());
    Files.createSymbolicLink(link, parent.relativize(part));
  }
}
