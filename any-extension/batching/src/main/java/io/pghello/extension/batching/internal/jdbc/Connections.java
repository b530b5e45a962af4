// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.ConnectionSource;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.SQLException;

/** Releases and aborts connections. Errors are logged, because they must not hide a call's own. */
final class Connections {
  private static final Logger LOG = System.getLogger("io.pghello.extension.batching");

  private Connections() {}

  /**
   * Releases a connection.
   *
   * @param aborted whether the connection was aborted, so that a failure is expected
   */
  static void release(ConnectionSource source, Connection connection, boolean aborted) {
    try {
      source.release(connection);
    } catch (SQLException | RuntimeException e) {
      // the outcome of the call is more important
      LOG.log(
          aborted ? Level.DEBUG : Level.WARNING,
          "A connection could not be released and may remain open in the pool",
          e);
    }
  }

  /**
   * Returns whether a connection is closed. The SQLSTATE does not show this, because pools report
   * no SQLSTATE for connections that they have closed.
   */
  static boolean isClosed(Connection connection) {
    try {
      return connection.isClosed();
    } catch (SQLException e) {
      return true;
    }
  }

  /**
   * Closes a connection immediately, even if it is in use, because a part of a message may have
   * been sent. Pools notice the closed connection when it is returned.
   */
  static void abort(Connection connection) {
    try {
      connection.abort(Runnable::run);
    } catch (SQLException | RuntimeException e) {
      LOG.log(
          Level.WARNING,
          "A connection in an unknown state could not be closed and may remain open in the pool",
          e);
    }
  }
}
