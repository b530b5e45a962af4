// SPDX-License-Identifier: MIT
package io.pghello.cli.system;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Creates directories and files with restricted permissions, flushes them to disk, and deletes
 * directories.
 */
public final class Directories {
  private Directories() {}

  /** Flushes a file, or the entries of a directory, to disk. */
  public static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Creates a directory that only its owner can access. */
  public static void createPrivate(Path path) throws IOException {
    Files.createDirectory(path, mode("rwx------"));
  }

  /**
   * Creates a directory and its missing parents. Only the owner can access the created directories.
   * Does nothing if the directory exists.
   */
  public static void createAllPrivate(Path path) throws IOException {
    Files.createDirectories(path, mode("rwx------"));
  }

  /** Creates an empty file that has at most the given permissions from the beginning. */
  public static Path createFile(Path path, String mode) throws IOException {
    return Files.createFile(path, mode(mode));
  }

  /** Returns permissions for creating a file or directory. */
  public static FileAttribute<Set<PosixFilePermission>> mode(String mode) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode));
  }

  public static void delete(Path folder) throws IOException {
    deleteContents(folder);
    Files.deleteIfExists(folder);
  }

  public static void deleteContents(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.skip(1).sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
