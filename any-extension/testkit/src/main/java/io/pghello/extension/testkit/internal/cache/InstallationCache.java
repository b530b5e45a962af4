// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.cache;

import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The cache directory of the current user on this machine. A directory in the cache is either
 * complete or absent: it is created under a temporary name and renamed, and contains a list of its
 * files. If a file is missing or truncated, for example after a power failure or a cleanup, the
 * directory is created again.
 *
 * <p>A directory that other users can write to is rejected, because programs in the cache are
 * executed. {@code headers.sh} applies the same rule to the part of the cache that the scripts use.
 *
 * <p>Thread-safe, and safe for concurrent use by several JVMs.
 */
public final class InstallationCache {
  /** Creates the contents of a directory. */
  public interface Contents {
    /** Creates the directory with its contents. */
    void write(Path folder) throws IOException;
  }

  private static final System.Logger LOGGER = System.getLogger("io.pghello.extension.testkit");
  private static final String VARIABLE = "PG_EXTENSION_CACHE";
  private static final String REMEDY = " Set " + VARIABLE + " to a directory that you own.";
  private static final String LOCK = "lock";
  private static final String OF_USER = "server-";

  /**
   * Matches characters that separate or replace parts of a library search path, and characters that
   * a shell interprets in double quotes: initdb and pg_ctl run the server's program with a shell.
   */
  private static final Pattern UNUSABLE = Pattern.compile("[:;$`\"\\\\]");

  /** The name of a directory's list of files. */
  public static final String LIST = ".files";

  private static final String LIST_END = "end";

  /**
   * The word that the list contains for a link instead of a size. The size of the link's target is
   * not recorded, because the target may be outside the directory.
   */
  private static final String LINK = "link";

  private static final String UNFINISHED = ".new-";
  private static final long POLL_MILLIS = 20;
  private static final Duration IN_USE = Duration.ofMinutes(10);

  private final Path folder;

  private InstallationCache(Path folder) {
    this.folder = folder;
  }

  /**
   * Opens the cache in the directory that the environment variable {@code PG_EXTENSION_CACHE} sets.
   * By default, the cache is in a subdirectory of the user's cache directory ({@code LOCALAPPDATA}
   * on Windows). If that directory cannot be used, the cache is in a subdirectory of the temporary
   * directory. Creates the directory if it does not exist.
   *
   * @throws IOException if the cache cannot be used; the message contains its path and the reason
   */
  public static InstallationCache open() throws IOException {
    return in(
        root(System.getenv(), Path.of(System.getProperty("java.io.tmpdir")), Platform.ofThisJvm()));
  }

  /** Opens the cache in a directory. Creates the directory if it does not exist. */
  public static InstallationCache in(Path root) throws IOException {
    if (Platform.POSIX && UNUSABLE.matcher(root.toString()).find()) {
      throw new IOException(
          "The cache cannot be in "
              + root
              + ": the server's programs and libraries could not be found in a path that contains"
              + " one of the characters : ; $ ` \" or \\."
              + REMEDY);
    }
    try {
      return new InstallationCache(own(root));
    } catch (FileAlreadyExistsException e) {
      throw new IOException(
          "The cache cannot be in " + root + ": " + e.getFile() + " is not a directory." + REMEDY,
          e);
    } catch (IOException e) {
      throw new IOException("The cache cannot be in " + root + ": " + message(e) + "." + REMEDY, e);
    }
  }

  /**
   * Returns an exception's message, together with the exception's class unless the class is
   * IOException: the message of a subclass is often only a path.
   */
  private static String message(IOException e) {
    String message = e.getMessage();
    return e.getClass() == IOException.class && message != null ? message : e.toString();
  }

  /**
   * Returns the cache directory for the given environment variables.
   *
   * @param temporary the directory for temporary files
   * @param platform the platform of this machine
   */
  static Path root(Map<String, String> environment, Path temporary, Platform platform)
      throws IOException {
    String own = environment.getOrDefault(VARIABLE, "");
    if (!own.isBlank()) {
      try {
        return Path.of(own).toAbsolutePath();
      } catch (InvalidPathException e) {
        throw new IOException(VARIABLE + " is invalid: " + e.getMessage() + "." + REMEDY, e);
      }
    }
    boolean windows = platform.isWindows();
    String set = environment.getOrDefault(windows ? "LOCALAPPDATA" : "XDG_CACHE_HOME", "");
    String userHome = System.getProperty("user.home", "/");
    // on Windows, a Unix-like shell may have set HOME to a path that Windows does not understand
    String home = windows ? userHome : environment.getOrDefault("HOME", userHome);
    try {
      Path homeFolder = Path.of(home);
      Path caches = set.isBlank() ? homeFolder.resolve(".cache") : Path.of(set);
      if (isFor(Files.isDirectory(caches) ? caches : homeFolder)
          && (!set.isBlank() || OwnFiles.danger(homeFolder) == null)) {
        return caches.resolve("pg-hello").toAbsolutePath();
      }
    } catch (InvalidPathException e) {
      // the path contains characters that the locale does not support
    }
    String user = OwnFiles.fileName(OwnFiles.user());
    Path other = temporary.resolve("pg-hello-cache-" + user).toAbsolutePath();
    createDirectories(other);
    String danger = OwnFiles.danger(temporary);
    if (danger != null) {
      throw new IOException("The cache cannot be in " + temporary + ": " + danger + "." + REMEDY);
    }
    if (!OwnFiles.belongsToUser(other)) {
      throw new IOException(other + " belongs to another user, or is a link." + REMEDY);
    }
    return other;
  }

