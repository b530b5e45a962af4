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
 * Asks the server whether a query can only read: all that its names may mean are tables and the
 * server's own functions, of which none can change a session. A function of somebody else, a view,
 * row security, a domain or an operator may run any code, whose effects no text tells. So may what
 * the planner evaluates of a table and its children: indexes, constraints, partition keys and
 * statistics.
 */
final class Harmless {
  /**
   * The query: true if nothing that a statement names can change the session. Functions of the
   * server that are not volatile change nothing, but those that take names or queries as texts run
   * what these mean.
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
