// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/** Queries the database, and waits for conditions. */
final class Waits {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private Waits() {}

  /** Waits until the given number of sessions are running {@code pg_sleep(600)}. */
  static void untilSleeping(DataSource source, int expected) throws SQLException {
    long begun = System.nanoTime();
    while (sleeping(source) != expected) {
      if (System.nanoTime() - begun > LIMIT.toNanos()) {
        throw new AssertionError(sleeping(source) + " sessions sleep, not " + expected);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }

  private static int sleeping(DataSource source) throws SQLException {
    return Integer.parseInt(
        value(
            source,
            "select count(*) from pg_stat_activity where state = 'active' and datname ="
                + " current_database() and pid <> pg_backend_pid() and query like '%pg_sleep(600)%'"));
  }

  static String value(DataSource source, String sql) throws SQLException {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return String.valueOf(result.getString(1));
    }
  }

  static void run(DataSource source, String... statements) throws SQLException {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }
}
