// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionTest.Scope;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** A fresh database with the extension for each test. */
@PgHelloTest
class PgHelloTestIT {
  // region test
  @Test
  void greets(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_hello('Ada')")) {
      row.next();
      assertThat(row.getString(1)).isEqualTo("Hello, Ada!");
    }
  }

  // endregion

  @Nested
  @PgHelloTest(database = Scope.CLASS)
  class PerClass {
    private static final Set<String> NAMES = new HashSet<>();

    @RepeatedTest(2)
    void sharesOneDatabase(TestDatabase database) {
      NAMES.add(database.name());
      assertThat(NAMES).hasSize(1);
    }
  }

  @Nested
  @PgHelloTest(create = false)
  class Bare {
    @Test
    void letsTheOwnerCreateTheExtension(Connection connection) throws SQLException {
      assertThat(ask(connection, "SELECT to_regproc('pg_hello') IS NULL")).isEqualTo("t");
      try (Statement statement = connection.createStatement()) {
        statement.execute("CREATE EXTENSION pg_hello");
      }
      assertThat(ask(connection, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
    }
  }

  /** The server reports the setting to drivers when a session loads the library. */
  @Test
  void reportsItsSettingToClients(TestDatabase database) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      assertThat(ask(connection, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
      statement.execute("SET pg_hello.repeat = 3");
      assertThat(reportedRepeat(connection)).isEqualTo("3");
    }
    String alter = "ALTER DATABASE " + database.name() + " SET ";
    try (Connection superuser = database.superuserDataSource().getConnection();
        Statement statement = superuser.createStatement()) {
      statement.execute(alter + "session_preload_libraries = 'pg_hello'");
      statement.execute(alter + "pg_hello.repeat = 4");
    }
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      assertThat(reportedRepeat(connection)).isEqualTo("4");
      statement.execute("SET pg_hello.repeat = 5");
      assertThat(reportedRepeat(connection)).isEqualTo("5");
    }
  }

  private static @Nullable String reportedRepeat(Connection connection) throws SQLException {
    return connection.unwrap(PGConnection.class).getParameterStatus("pg_hello.repeat");
  }

  static String ask(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      return ask(connection, sql);
    }
  }

  static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  /** Queries until the result is as expected, for up to 30 seconds. */
  static void awaitAnswer(DataSource dataSource, String sql, String expected) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      String answer = ask(connection, sql);
      while (!expected.equals(answer) && System.nanoTime() < end) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        answer = ask(connection, sql);
      }
      assertThat(answer).isEqualTo(expected);
    }
  }
}
