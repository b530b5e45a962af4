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
 * Asks the server whether a query has nothing to write, so that it may be undone: all objects that
 * its names may mean are tables and the server's own functions without effects. Functions of
 * others, views, row security, domains and operators may run any code. So may the planner, which
 * evaluates indexes, constraints, partition keys and statistics of a table, its children and its
 * parents. The session does not depend on the answer.
 */
final class Harmless {
  /**
   * The query: true if no object that a statement names can have an effect. Functions of the server
   * that are not volatile have none, but those that take names or queries as texts run the objects
   * of these names.
   */
  private static final String QUERY = Texts.resource(Harmless.class, "harmless.sql");

  private Harmless() {}

  /**
   * Asks, in a round trip.
   *
   * @param names all words and quoted names of the query, as the server keeps them
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
