// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.Texts;
import io.pghello.plugin.internal.pool.PlainQueries.Effects;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Set;

/**
 * Determines whether a query has no side effects and can therefore be rolled back. A query has no
 * side effects if its names can refer only to tables and to built-in functions without side
 * effects. Other functions, views, row-level security, domains and operators can run any code. The
 * planner can also run any code, because it evaluates expressions in the indexes, constraints,
 * partition keys and statistics of a table, its children and its parents.
 *
 * <p>The owner of a table can add side effects at any time, so a query on the table is rolled back.
 * The rollback is not necessary if only the connection's own role and superusers can add side
 * effects. For this to be true, these roles must own the tables, the tables' types, the schemas in
 * which names are resolved, the database, and all C functions. Also, no other role may be able to
 * create objects in these schemas, and all index support functions must be C or internal functions,
 * because functions in other languages could call functions of any role.
 */
final class SideEffectCheck {
  /**
   * Query that returns whether all objects with these names have no side effects, and whether only
   * the current role and superusers can change that. Built-in functions that are not volatile have
   * no side effects, except functions that accept names or queries as text, and run the named
   * objects or the queries.
   */
  private static final String QUERY = Texts.resource(SideEffectCheck.class, "harmless.sql");

  private SideEffectCheck() {}

  /**
   * Runs the check in one round trip.
   *
   * @param names all words and quoted names in the query, as the server stores them
   */
  static Effects run(Connection connection, Set<String> names) throws SQLException {
    String all = Bindings.text(Json.of(names), ",", "A name");
    try (PreparedStatement statement = connection.prepareStatement(QUERY)) {
      statement.setObject(1, all, Types.OTHER);
      try (ResultSet result = statement.executeQuery()) {
        if (!result.next() || !result.getBoolean(1)) {
          return Effects.POSSIBLE;
        }
        return result.getBoolean(2) ? Effects.NONE : Effects.NONE_YET;
      }
    }
  }
}