  private static boolean isFor(Path folder) throws IOException {
    return Files.isWritable(folder) && OwnFiles.danger(folder) == null;
  }

  /**
   * Returns the subdirectory that contains the cache. Creates the subdirectory if necessary. Only
   * the current user can access it.
   */
  private static Path own(Path path) throws IOException {
    createDirectories(path);
    // links are resolved once, because another user may be able to replace them later
    Path root = path.toRealPath();
    String danger = OwnFiles.danger(root);
    if (danger != null) {
      throw new IOException(danger);
    }
    UserPrincipal user = OwnFiles.user();
    boolean owned = OwnFiles.isOwnedBy(user, Files.getOwner(root));
    Path folder = root.resolve(owned ? "server" : OF_USER + OwnFiles.fileName(user));
    createDirectories(folder);
    if (!OwnFiles.belongsToUser(folder)) {
      throw new IOException(folder + " belongs to another user, or is a link");
    }
    if (Platform.POSIX && !OwnFiles.isClosed(folder)) {
      throw new IOException("other users can access " + folder);
    }
    Path foreign = Platform.POSIX ? OwnFiles.foreignFile(folder) : null;
    if (foreign != null) {
      throw new IOException(foreign + " belongs to another user");
    }
    return folder;
  }

  /** Creates missing directories. Existing directories keep their permissions, and may be links. */
  private static void createDirectories(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      if (Platform.POSIX) {
        Files.createDirectories(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } else {
        Files.createDirectories(folder);
      }
    }
  }

  /** Returns the directory that the scripts use as their cache. */
  public Path scripts() {
    Path root = Objects.requireNonNull(folder.getParent());
    String name = Objects.requireNonNull(folder.getFileName()).toString();
    // in a cache that several users share, each user has a directory
    return name.startsWith(OF_USER) ? root.resolve(name.substring(OF_USER.length())) : root;
  }

  /** Returns the path of a directory, which may not exist. */
  public Path path(String name) {
    return folder.resolve(name);
  }

  /** Returns whether a directory exists and is complete. */
  public boolean has(String name) {
    return damage(path(name)) == null;
  }

  /**
   * Returns a directory. Creates it if it is missing or damaged.
   *
   * @param name the name of the directory, which must differ for different contents
   */
  public Path directory(String name, Contents contents) throws IOException {
    Path wanted = path(name);
    if (damage(wanted) == null) {
      markUsed(wanted);
      return wanted;
    }
    try (FileChannel channel = openLock(LOCK)) {
      lock(channel);
      String damage = damage(wanted);
      if (damage != null) {
        removeUnfinished();
        setAside(wanted, damage);
        make(wanted, contents);
      }
    } catch (IOException e) {
      throw new IOException("Could not create " + wanted + ": " + message(e), e);
    }
    return wanted;
  }

  /** Marks a directory as used, so that it is removed later. */
  public static void markUsed(Path folder) {
    // fails if the cache is read-only; this does not matter, because no directories are removed
    // from such a cache
    var unused = folder.toFile().setLastModified(System.currentTimeMillis());
  }

  /**
   * Removes a damaged directory, and logs a warning.
   *
   * @param damage the name of the file that has changed, or an error
   */
  public void discard(String name, String damage) throws IOException {
    try (FileChannel channel = openLock(LOCK)) {
      lock(channel);
      setAside(path(name), damage);
    }
  }

