// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A superuser connection that stays open, because connecting takes longer than running the
 * testkit's short statements. After a restart of the server, a new connection is opened.
 *
 * <p>Thread-safe. Statements run one at a time.
 */
final class AdminConnection implements AutoCloseable {
  private static final int VALID_SECONDS = 5;

  /** The SQLSTATE of a server that is starting or recovering from a crash. */
  private static final String CANNOT_CONNECT_NOW = "57P03";

  private static final long RECOVERY_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private final ReentrantLock lock = new ReentrantLock();
  private final DataSource dataSource;
  private @Nullable Connection connection;

  AdminConnection(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  /**
   * Executes a statement and returns the number in the first column of its result, or 0 if there is
   * no result.
   */
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

  /** Waits until the server accepts connections again after a crash. */
  void awaitServer() throws SQLException {
    lock.lock();
    try {
      var unused = connection();
    } finally {
      lock.unlock();
    }
  }

  private Connection connection() throws SQLException {
    Connection kept = connection;
    if (kept == null || !kept.isValid(VALID_SECONDS)) {
      close();
      kept = open();
      connection = kept;
    }
    return kept;
  }

  private Connection open() throws SQLException {
    long end = System.nanoTime() + RECOVERY_NANOS;
    while (true) {
      try {
        return dataSource.getConnection();
      } catch (SQLException e) {
        if (!CANNOT_CONNECT_NOW.equals(e.getSQLState())
            || Thread.currentThread().isInterrupted()
            || System.nanoTime() > end) {
          throw e;
        }
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (connection != null) {
        connection.close();
      }
    } catch (SQLException e) {
      // the server has stopped
      return;
    } finally {
      connection = null;
      lock.unlock();
    }
  }
}
