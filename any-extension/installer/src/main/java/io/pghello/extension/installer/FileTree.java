// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The root file system of this machine or of a stopped container. Links are resolved within the
 * tree.
 *
 * @param root an absolute path without links
 */
record FileTree(Path root) {
  private static final int MAX_LINKS = 40;

  static FileTree of(Path folder) throws IOException, RefusedException {
    if (!Files.isDirectory(folder)) {
      throw new RefusedException("There is no directory " + folder + ".");
    }
    return new FileTree(folder.toRealPath());
  }

  /**
   * Returns whether this is the root file system of this machine. The programs in other trees
   * cannot be run.
   */
  boolean isThisMachine() {
    return root.equals(root.getRoot());
  }

  /** Returns the path of a file as seen by programs on the machine of this tree. */
  Path inside(Path file) {
    return Path.of("/").resolve(root.relativize(file));
  }

  /**
   * Returns a file in one of the server's directories. The path to the directory must not contain
   * links, but the file itself may be a link.
   *
   * @throws RefusedException if the path to the directory contains a link, because any user may own
   *     the link's target
   */
  Path direct(Path file) throws IOException, RefusedException {
    Path folder = file.getParent();
    if (folder != null && !resolve(inside(folder)).equals(folder)) {
      throw new RefusedException(
          file + " is reached through a link. Remedy: replace the link with a directory.");
    }
    return file;
  }

  /**
   * Resolves a path. In the result, no existing part is a link.
   *
   * @throws RefusedException if a link leads out of the tree, or the path contains a cycle of links
   */
  Path resolve(Path inside) throws IOException, RefusedException {
    Deque<Path> parts = new ArrayDeque<>();
    inside.forEach(parts::add);
    Path at = root;
    int links = 0;
    while (!parts.isEmpty()) {
      Path part = parts.pop();
      Path next = at.resolve(part).normalize();
      if (!next.startsWith(root)) {
        throw new RefusedException(inside + " leads out of " + root + ".");
      }
      if (Files.isSymbolicLink(next)) {
        if (++links > MAX_LINKS) {
          throw new RefusedException(inside + " in " + root + " has a cycle of links.");
        }
        Path target = Files.readSymbolicLink(next);
        if (target.isAbsolute()) {
          next = root;
        } else {
          next = at;
        }
        Deque<Path> rest = parts;
        parts = new ArrayDeque<>();
        target.forEach(parts::add);
        parts.addAll(rest);
      }
      at = next;
    }
    return at;
  }
}
