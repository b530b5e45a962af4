// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.cache;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Changes files that other processes may have open. Windows cannot rename or delete open files.
 * Virus scanners and exiting servers keep files open only for a short time, so this class repeats
 * failed changes.
 */
public final class HeldFiles {
  private static final Duration LIMIT = Duration.ofSeconds(15);
  private static final long POLL_MILLIS = 50;

  /** The name of a directory's lock file, which is removed last. */
  public static final String LOCK = "lock";

  private HeldFiles() {}

  /** A change to files that can be retried. */
  public interface Change {
    void run() throws IOException;
  }

  /** Makes a change. On Windows, retries for up to 15 seconds if the change fails. */
  public static void change(Change change) throws IOException {
    change(Platform.ofThisJvm(), LIMIT, change);
  }

  public static void change(Platform platform, Duration limit, Change change) throws IOException {
    long end = System.nanoTime() + limit.toNanos();
    while (true) {
      try {
        change.run();
        return;
      } catch (NoSuchFileException | FileAlreadyExistsException | NotDirectoryException e) {
        throw e;
      } catch (FileSystemException e) {
        if (!platform.isWindows() || System.nanoTime() > end) {
          throw e;
        }
        pause(e);
      }
    }
  }

  private static void pause(FileSystemException failure) throws IOException {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure;
    }
  }

  /**
   * Removes a directory with its contents, even while an exiting process removes files from it.
   * Removes the lock file last, so that an interrupted removal can be completed later.
   */
  public static void delete(Path folder) throws IOException {
    deleteContents(folder);
    change(
        () -> {
          Files.deleteIfExists(folder.resolve(LOCK));
          Files.deleteIfExists(folder);
        });
  }

  /** Removes the contents of a directory except the lock file. */
  public static void deleteContents(Path folder) throws IOException {
    change(() -> deleteContentsOnce(folder));
  }

  private static void deleteContentsOnce(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (!file.equals(folder.resolve(LOCK))) {
              Files.deleteIfExists(file);
            }
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
            if (!dir.equals(folder)) {
              Files.deleteIfExists(dir);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
