// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.cache;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Checks who owns files, and which other users could replace them. */
public final class OwnFiles {
  private static final int STICKY = 01000;

  private OwnFiles() {}

  /** Returns the user of this JVM. The user may not have a name. */
  public static UserPrincipal user() throws IOException {
    return user(Path.of("/proc/self"));
  }

  /**
   * Returns the owner of this JVM's process. If the system has no {@code /proc}, returns the owner
   * of a file that this method creates and deletes: on Windows, not every user can be looked up by
   * name.
   */
  public static UserPrincipal user(Path process) throws IOException {
    if (Files.exists(process)) {
      return Files.getOwner(process);
    }
    Path file = Files.createTempFile("pg-hello-", ".owner");
    try {
      return Files.getOwner(file);
    } finally {
      Files.delete(file);
    }
  }

  /** Returns whether the user of this JVM is root. */
  public static boolean isRoot() throws IOException {
    return isRoot(user());
  }

  public static boolean isRoot(UserPrincipal user) {
    return user.getName().equals("root");
  }

  /** Returns whether a path is a directory of this user, and not a link. */
  public static boolean belongsToUser(Path folder) throws IOException {
    return Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
        && isOwnedBy(user(), Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS));
  }

  /**
   * Returns whether a user owns a file. On Windows, accepts every group as the owner: the
   * Administrators group owns files created by an administrator, and other users cannot assign
   * files to a group.
   */
  static boolean isOwnedBy(UserPrincipal user, UserPrincipal owner) {
    return owner.equals(user) || owner instanceof GroupPrincipal;
  }

  /** Returns a user's name for use in file names. On Windows, the name contains the domain. */
  static String fileName(UserPrincipal user) {
    return user.getName().replace('\\', '-');
  }

  /**
   * Returns a file in a directory that neither this directory's owner nor root owns; null if there
   * is none. Another user may have put it there before the directory was closed.
   */
  static @Nullable Path foreignFile(Path folder) throws IOException {
    int owner = (int) Files.getAttribute(folder, "unix:uid");
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        try {
          int uid = (int) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
          if (uid != owner && uid != 0) {
            return file;
          }
        } catch (NoSuchFileException e) {
          // Another process has removed the file.
        }
      }
    }
    return null;
  }

  /**
   * Returns the reason why another user (except root) could replace files in a directory; null if
   * no other user could.
   */
  static @Nullable String danger(Path folder) throws IOException {
    return Platform.POSIX ? danger(folder, user()) : null;
  }

  /**
   * Returns the reason why a user other than root and the given user could replace a directory or
   * files in it; null if no such user could. Checks the directory and its parent directories, after
   * resolving links.
   */
  static @Nullable String danger(Path folder, UserPrincipal user) throws IOException {
    for (Path each = folder.toRealPath(); each != null; each = each.getParent()) {
      boolean owned = Files.getOwner(each).equals(user);
      if (!owned && (int) Files.getAttribute(each, "unix:uid") != 0) {
        return "the owner of " + each + " is neither you nor root, and could replace its contents";
      }
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(each);
      // many systems have a separate group for each user, so group write access to the user's own
      // directories is safe
      boolean others =
          permissions.contains(PosixFilePermission.OTHERS_WRITE)
              || (!owned && permissions.contains(PosixFilePermission.GROUP_WRITE));
      if (others && ((int) Files.getAttribute(each, "unix:mode") & STICKY) == 0) {
        return "other users can rename the contents of " + each + ", which has no sticky bit";
      }
    }
    return null;
  }

  /** Returns whether only the owner can access a directory. */
  static boolean isClosed(Path folder) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)).endsWith("------");
  }
}
