// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Objects;
import java.util.Set;

/** Checks the permissions of directories that the installer writes to. */
final class DirectoryPermissions {
  private DirectoryPermissions() {}

  /**
   * Rejects a directory that is not writable. If the installer runs as root, also rejects a
   * directory that another user can change.
   */
  static void requireWritable(Path folder) throws IOException, RefusedException {
    Path present = folder;
    while (!Files.exists(present, LinkOption.NOFOLLOW_LINKS)) {
      present = Objects.requireNonNull(present.getParent());
    }
    if (!Files.isDirectory(present, LinkOption.NOFOLLOW_LINKS)) {
      throw new RefusedException(present + " is not a directory, or is a link to one.");
    }
    if (isRoot()) {
      requireOnlyRootsOwn(present);
    }
    if (!Files.isWritable(present)) {
      throw new RefusedException(
          isRoot()
              ? "Cannot write to "
                  + present
                  + ": its file system is read-only. Mount it for writing; in a container, add the extension to"
                  + " the image."
              : "No permission to write to "
                  + present
                  + ". Remedy: run the installer as the owner of this directory, "
                  + Files.getOwner(present)
                  + ", e.g. with sudo"
                  + (Files.getOwner(present).getName().equals("root")
                      ? "."
                      : " -u " + Files.getOwner(present) + "."));
    }
  }

  /**
   * Rejects a directory that another user can change, because that user could redirect root's
   * writes with a link.
   */
  static void requireOnlyRootsOwn(Path folder) throws IOException, RefusedException {
    for (Path each = folder; each != null; each = each.getParent()) {
      PosixFileAttributes attributes =
          Files.readAttributes(each, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      Set<PosixFilePermission> permissions = attributes.permissions();
      // in a directory with the sticky bit, such as /tmp, other users cannot rename root's files
      boolean sticky = (number(each, "unix:mode") & 01000) != 0;
      boolean owned = number(each, "unix:uid") == 0;
      // if the directory has an access control list, the group's permissions cover its entries
      boolean others =
          permissions.contains(PosixFilePermission.OTHERS_WRITE)
              || permissions.contains(PosixFilePermission.GROUP_WRITE);
      if (!owned || (others && !(sticky && !each.equals(folder)))) {
        throw new RefusedException(
            each
                + " can be changed by users other than root ("
                + (owned ? "its group or all users" : attributes.owner().getName())
                + "), who could redirect root's writes. Remedy: "
                + (owned
                    ? "chmod go-w " + each + "."
                    : "run the installer as its owner: sudo -u "
                        + attributes.owner().getName()
                        + " ..."));
      }
    }
  }

  private static int number(Path file, String attribute) throws IOException {
    return (int) Files.getAttribute(file, attribute, LinkOption.NOFOLLOW_LINKS);
  }

  private static boolean isRoot() throws IOException {
    Path self = Path.of("/proc/self");
    return Files.exists(self)
        ? (int) Files.getAttribute(self, "unix:uid") == 0
        : "root".equals(System.getProperty("user.name"));
  }
}
