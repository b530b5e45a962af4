// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;

/**
 * The driver's network timeout. It ends a statement only if the JVM cannot start a thread for the
 * {@link DeadlineMonitor}.
 */
record NetworkTimeout(Connection connection, int millis) implements AutoCloseable {
  static NetworkTimeout of(Connection connection) throws SQLException {
    return new NetworkTimeout(connection, connection.getNetworkTimeout());
  }

  /** Limits the network timeout of a connection. A shorter timeout is kept. */
  static void limit(Connection connection, long nanos) throws SQLException {
    long limit = Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos));
    int known = connection.getNetworkTimeout();
    if (known == 0 || known > limit) {
      connection.setNetworkTimeout(Runnable::run, (int) Math.min(limit, Integer.MAX_VALUE));
    }
  }

  /** Restores the connection's network timeout. */
  @Override
  public void close() {
    try {
      if (connection.getNetworkTimeout() != millis) {
        connection.setNetworkTimeout(Runnable::run, millis);
      }
    } catch (SQLException ignored) {
      // this needs no round trip, so an error means that the connection is closed
    }
  }
}
