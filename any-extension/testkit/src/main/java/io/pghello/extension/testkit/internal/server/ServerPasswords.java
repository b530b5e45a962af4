// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.database.ScramVerifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.List;

/** Random passwords of an embedded server, and the files that contain them. */
final class ServerPasswords {
  private ServerPasswords() {}

  /** Sets the same new password for all given roles, and returns the password. */
  static String change(Connection superuser, List<String> roles) throws SQLException {
    String secret = random();
    // the server's log must not contain the password
    String verifier = ScramVerifier.of(secret);
    var changes = new StringBuilder();
    for (String role : roles) {
      changes
          .append("ALTER ROLE \"")
          .append(role)
          .append("\" PASSWORD '")
          .append(verifier)
          .append("';");
    }
    try (Statement statement = superuser.createStatement()) {
      statement.execute(changes.toString());
    }
    return secret;
  }

  static String random() {
    byte[] random = new byte[16];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  /** Writes a password file that only this user can read, even while it is being created. */
  static void write(Path file, String password) throws IOException {
    Files.deleteIfExists(file);
    if (Platform.POSIX) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    Files.writeString(file, password);
  }

  /** Allows only TCP connections from this machine, with a password. */
  static void writeHbaFile(Path data) throws IOException {
    Files.writeString(
        data.resolve("pg_hba.conf"),
        """
        # md5 accepts passwords that are stored for SCRAM, and the md5 passwords of roles that tests create
        host all all 127.0.0.1/32 md5
        host all all ::1/128 md5
        """);
  }
}
