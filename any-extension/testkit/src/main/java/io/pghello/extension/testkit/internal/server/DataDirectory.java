// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.internal.cache.HeldFiles;
import io.pghello.extension.testkit.internal.cache.OwnFiles;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A directory for the data and log of a running server, in memory if possible. The directory is
 * locked while it is in use. If a JVM is killed, the next JVM that creates such a directory stops
 * the killed JVM's server and removes the server's directory.
 */
final class DataDirectory implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger("io.pghello.extension.testkit");
  private static final String PREFIX = "pg-hello-";

  /**
   * Matches the names that {@link Files#createTempDirectory} generates. Directories with other
   * names were not created by this class.
   */
  private static final Pattern NAME = Pattern.compile(PREFIX + "\\d+");

  // the prefix of the system properties that mark this JVM's directories; their values must be
  // strings, because some libraries read all system properties as strings
  private static final String OWN = "io.pghello.extension.testkit.scratch.";
  private static final String DATA = "data";
  private static final String LOG = "server.log";
  private static final String PASSWORDS = "pgpass";

  /**
   * The name of the password file. The file is next to the data directory while {@code initdb}
   * creates the data directory, and inside the data directory afterwards.
   */
  static final String PASSWORD_FILE = "pg-hello-password";

  private static final Set<String> CONTENTS =
      Set.of(HeldFiles.LOCK, DATA, LOG, PASSWORDS, PASSWORD_FILE);

  /**
   * The encoding of paths that a server writes. On Windows, it is the encoding of the system;
   * {@code native.encoding} is the encoding of the user's regional format.
   */
  static final Charset PATHS =
      Platform.POSIX
          ? StandardCharsets.UTF_8
          : Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

  private static final Path MEMORY = Path.of("/dev/shm");
  private static final long MIN_MEMORY_BYTES = 1L << 30;
  private static final Duration KEPT = Duration.ofDays(1);
  private static final Duration GRACE = Duration.ofMinutes(1);
  private static final Duration CLOCK_SLACK = Duration.ofSeconds(5);

  /** The time from the start of a process until the server in it reads the clock. */
  private static final Duration STARTUP = Duration.ofMinutes(1);

  private static final long END_SECONDS = 10;
  private static final int SHARED_MEMORY_LINE = 6;
  private static final int STATUS_LINE = 7;

  /** Matches the key and the ID of a System V shared memory segment. */
  private static final Pattern SHARED_MEMORY = Pattern.compile("\\s*\\d+\\s+(\\d{1,10})\\s*");

  private final Path path;
  private final FileChannel lockFile;

  private DataDirectory(Path path, FileChannel lockFile) {
    this.path = path;
    this.lockFile = lockFile;
  }

  /** Creates a directory, and removes abandoned directories. */
  static DataDirectory create() throws IOException {
    Path parent = parent();
    removeAbandoned(parent);
    while (true) {
      Path path = Files.createTempDirectory(parent, PREFIX);
      System.setProperty(OWN + path, "");
      FileChannel lockFile =
          FileChannel.open(
              path.resolve(HeldFiles.LOCK),
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.WRITE);
      lockFile.lock();
      if (Files.exists(path.resolve(HeldFiles.LOCK))) {
        return new DataDirectory(path, lockFile);
      }
      // another JVM locked and removed the file before this JVM could lock it
      lockFile.close();
      System.clearProperty(OWN + path);
    }
  }

  /** Returns the parent of all directories of this class. */
  static Path parent() throws IOException {
    if (Files.isDirectory(MEMORY)
        && Files.isWritable(MEMORY)
        && Files.getFileStore(MEMORY).getUsableSpace() >= MIN_MEMORY_BYTES) {
      return MEMORY;
    }
    // on Windows, this path may contain a short name, e.g. RUNNER~1, but the server writes the long
    // name
    return Path.of(System.getProperty("java.io.tmpdir")).toRealPath();
  }

  /**
   * Returns whether a directory belongs to this JVM, regardless of the class loader. Its lock file
   * must not be opened again: locks belong to the process, so closing the second descriptor would
   * release the lock.
   */
  private static boolean isOwn(Path path) {
    return System.getProperty(OWN + path) != null;
  }

  /** Returns the directory. */
  Path path() {
    return path;
  }

  /** Returns the data directory of the server. */
  Path data() {
    return path.resolve(DATA);
  }

  /** Returns the log file of the server. */
  Path log() {
    return path.resolve(LOG);
  }

  /** Returns the password file of a server that keeps running after its JVM exits. */
  Path passwords() {
    return path.resolve(PASSWORDS);
  }

  /** Returns the process of the server if it is running. */
  Optional<ProcessHandle> server() throws IOException {
    return server(path);
  }

  private static Optional<ProcessHandle> server(Path scratch) throws IOException {
    List<String> lines = processFile(scratch);
    // the file may be incomplete, and another process may have this process ID by now
    if (lines.size() < 3 || !Path.of(lines.get(1)).startsWith(scratch)) {
      return Optional.empty();
    }
    Instant started = Instant.ofEpochSecond(Long.parseLong(lines.get(2).strip()));
    return ProcessHandle.of(Long.parseLong(lines.get(0).strip()))
        .filter(ProcessHandle::isAlive)
        .filter(
            process ->
                process
                    .info()
                    .startInstant()
                    .filter(at -> started.isAfter(at.minus(CLOCK_SLACK)))
                    .filter(at -> started.isBefore(at.plus(STARTUP)))
                    .isPresent());
  }

  /**
   * Returns why {@link #server()} does not recognize a server that has started, as the end of a
   * sentence.
   */
  String unrecognized() throws IOException {
    List<String> lines = processFile(path);
    if (lines.size() <= STATUS_LINE) {
      return "postmaster.pid is missing or incomplete";
    }
    if (!Path.of(lines.get(1)).startsWith(path)) {
      return "postmaster.pid names the directory "
          + lines.get(1)
          + " instead of "
          + data()
          + "; set java.io.tmpdir to a path in ASCII";
    }
    Optional<Instant> started =
        ProcessHandle.of(Long.parseLong(lines.get(0).strip()))
            .flatMap(process -> process.info().startInstant());
    if (started.isEmpty()) {
      return "the system has no start time for process " + lines.get(0).strip();
    }
    Duration difference =
        Duration.between(
            started.get(), Instant.ofEpochSecond(Long.parseLong(lines.get(2).strip())));
    return "the server's clock differs from the system's by "
        + difference.toSeconds()
        + " s; set both to the same time";
  }

  /**
   * Returns the lines of a server's {@code postmaster.pid}, or an empty list if the file does not
   * exist.
   */
  private static List<String> processFile(Path scratch) throws IOException {
    try {
      return Files.readAllLines(scratch.resolve(DATA).resolve("postmaster.pid"), PATHS);
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }

  /** Returns whether the server is running and accepts connections. */
  boolean isReady() throws IOException {
    return server().isPresent()
        && processFile(path).stream().skip(STATUS_LINE).anyMatch(line -> line.startsWith("ready"));
  }

  /** Stops the server if it is running, and waits until it has exited. */
  void endServer() throws IOException {
    Optional<ProcessHandle> server = server();
    if (server.isPresent()) {
      end(server.get());
    }
  }

  /**
   * Stops a server with an immediate shutdown rather than killing it, because a killed server does
   * not release its shared memory.
   */
  private static void end(ProcessHandle server) throws IOException {
    if (Platform.POSIX) {
      new ProcessBuilder("kill", "-QUIT", Long.toString(server.pid())).start();
    }
    if (!Platform.POSIX || !isGone(server)) {
      kill(server);
    }
  }

  /** Kills a server and its child processes, and waits until they have exited. */
  static void kill(ProcessHandle server) {
    List<ProcessHandle> family = new ArrayList<>(List.of(server));
    server.descendants().forEach(family::add);
    family.forEach(ProcessHandle::destroyForcibly);
    family.forEach(DataDirectory::isGone);
  }

  private static boolean isGone(ProcessHandle process) {
    try {
      process.onExit().get(END_SECONDS, TimeUnit.SECONDS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException | TimeoutException e) {
      return false;
    }
  }

  /** Removes the directory. The caller must have stopped the server. */
  @Override
  public void close() throws IOException {
    removeSharedMemory(path);
    HeldFiles.deleteContents(path);
    // Windows does not remove a directory that contains an open file
    lockFile.close();
    HeldFiles.delete(path);
    System.clearProperty(OWN + path);
  }

  /**
   * Removes the System V shared memory segment of a killed server. Segments are small, but macOS
   * allows only 32.
   */
  private static void removeSharedMemory(Path scratch) throws IOException {
    List<String> lines = processFile(scratch);
    if (!Platform.POSIX || lines.size() <= SHARED_MEMORY_LINE) {
      return;
    }
    Matcher segment = SHARED_MEMORY.matcher(lines.get(SHARED_MEMORY_LINE));
    if (segment.matches()) {
      try {
        PostgresCommands.status(
            new ProcessBuilder("ipcrm", "-m", segment.group(1))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start());
      } catch (IOException e) {
        LOGGER.log(System.Logger.Level.DEBUG, "could not remove shared memory of " + scratch, e);
      }
    }
  }

  private static void removeAbandoned(Path parent) throws IOException {
    List<Path> folders;
    try (Stream<Path> children = Files.list(parent)) {
      folders =
          children
              .filter(child -> NAME.matcher(child.getFileName().toString()).matches())
              .filter(child -> !isOwn(child))
              .toList();
    }
    for (Path folder : folders) {
      try {
        if (OwnFiles.belongsToUser(folder) && isOfAServer(folder)) {
          removeIfAbandoned(folder);
        }
      } catch (IOException e) {
        // another JVM may be removing the directory at the same time; this JVM does not need the
        // directory, so the failure is only logged
        LOGGER.log(System.Logger.Level.DEBUG, "could not remove " + folder, e);
      }
    }
  }

  /** Returns whether a directory contains only files that a server and this class create. */
  private static boolean isOfAServer(Path folder) throws IOException {
    try (Stream<Path> children = Files.list(folder)) {
      return children.allMatch(child -> CONTENTS.contains(child.getFileName().toString()));
    }
  }

  private static boolean isKept(Path folder) throws IOException {
    Path passwords = folder.resolve(PASSWORDS);
    return Files.exists(passwords)
        && Files.getLastModifiedTime(passwords).toInstant().isAfter(Instant.now().minus(KEPT));
  }

  private static void removeIfAbandoned(Path folder) throws IOException {
    if (isKept(folder)) {
      return;
    }
    Path lock = folder.resolve(HeldFiles.LOCK);
    if (!Files.exists(lock)) {
      Instant changed = Files.getLastModifiedTime(folder).toInstant();
      // the JVM that created the directory may be about to create the lock file
      if (changed.isBefore(Instant.now().minus(GRACE))) {
        HeldFiles.delete(folder);
      }
      return;
    }
    try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE);
        @Nullable FileLock held = channel.tryLock()) {
      if (held == null) {
        return;
      }
      Optional<ProcessHandle> server = server(folder);
      if (server.isPresent()) {
        end(server.get());
      }
      removeSharedMemory(folder);
      HeldFiles.deleteContents(folder);
      // a JVM that has just opened the lock file and waits for the lock must detect that the file
      // was removed
      HeldFiles.change(() -> Files.deleteIfExists(lock));
    }
    HeldFiles.delete(folder);
  }

  /**
   * Copies a directory with its contents and permissions. The owner can write to the copy, even if
   * the original is read-only.
   */
  static void copy(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes)
              throws IOException {
            Path copy = to.resolve(from.relativize(dir));
            Files.createDirectory(copy);
            if (Platform.POSIX) {
              setPermissions(copy, Files.getPosixFilePermissions(dir));
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Path copy = to.resolve(from.relativize(file));
            Files.copy(file, copy);
            if (Platform.POSIX) {
              Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(copy);
              if (!permissions.contains(PosixFilePermission.OWNER_WRITE)) {
                setPermissions(copy, permissions);
              }
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void setPermissions(Path path, Set<PosixFilePermission> permissions)
      throws IOException {
    var all = EnumSet.of(PosixFilePermission.OWNER_WRITE);
    all.addAll(permissions);
    Files.setPosixFilePermissions(path, all);
  }
}
