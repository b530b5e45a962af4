// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.locks.ReentrantLock;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A superuser's connection that is kept, since to open one takes longer than what is done with it.
 * It is opened again where the server has been stopped meanwhile.
 *
 * <p>Thread-safe; one statement runs at a time.
 */
final class AdminConnection implements AutoCloseable {
  private static final int VALID_SECONDS = 5;

  private final ReentrantLock lock = new ReentrantLock();
  private final DataSource dataSource;
  private @Nullable Connection connection;

  AdminConnection(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  /** Executes a statement, and returns the number in the first column of its result, if any. */
  long execute(String sql) throws SQLException {
    lock.lock();
    try (Statement statement = connection().createStatement()) {
      if (!statement.execute(sql)) {
        return 0;
      }
      try (ResultSet row = statement.getResultSet()) {
        return row.next() ? row.getLong(1) : 0;
      }
    } finally {
      lock.unlock();
    }
  }

  private Connection connection() throws SQLException {
    Connection kept = connection;
    if (kept == null || !kept.isValid(VALID_SECONDS)) {
      close();
      kept = dataSource.getConnection();
      connection = kept;
    }
    return kept;
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (connection != null) {
        connection.close();
      }
    } catch (SQLException e) {
      // of a server that has gone
      return;
    } finally {
      connection = null;
      lock.unlock();
    }
  }
}
