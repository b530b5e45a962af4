// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.time.Duration;

/**
 * Changes files that other processes may have open. Windows cannot rename or delete open files.
 * Virus scanners and exiting servers keep files open only for a short time, so this class repeats
 * failed changes.
 */
final class HeldFiles {
  private static final Duration LIMIT = Duration.ofSeconds(15);
  private static final long POLL_MILLIS = 50;

  private HeldFiles() {}

  /** A change to files that can be retried. */
  interface Change {
    void run() throws IOException;
  }

  /** Makes a change. On Windows, retries for up to 15 seconds if the change fails. */
  static void change(Change change) throws IOException {
    change(Platform.ofThisJvm(), LIMIT, change);
  }

  static void change(Platform platform, Duration limit, Change change) throws IOException {
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
}
