// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Executes the SQL statements that benchmarks need. */
public final class Sql {
  private Sql() {}

  /** Reads a column of a row. */
  public interface Reader<T> {
    T read(ResultSet row) throws SQLException;
  }

  public static void execute(Connection connection, String... statements) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  /**
   * Returns the first column of the first row. Uses no lambda, because lambdas would slow down a
   * new JVM.
   */
  public static String text(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  /** Runs a query, and returns the value that the reader reads from the first row. */
  public static <T> T query(
      Connection connection, String sql, Reader<T> reader, Object... parameters)
      throws SQLException {
    try (PreparedStatement statement = prepare(connection, sql, parameters);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return reader.read(row);
    }
  }

  /** Prepares a statement with these parameters. */
  public static PreparedStatement prepare(Connection connection, String sql, Object... parameters)
      throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    for (int i = 0; i < parameters.length; i++) {
      statement.setObject(i + 1, parameters[i]);
    }
    return statement;
  }

  /** Throws unless the query returns true. */
  public static void requireTrue(Connection connection, String sql, Object... parameters)
      throws SQLException {
    if (!query(connection, sql, row -> row.getBoolean(1), parameters)) {
      throw new IllegalStateException("the query did not return true: " + sql);
    }
  }
}
