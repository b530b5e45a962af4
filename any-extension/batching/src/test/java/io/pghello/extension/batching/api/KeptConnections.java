// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.api;

import io.pghello.extension.batching.ConnectionSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import javax.sql.DataSource;

/** A pool that hands out its connections without validating them. */
final class KeptConnections implements ConnectionSource, AutoCloseable {
  private final DataSource dataSource;
  private final Deque<Connection> idle = new ArrayDeque<>();

  /** Opens a number of connections. */
  KeptConnections(DataSource dataSource, int number) throws SQLException {
    this.dataSource = dataSource;
    for (int i = 0; i < number; i++) {
      idle.add(dataSource.getConnection());
    }
  }

  @Override
  public synchronized Connection getConnection() throws SQLException {
    return idle.isEmpty() ? dataSource.getConnection() : idle.remove();
  }

  @Override
  public synchronized void release(Connection connection) throws SQLException {
    if (!connection.isClosed()) {
      idle.add(connection);
    }
  }

  @Override
  public synchronized void close() throws SQLException {
    for (Connection connection : idle) {
      connection.close();
    }
    idle.clear();
  }
}
