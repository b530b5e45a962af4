// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/**
 * Prevents two builds of a project, for example in an IDE and in a shell, from using the build's
 * files at the same time.
 */
final class BuildLock implements AutoCloseable {
  private static final long POLL_MILLIS = 100;

  private final FileChannel channel;

  private BuildLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Locks a directory. Waits while another build holds the lock.
   *
   * @param log a consumer that receives a message if this method has to wait
   */
  static BuildLock of(Path folder, Consumer<String> log) throws IOException {
    Path file = Files.createDirectories(folder).resolve(".lock");
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      for (boolean first = true; !lock(channel); first = false) {
        if (first) {
          log.accept("Waiting until another build of this project releases " + file);
        }
        Thread.sleep(POLL_MILLIS);
      }
      return new BuildLock(channel);
    } catch (InterruptedException e) {
      channel.close();
      Thread.currentThread().interrupt();
      throw new IOException(
          "interrupted: another build of this project holds "
              + file
              + "; run this build again when that build has ended",
          e);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  private static boolean lock(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      // the other build is in this JVM
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
