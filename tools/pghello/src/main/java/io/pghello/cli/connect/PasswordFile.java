// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import io.pghello.cli.output.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads passwords from a libpq password file. The driver also has a reader, but it accepts files
 * that other users can read, and ignores {@code HOME}.
 */
final class PasswordFile {
  /** The socket directory of the packages of Debian and Red Hat. */
  private static final String SOCKETS = "/var/run/postgresql";

  private static final Set<PosixFilePermission> PRIVATE =
      Set.of(
          PosixFilePermission.OWNER_READ,
          PosixFilePermission.OWNER_WRITE,
          PosixFilePermission.OWNER_EXECUTE);

  /** The files that were ignored with a warning. */
  private static final Set<Path> IGNORED = ConcurrentHashMap.newKeySet();

  private PasswordFile() {}

  /**
   * Returns the password from the first line that matches; null if there is no such line, or if the
   * file cannot be read. Prints a warning once if the file is ignored because other users have
   * access to it.
   *
   * @param host the name of a host or the directory of a Unix socket; the default directory matches
   *     lines for {@code localhost}
   */
  static @Nullable String find(Path file, String host, String port, String database, String user) {
    String[] values = {host.equals(SOCKETS) ? "localhost" : host, port, database, user};
    try {
      if (!Files.isReadable(file) || isIgnored(file)) {
        return null;
      }
      // The bytes are compared, because lines may be in any encoding.
      String text = Files.readString(file, StandardCharsets.ISO_8859_1);
      for (String line : text.split("\n", -1)) {
        String password =
            line.startsWith("#") ? null : password(line.replaceAll("\r+$", ""), values);
        if (password != null) {
          return decode(file, password);
        }
      }
      return null;
    } catch (IOException e) {
      throw Failure.unknown("cannot read " + file + ": " + Failure.reason(e));
    }
  }

  private static boolean isIgnored(Path file) throws IOException {
    String warning;
    if (!Files.isRegularFile(file)) {
      warning = "ignored the password file " + file + ": set PGPASSFILE to a plain file";
    } else if (Files.getFileStore(file).supportsFileAttributeView("posix")
        && !PRIVATE.containsAll(Files.getPosixFilePermissions(file))) {
      warning =
          "ignored the password file " + file + ", which other users can access: run chmod 600";
    } else {
      return false;
    }
    if (IGNORED.add(file)) {
      System.err.println("pghello: " + warning);
    }
    return true;
  }

  /** Returns the last field of a line if the other fields match; otherwise null. */
  private static @Nullable String password(String line, String[] values) {
    int at = 0;
    for (String value : values) {
      at = afterField(line, at, ServiceFile.bytes(value));
      if (at < 0) {
        return null;
      }
    }
    var password = new StringBuilder();
    for (; at < line.length() && line.charAt(at) != ':'; at++) {
      if (line.charAt(at) == '\\' && at + 1 < line.length()) {
        at++;
      }
      password.append(line.charAt(at));
    }
    return password.toString();
  }

  /** Returns the position after a field and its colon; -1 if the field does not match the value. */
  private static int afterField(String line, int begin, String value) {
    if (line.startsWith("*:", begin)) {
      return begin + 2;
    }
    int at = begin;
    int matched = 0;
    while (at < line.length()) {
      boolean isEscaped = line.charAt(at) == '\\';
      if (isEscaped) {
        at++;
      }
      if (!isEscaped && line.charAt(at) == ':' && matched == value.length()) {
        return at + 1;
      }
      if (at == line.length()
          || matched == value.length()
          || line.charAt(at) != value.charAt(matched)) {
        return -1;
      }
      at++;
      matched++;
    }
    return -1;
  }

  /** The driver sends passwords only as UTF-8. libpq sends the bytes of the file. */
  private static String decode(Path file, String bytes) {
    try {
      return ServiceFile.decoded(file + ", password", bytes);
    } catch (IllegalArgumentException e) {
      throw Failure.unknown(String.valueOf(e.getMessage()));
    }
  }
}
