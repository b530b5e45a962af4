// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Runs queries that return a single column. */
public final class Query {
  private Query() {}

  /** Returns the first column of all rows. No value may be null. */
  public static List<String> values(Connection session, String sql, String... parameters)
      throws SQLException {
    try (PreparedStatement statement = session.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      var values = new ArrayList<String>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          values.add(rows.getString(1));
        }
      }
      return values;
    }
  }

  /** Returns the first column of the first row, which may be null; null if there is no row. */
  public static @Nullable String value(Connection session, String sql, String... parameters)
      throws SQLException {
    List<String> values = values(session, sql, parameters);
    return values.isEmpty() ? null : values.get(0);
  }

  /** Returns whether the first column of the first row is true. */
  public static boolean isTrue(Connection session, String sql, String... parameters)
      throws SQLException {
    return "t".equals(value(session, sql, parameters));
  }
}
