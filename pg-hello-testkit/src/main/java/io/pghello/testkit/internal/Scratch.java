// SPDX-License-Identifier: MIT
package io.pghello.testkit.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder for a running server, in memory where there is some. It is locked as long as it is in
 * use, so that what a killed JVM left behind (the folder, and the server in it) is found and
 * removed by the next one.
 */
public final class Scratch implements AutoCloseable {
  private static final String PREFIX = "pg-hello-";
  private static final String HIDDEN = ".";
  private static final String LOCK = "lock";
  private static final Path MEMORY = Path.of("/dev/shm");
  private static final long MIN_MEMORY_BYTES = 1L << 30;

  // The folders of this JVM: to open and close their lock files once more would release the locks,
  // because the system's locks belong to the process, not to the file descriptor.
  private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

  private final Path path;
  private final FileChannel lockFile;

  private Scratch(Path path, FileChannel lockFile) {
    this.path = path;
    this.lockFile = lockFile;
  }

  /** Creates a folder, and removes those that nobody uses any more. */
  public static Scratch create() throws IOException {
    Path parent = parent();
    removeAbandoned(parent);
    // it has its name only when it is locked
    Path unlocked = Files.createTempDirectory(parent, HIDDEN + PREFIX);
    FileChannel lockFile =
        FileChannel.open(
            unlocked.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    lockFile.lock();
    Path path = parent.resolve(unlocked.getFileName().toString().substring(HIDDEN.length()));
    OWN.add(path);
    Files.move(unlocked, path, StandardCopyOption.ATOMIC_MOVE);
    return new Scratch(path, lockFile);
  }

  /** Returns where the cache of binaries and templates is: the user's own cache folder. */
  public static Path cache() {
    String own = System.getenv("PG_HELLO_CACHE");
    if (own != null && !own.isBlank()) {
      return Path.of(own);
    }
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path home = Path.of(System.getProperty("user.home", ""));
    Path caches = xdg != null && !xdg.isBlank() ? Path.of(xdg) : home.resolve(".cache");
    if (!Files.isWritable(Files.isDirectory(caches) ? caches : home)) {
      caches = Path.of(System.getProperty("java.io.tmpdir"), System.getProperty("user.name"));
    }
    return caches.resolve("pg-hello");
  }

  private static Path parent() throws IOException {
    if (Files.isDirectory(MEMORY)
        && Files.isWritable(MEMORY)
        && Files.getFileStore(MEMORY).getUsableSpace() >= MIN_MEMORY_BYTES) {
      return MEMORY;
    }
    return Path.of(System.getProperty("java.io.tmpdir"));
  }

  /** The data directory of the server in here. */
  public Path data() {
    return path.resolve("data");
  }

  /** The file that the server in here writes its log to. */
  public Path log() {
    return path.resolve("server.log");
  }

  /** The process of the server in here, if it runs. */
  public Optional<ProcessHandle> server() {
    return server(path);
  }

  private static Optional<ProcessHandle> server(Path scratch) {
    List<String> lines;
    try {
      lines = Files.readAllLines(scratch.resolve("data").resolve("postmaster.pid"));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    // the first line may be half written, and the number may be somebody else's by now
    if (lines.size() < 2 || !lines.get(1).startsWith(scratch.toString())) {
      return Optional.empty();
    }
    return ProcessHandle.of(Long.parseLong(lines.get(0).strip()))
        .filter(ProcessHandle::isAlive)
        .filter(p -> p.info().command().map(c -> c.endsWith("/postgres")).orElse(true));
  }

  /** Removes the folder. Whoever calls has stopped the server. */
  @Override
  public void close() throws IOException {
    delete(path);
    lockFile.close();
    OWN.remove(path);
  }

  private static void removeAbandoned(Path parent) throws IOException {
    try (Stream<Path> children = Files.list(parent)) {
      for (Path child : children.toList()) {
        Path lock = child.resolve(LOCK);
        if (child.getFileName().toString().startsWith(PREFIX)
            && !OWN.contains(child)
            && Files.isWritable(lock)) {
          removeIfAbandoned(child, lock);
        }
      }
    }
  }

  private static void removeIfAbandoned(Path scratch, Path lock) throws IOException {
    try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE);
        @Nullable FileLock held = channel.tryLock()) {
      if (held != null) {
        Optional<ProcessHandle> server = server(scratch);
        server.ifPresent(ProcessHandle::destroyForcibly);
        server.ifPresent(p -> p.onExit().join());
        delete(scratch);
      }
    } catch (NoSuchFileException e) {
      // another JVM has just removed it
      return;
    }
  }

  /** Removes a folder with all that is in it, even while a dying process still removes files. */
  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e)
              throws IOException {
            if (e != null) {
              throw e;
            }
            Files.deleteIfExists(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Copies a folder with all that is in it; the copy has the same permissions. */
  static void copy(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes)
              throws IOException {
            Path copy = to.resolve(from.relativize(dir));
            Files.createDirectory(copy);
            Files.setPosixFilePermissions(copy, Files.getPosixFilePermissions(dir));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(file, to.resolve(from.relativize(file)));
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
