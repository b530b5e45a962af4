// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.Texts;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Set;

/**
 * Asks the server whether a query has no side effects, so that it can be rolled back: all names in
 * it can only refer to tables and to built-in functions without side effects. Other functions,
 * views, row security, domains and operators can run any code. So can the planner, which evaluates
 * expressions of indexes, constraints, partition keys and statistics of a table, its children and
 * its parents. The session's safety does not depend on the result.
 */
final class Harmless {
  /**
   * Returns true if no object that the names can refer to has side effects. Built-in functions that
   * are not volatile have none, except those that take names or queries as text, and run the
   * objects with these names.
   */
  private static final String QUERY = Texts.resource(Harmless.class, "harmless.sql");

  private Harmless() {}

  /**
   * Runs the check in one round trip.
   *
   * @param names all words and quoted names of the query, as stored by the server
   */
  static boolean ask(Connection connection, Set<String> names) throws SQLException {
    String all = Bindings.text(Json.of(names), true, "A name");
    try (PreparedStatement statement = connection.prepareStatement(QUERY)) {
      for (int i = 1; i <= 3; i++) {
        statement.setObject(i, all, Types.OTHER);
      }
      try (ResultSet result = statement.executeQuery()) {
        return result.next() && result.getBoolean(1);
      }
    }
  }
}
