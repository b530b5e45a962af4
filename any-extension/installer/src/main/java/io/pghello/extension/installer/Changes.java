// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Changes files by renaming. A server can therefore continue to use files that it has open, and
 * every file is complete at all times. If this object is closed before {@link #complete}, all
 * changes are undone.
 */
final class Changes implements AutoCloseable {
  private static final String NEW = ".pg-extension-new";
  private static final String OLD = ".pg-extension-old";
  private static final Set<PosixFilePermission> READABLE =
      PosixFilePermissions.fromString("rw-r--r--");
  private static final Set<PosixFilePermission> EXECUTABLE =
      PosixFilePermissions.fromString("rwxr-xr-x");

  private interface Step {
    void run() throws IOException;
  }

  private final Consumer<Path> before;
  private final Deque<Step> undo = new ArrayDeque<>();
  private final List<Step> last = new ArrayList<>();
  private final Set<Path> replaced = new HashSet<>();

  /**
   * Creates an instance without changes.
   *
   * @param before a callback that is invoked before each file is changed; used in tests
   */
  Changes(Consumer<Path> before) {
    this.before = before;
  }

  /** Creates a directory that does not exist. */
  void createDirectory(Path folder) throws IOException {
    before.accept(folder);
    Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(EXECUTABLE));
    undo.push(() -> Files.deleteIfExists(folder));
    setPermissions(folder, EXECUTABLE);
  }

  /** Writes a file next to the file that it will replace, and syncs it to disk. */
  void prepare(Path file, byte[] content, boolean executable) throws IOException {
    Path written = sibling(file, NEW);
    Set<PosixFilePermission> permissions = executable ? EXECUTABLE : READABLE;
    // a killed run may have left this file
    Files.deleteIfExists(written);
    before.accept(file);
    undo.push(() -> Files.deleteIfExists(written));
    try (FileChannel channel =
        FileChannel.open(
            written,
            // fails if a file or link was created in the meantime
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(permissions))) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    setPermissions(written, permissions);
  }

  /** Sets permissions, including those that the umask has removed. */
  private static void setPermissions(Path file, Set<PosixFilePermission> permissions)
      throws IOException {
    Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
        .setPermissions(permissions);
  }

  /** Renames a prepared file to its final name. */
  void replace(Path file) throws IOException {
    before.accept(file);
    if (!replaced.add(file)) {
      // the original file was kept when it was first replaced
      move(sibling(file, NEW), file);
      return;
    }
    if (keep(file)) {
      Path old = sibling(file, OLD);
      undo.push(() -> move(old, file));
    } else {
      undo.push(() -> Files.deleteIfExists(file));
    }
    move(sibling(file, NEW), file);
  }

  /** Renames a file, so that a rollback can restore it. {@link #complete} deletes the file. */
  void remove(Path file) throws IOException {
    before.accept(file);
    Path old = sibling(file, OLD);
    Files.deleteIfExists(old);
    move(file, old);
    last.add(() -> Files.deleteIfExists(old));
    undo.push(() -> move(old, file));
  }

  /** Removes a file after all other changes are complete. */
  void removeLast(Path file) {
    last.add(
        () -> {
          before.accept(file);
          Files.deleteIfExists(file);
        });
  }

  /** Removes a directory after all other changes are complete, unless it contains other files. */
  void removeDirectoryLast(Path folder) {
    last.add(() -> deleteIfEmpty(folder));
  }

  private static void deleteIfEmpty(Path folder) throws IOException {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try {
      Files.delete(folder);
    } catch (DirectoryNotEmptyException e) {
      // the directory contains other files
      return;
    }
  }

  /**
   * If a file exists, keeps it under an additional name for the rollback. Returns whether the file
   * exists.
   */
  private boolean keep(Path file) throws IOException {
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    Path old = sibling(file, OLD);
    Files.deleteIfExists(old);
    last.add(() -> Files.deleteIfExists(old));
    undo.push(() -> Files.deleteIfExists(old));
    try {
      Files.createLink(old, file);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (FileSystemException | UnsupportedOperationException e) {
      // some file systems do not support links
      Files.copy(file, old, StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
    }
    return true;
  }

  private static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static Path sibling(Path file, String suffix) {
    return file.resolveSibling("." + file.getFileName() + suffix);
  }

  /** Returns whether a killed run has left temporary files next to a file. */
  static boolean isUnfinished(Path file) {
    return Files.exists(sibling(file, NEW), LinkOption.NOFOLLOW_LINKS)
        || Files.exists(sibling(file, OLD), LinkOption.NOFOLLOW_LINKS);
  }

  /** Removes the temporary files that a killed run has left next to a file. */
  static void clean(Path file) throws IOException {
    Files.deleteIfExists(sibling(file, NEW));
    Files.deleteIfExists(sibling(file, OLD));
  }

  /**
   * Keeps all changes, and removes the files that were kept for a rollback.
   *
   * @throws UnfinishedException if these files could not be removed
   */
  void complete() throws UnfinishedException {
    undo.clear();
    try {
      for (Step step : last) {
        step.run();
      }
    } catch (IOException | RuntimeException e) {
      throw new UnfinishedException(e);
    }
  }

  /** Thrown if all changes are complete but files for the rollback remain. */
  static final class UnfinishedException extends IOException {
    private static final long serialVersionUID = 1L;

    UnfinishedException(Exception cause) {
      super(cause.getMessage(), cause);
    }
  }

  /**
   * Undoes all changes unless they are complete.
   *
   * @throws IOException if a step failed. The remaining steps are still performed, and the
   *     exception of the first failed step is thrown.
   */
  @Override
  public void close() throws IOException {
    IOException failure = null;
    while (!undo.isEmpty()) {
      try {
        undo.pop().run();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