  private void setAside(Path path, String damage) throws IOException {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          path + " is damaged and will be created again: " + damage + " has changed.");
      removeNow(path);
    }
  }

  private void removeNow(Path path) throws IOException {
    Path aside = Files.createTempDirectory(folder, UNFINISHED);
    HeldFiles.change(
        () -> Files.move(path, aside.resolve("unused"), StandardCopyOption.ATOMIC_MOVE));
    remove(aside);
  }

  /**
   * Removes the least recently used directories. Called while another directory is created.
   *
   * @param prefix the prefix of the names of these directories; a directory may be removed ten
   *     minutes after its last use began, so each use must end within ten minutes
   * @param kept the number of directories to keep
   */
  public void removeUnused(String prefix, int kept) throws IOException {
    removeUnused(prefix, kept, Long.MAX_VALUE, IN_USE);
  }

  /**
   * Removes the least recently used directories or files. Called while another directory is
   * created.
   *
   * @param prefix the prefix of their names
   * @param kept the number of directories to keep
   * @param bytes the total size of the directories to keep
   * @param inUse the time after the beginning of a use during which a directory is not removed
   */
  public void removeUnused(String prefix, int kept, long bytes, Duration inUse) throws IOException {
    var made = new ArrayList<Path>();
    try (Stream<Path> children = Files.list(folder)) {
      children.filter(path -> path.getFileName().toString().startsWith(prefix)).forEach(made::add);
    }
    made.sort(Comparator.comparingLong((Path path) -> path.toFile().lastModified()).reversed());
    long since = System.currentTimeMillis() - inUse.toMillis();
    long left = bytes;
    for (int i = 0; i < made.size(); i++) {
      Path path = made.get(i);
      left -= bytes == Long.MAX_VALUE ? 0 : listedSize(path);
      if ((i >= kept || left < 0) && path.toFile().lastModified() <= since) {
        removeNow(path);
      }
    }
  }

  /** Returns the total size of the files in a directory's list. */
  private static long listedSize(Path folder) {
    try (Stream<String> lines = Files.lines(folder.resolve(LIST))) {
      return lines
          .map(line -> line.substring(0, Math.max(0, line.indexOf(' '))))
          .filter(size -> size.matches("\\d{1,15}"))
          .mapToLong(Long::parseLong)
          .sum();
    } catch (IOException | UncheckedIOException e) {
      return 0;
    }
  }

  /**
   * Locks a name, so that only one JVM or thread creates something. The operating system releases
   * the lock if the JVM ends.
   *
   * @param name the name of the lock file
   * @param limit the maximum time to wait for the lock
   * @return the lock; null if another JVM or thread has not released it within the limit
   * @throws IOException if the lock file cannot be created or the thread is interrupted
   */
  public @Nullable Closeable lock(String name, Duration limit) throws IOException {
    FileChannel channel = openLock(name);
    boolean locked = false;
    try {
      markUsed(path(name));
      long end = System.nanoTime() + limit.toNanos();
      locked = tryLock(channel);
      while (!locked && System.nanoTime() < end) {
        pause();
        locked = tryLock(channel);
      }
      return locked ? channel : null;
    } finally {
      if (!locked) {
        channel.close();
      }
    }
  }

  private FileChannel openLock(String name) throws IOException {
    return FileChannel.open(path(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  /**
   * Locks a file. Waits while another JVM or another thread of this JVM holds the lock. That thread
   * may use a copy of this class from another class loader.
   */
  private static void lock(FileChannel channel) throws IOException {
    while (true) {
      try {
        channel.lock();
        return;
      } catch (OverlappingFileLockException e) {
        pause();
      }
    }
  }

  private static boolean tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while another thread was creating it", interrupt);
    }
  }

  private void make(Path wanted, Contents contents) throws IOException {
    Path parent = Files.createTempDirectory(folder, UNFINISHED);
    try {
      Path fresh = parent.resolve(wanted.getFileName());
      contents.write(fresh);
      writeList(fresh);
      HeldFiles.change(() -> Files.move(fresh, wanted, StandardCopyOption.ATOMIC_MOVE));
    } finally {
      remove(parent);
    }
  }

  /**
   * Removes incomplete directories that other JVMs have left behind. The caller must hold the lock.
   */
  private void removeUnfinished() throws IOException {
    List<Path> unfinished;
    try (Stream<Path> children = Files.list(folder)) {
      unfinished =
          children.filter(path -> path.getFileName().toString().startsWith(UNFINISHED)).toList();
    }
    for (Path path : unfinished) {
      remove(path);
    }
  }

  /**
   * Removes a directory that is not needed. If that fails, logs a warning, because the cache can
   * still be used; {@link #removeUnfinished} tries again later.
   */
  private static void remove(Path folder) {
    try {
      HeldFiles.delete(folder);
    } catch (IOException e) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "Could not remove " + folder + ", which is not needed: " + message(e) + ". Remove it.");
    }
  }

  /**
   * Writes the list of links, and of files with their sizes. The list is used to detect missing or
   * truncated files.
   */
  private static void writeList(Path folder) throws IOException {
    List<String> lines = new ArrayList<>();
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
            String size = attributes.isSymbolicLink() ? LINK : Long.toString(attributes.size());
            lines.add(size + " " + folder.relativize(path));
            return FileVisitResult.CONTINUE;
          }
        });
    lines.add(LIST_END);
    Files.write(folder.resolve(LIST), lines);
  }

  /**
   * Returns the first file that has changed since the directory was created; null if there is none.
   */
  private static @Nullable String damage(Path folder) {
    List<String> lines;
    try {
      lines = Files.readAllLines(folder.resolve(LIST));
    } catch (IOException e) {
      return LIST;
    }
    if (lines.isEmpty() || !lines.remove(lines.size() - 1).equals(LIST_END)) {
      return LIST;
    }
    for (String line : lines) {
      int space = line.indexOf(' ');
      String name = line.substring(space + 1);
      // java.io.File is used, because NIO takes ten times as long here
      var file = new File(folder.toFile(), name);
      String size = line.substring(0, Math.max(0, space));
      boolean whole =
          size.equals(LINK)
              ? Files.isSymbolicLink(file.toPath())
              : size.equals(Long.toString(file.length())) && file.isFile();
      if (!whole) {
        return name;
      }
    }
    return null;
  }
}
