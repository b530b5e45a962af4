// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import io.pghello.extension.installer.NativeFile;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An installed PostgreSQL, as its {@code pg_config} describes it. Nothing is written to its
 * directories: PostgreSQL 18 has a setting for the path of extensions. Older versions get a tree of
 * links with copies of three programs, because they look for files relative to the program.
 *
 * @param bin the directory of programs
 * @param libraries the directory of libraries
 * @param shared the directory of shared files
 * @param major the major version
 * @param inPlace whether it runs in its own directories
 */
record InstalledServer(Path bin, Path libraries, Path shared, int major, boolean inPlace)
    implements ServerStock {
  /** {@code CREATE DATABASE ... STRATEGY}, by which the testkit copies templates, came with it. */
  static final int OLDEST = 15;

  /** {@code extension_control_path} came with it. */
  private static final int FINDS_ELSEWHERE = 18;

  private static final String CONFIG = "pg_config";
  private static final List<String> PROGRAMS = List.of("postgres", "initdb", "pg_ctl");
  private static final String SCRIPTS = "extension";
  private static final int STICKY = 01000;
  private static final Duration ANSWER_TIME = Duration.ofSeconds(30);

  /** Directories, and the names of their subdirectories with a directory {@code bin}. */
  private static final List<List<String>> USUAL =
      List.of(
          // Debian, and the packages of the PostgreSQL project for Red Hat
          List.of("usr/lib/postgresql", "*"),
          List.of("usr", "pgsql-*"),
          List.of("usr/local", "pgsql*"),
          // Homebrew, on processors of Apple and of Intel; Postgres.app
          List.of("opt/homebrew/opt", "postgresql*"),
          List.of("usr/local/opt", "postgresql*"),
          List.of("Applications/Postgres.app/Contents/Versions", "*"),
          // the installers of EDB
          List.of("Library/PostgreSQL", "*"),
          List.of("Program Files/PostgreSQL", "*"));

  /** Folders with the libraries of all programs. */
  private static final Set<String> OF_ALL = Set.of("", "usr", "usr/local", "opt/homebrew");

  /** The files of an extension that PostgreSQL 18 finds in another folder. */
  private static final Pattern FOUND =
      Pattern.compile(
          Pattern.quote(ExtensionSource.SCRIPTS)
              + ".*|"
              + Pattern.quote(ExtensionSource.LIBRARIES)
              + "[^/]*|"
              + Pattern.quote(ExtensionSource.NEEDED)
              + ".*");

  /**
   * Finds one on this machine.
   *
   * @param which its major, the path of its pg_config or of the folder in which that is; or {@link
   *     ServerPlace#LOCAL} for the first on the path, otherwise the newest in the usual directories
   * @throws IllegalStateException if there is no usable server; the message contains the reasons
   */
  static InstalledServer find(String which) throws IOException {
    String drive = System.getenv("SystemDrive");
    String path = System.getenv("PATH");
    return find(
        which,
        folders(path == null ? "" : path),
        Path.of(drive == null ? "/" : drive + File.separator).toAbsolutePath());
  }

  /** Returns the folders of a path of programs. */
  static List<Path> folders(String path) {
    List<Path> folders = new ArrayList<>();
    for (String folder : path.split(File.pathSeparator, -1)) {
      // a relative path depends on the working directory
      if (new File(folder).isAbsolute()) {
        try {
          folders.add(Path.of(folder));
        } catch (InvalidPathException e) {
          // without a locale, a name with letters other than ASCII is none
        }
      }
    }
    return folders;
  }

  /**
   * Finds one.
   *
   * @param path the folders of programs that come first
   * @param root of the usual folders
   */
  static InstalledServer find(String which, List<Path> path, Path root) throws IOException {
    if (!which.equals(ServerPlace.LOCAL) && !which.matches("\\d{1,4}")) {
      // the checked file must be the one that runs: a bare name would be searched for on the path
      return at(Path.of(which).toAbsolutePath());
    }
    var refused = new LinkedHashSet<String>();
    Optional<InstalledServer> first = in(path, which, refused).findFirst();
    return first.isPresent()
        ? first.get()
        : in(usual(root), which, refused)
            .max(Comparator.comparingInt(InstalledServer::major))
            .orElseThrow(() -> none(which, refused));
  }

  /**
   * Returns the servers with pg_config in these directories, and records the reasons against
   * others. A pg_config is run when its server is asked for.
   */
  private static Stream<InstalledServer> in(List<Path> folders, String which, Set<String> refused) {
    return folders.stream()
        .flatMap(folder -> config(folder).stream())
        .flatMap(config -> wanted(config, which, refused).stream());
  }

  private static Optional<InstalledServer> wanted(Path config, String which, Set<String> refused) {
    try {
      InstalledServer server = of(config);
      if (which.equals(ServerPlace.LOCAL) || which.equals(Integer.toString(server.major))) {
        return Optional.of(server);
      }
      refused.add(config + " is of PostgreSQL " + server.major);
    } catch (IllegalStateException e) {
      refused.add(e.getMessage());
    }
    return Optional.empty();
  }

  private static IllegalStateException none(String which, Set<String> refused) {
    return new IllegalStateException(
        "There is no installed PostgreSQL"
            + (which.equals(ServerPlace.LOCAL) ? "" : " " + which)
            + " to be used: none whose pg_config is on the path, or where Debian, Red Hat,"
            + " Homebrew, Postgres.app and the installers of EDB have it."
            + (refused.isEmpty() ? "" : " Found: " + String.join("; ", refused) + ".")
            + " Install a server (sudo apt-get install postgresql, brew install postgresql@18), or"
            + " name the pg_config of one: local:/FOLDER/bin/pg_config.");
  }

  private static InstalledServer at(Path path) {
    Optional<Path> config =
        Files.isRegularFile(path)
            ? Optional.of(path)
            : config(path).or(() -> config(path.resolve("bin")));
    return of(
        config.orElseThrow(
            () ->
                new IllegalStateException(
                    "There is no pg_config at "
                        + path
                        + ": after local: comes a major as 17, the path of a server's pg_config, or"
                        + " that of its folder.")));
  }

  private static Optional<Path> config(Path folder) {
    return program(folder, CONFIG);
  }

  private static Optional<Path> program(Path folder, String name) {
    return List.of(name, name + ".exe").stream()
        .map(folder::resolve)
        .filter(Files::isRegularFile)
        .findFirst();
  }

  private static List<Path> usual(Path root) throws IOException {
    var folders = new ArrayList<Path>();
    // on Windows, all users may create folders in the root
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

  /** Returns the server that a {@code pg_config} describes. Runs pg_config. */
  private static InstalledServer of(Path config) {
    try {
      return read(config);
    } catch (IOException e) {
      throw new IllegalStateException(config + " cannot be used: " + e, e);
    }
  }

  private static InstalledServer read(Path config) throws IOException {
    requireSafe(config);
    List<Path> said = ask(config, ANSWER_TIME);
    Path bin = said.get(0);
    Path shared = said.get(2);
    for (String name : PROGRAMS) {
      Path program =
          program(bin, name)
              .orElseThrow(
                  () ->
                      new IllegalStateException(
                          config + " is not of a server: there is no " + name + " in " + bin));
      requireSafe(program);
      requirePlatform(program, Platform.ofThisJvm());
    }
    Path catalog = shared.resolve(CATALOG);
    // initdb runs one of its scripts as the superuser of the new server
    Path scripts = shared.resolve(SCRIPTS);
    for (Path each : List.of(catalog, scripts, said.get(1))) {
      if (!Files.exists(each)) {
        throw new IllegalStateException(
            "the server of " + config + " is not whole: there is no " + each);
      }
      requireSafe(each);
    }
    int major;
    try (BufferedReader reader = Files.newBufferedReader(catalog, StandardCharsets.US_ASCII)) {
      major = ServerStock.readMajor(reader);
    }
    if (major < OLDEST) {
      throw new IllegalStateException(
          config
              + " is of PostgreSQL "
              + major
              + ", and the testkit needs "
              + OLDEST
              + " or later");
    }
    return new InstalledServer(bin, said.get(1), shared, major, false);
  }

  /**
   * Returns the folders of programs, libraries and shared files.
   *
   * @param limit the timeout
   */
  static List<Path> ask(Path config, Duration limit) throws IOException {
    Process process =
        new ProcessBuilder(config.toString(), "--bindir", "--pkglibdir", "--sharedir")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    process.getOutputStream().close();
    if (!ServerPrograms.ends(process, limit)) {
      process.destroyForcibly();
      throw new IllegalStateException(
          config + " has not answered within " + limit.toSeconds() + " s");
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
          config + " does not answer with the folders of a server, but with: " + answer.strip());
    }
    return folders;
  }

  /**
   * Rejects files that all users could replace, because they run with this user's privileges. If
   * this user is root, rejects files that other users could replace.
   */
  private static void requireSafe(Path file) throws IOException {
    requireSafe(file, Cache.user());
  }

  /** Refuses a file that others than this user could replace. */
  static void requireSafe(Path file, UserPrincipal user) throws IOException {
    for (Path start : List.of(file.toAbsolutePath().normalize(), file.toRealPath())) {
      Path child = null;
      for (Path each = start; Platform.POSIX && each != null; each = each.getParent()) {
        if (Files.getPosixFilePermissions(each).contains(PosixFilePermission.OTHERS_WRITE)
            && !(child != null && isSticky(each) && isTrusted(child, user))) {
          throw new IllegalStateException(
              file + " is not run, as all users may write " + each + " (chmod o-w)");
        }
        if (Cache.isRoot(user)) {
          requireRoots(each);
        }
        child = each;
      }
    }
  }

  /** If this user is root, rejects files that their owner could replace. */
  static void requireRoots(Path file) throws IOException {
    if ((int) Files.getAttribute(file, "unix:uid") != 0) {
      throw new IllegalStateException(
          file
              + " belongs to "
              + Files.getOwner(file)
              + ", who could replace what root would run: run this as that user");
    }
  }

  /** In such a directory, for example /tmp, users cannot replace files of other users. */
  private static boolean isSticky(Path folder) throws IOException {
    return ((int) Files.getAttribute(folder, "unix:mode") & STICKY) != 0;
  }

  private static boolean isTrusted(Path file, UserPrincipal user) throws IOException {
    return (int) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS) == 0
        || Files.getOwner(file, LinkOption.NOFOLLOW_LINKS).equals(user);
  }

  /** Refuses a program that does not run on a platform. */
  static void requirePlatform(Path program, Platform platform) throws IOException {
    NativeFile file;
    try {
      file = NativeFile.read(Files.readAllBytes(program));
    } catch (IOException e) {
      throw new IllegalStateException(
          program + " is no program of Linux, macOS or Windows for 64 bits", e);
    }
    if (!file.platforms().contains(platform.name())) {
      throw new IllegalStateException(
          program
              + " is for "
              + String.join(" and ", file.platforms())
              + ", and this is "
              + platform);
    }
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
    // the modification time of a directory changes when files are added or removed
    for (Path each : List.of(program, libraries, shared.resolve(SCRIPTS))) {
      digest.update((" " + Files.getLastModifiedTime(each)).getBytes(StandardCharsets.UTF_8));
    }
    return ServerContent.shortened(digest);
  }

  /** It has been tested with the machine's. */
  @Override
  public Optional<String> replaceableGlibc() {
    return Optional.empty();
  }

  @Override
  public ServerStock with(Set<String> files) {
    return new InstalledServer(
        bin,
        libraries,
        shared,
        major,
        major >= FINDS_ELSEWHERE && files.stream().allMatch(file -> FOUND.matcher(file).matches()));
  }

  @Override
  public ServerPrograms programs(Path folder) {
    if (!inPlace) {
      return new ServerPrograms(folder, platform());
    }
    return new ServerPrograms(
        platform(),
        folder,
        bin,
        libraries,
        List.of(folder.resolve(ExtensionSource.SCRIPTS), shared.resolve(SCRIPTS)),
        Map.of(
            "extension_control_path",
            folder.resolve(ExtensionSource.SHARED) + File.pathSeparator + "$system",
            "dynamic_library_path",
            folder.resolve(ExtensionSource.LIBRARIES) + File.pathSeparator + "$libdir"));
  }

  /**
   * Creates a tree of links with the layout of this machine in a separate directory, and links to
   * its parts with the layout of an unpacked server.
   */
  @Override
  public void unpack(Path folder) throws IOException {
    Files.createDirectories(folder);
    if (inPlace) {
      return;
    }
    if (!Platform.POSIX) {
      throw new IllegalStateException(
          "Extensions are given to an installed PostgreSQL "
              + major
              + " by links, which need rights here: install PostgreSQL "
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
      // a program may find libraries relative to its directory
      link(prefix.resolve("lib"), root, 1);
    }
    linkPart(folder.resolve("bin"), inside(root, bin));
    linkPart(folder.resolve(ExtensionSource.LIBRARIES), inside(root, libraries));
    linkPart(folder.resolve(ExtensionSource.SHARED), inside(root, shared));
  }

  private static Path inside(Path root, Path path) {
    return root.resolve(path.getRoot().relativize(path));
  }

  /** Links to the files in a folder. */
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
            // megabytes that JIT takes, which tests do without
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
            // a folder that leads to itself, or that this user may not read
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Creates relative links, because the directory is moved when it is complete. */
  private static void linkPart(Path link, Path part) throws IOException {
    Path parent = Files.createDirectories(link.getParent());
    Files.createSymbolicLink(link, parent.relativize(part));
  }
}
