// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.Installation;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.jdbc.PreferQueryMode;

/** Reads server parameters that are available from pgjdbc without a query. */
final class ServerParameters {
  private ServerParameters() {}

  /** Returns the encoding of the database; null if unknown. */
  static @Nullable String encoding(Connection connection) throws SQLException {
    return connection.isWrapperFor(PGConnection.class)
        ? connection.unwrap(PGConnection.class).getParameterStatus("server_encoding")
        : null;
  }

  /**
   * Returns whether a pooler may mix up the driver's prepared statements. This is possible if the
   * server process differs from the server process reported at login, and PgBouncer does not report
   * that it tracks prepared statements, as newer versions do.
   */
  static boolean mayMixUpStatements(Connection connection, Installation found) throws SQLException {
    if (found.isBehindTrackingPooler() || !connection.isWrapperFor(PGConnection.class)) {
      return false;
    }
    PGConnection driver = connection.unwrap(PGConnection.class);
    String tracked = driver.getParameterStatus("pgbouncer.max_prepared_statements");
    return driver.getBackendPID() != found.processId()
        && driver.getPrepareThreshold() != 0
        && driver.getPreferQueryMode() != PreferQueryMode.SIMPLE
        && (tracked == null || tracked.equals("0"))
        && !"session".equals(driver.getParameterStatus("pgbouncer.pool_mode"));
  }
}
