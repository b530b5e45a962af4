// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.ConnectionSource;
import java.sql.Connection;

/** A connection that belongs to the caller. */
record CallerConnection(Connection connection) implements ConnectionSource {
  @Override
  public Connection getConnection() {
    return connection;
  }

  @Override
  public void release(Connection connection) {}

  @Override
  public boolean mayJoinBatch() {
    return false;
  }

  @Override
  public String toString() {
    return "own connection";
  }
}
