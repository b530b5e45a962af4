// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import io.pghello.plugin.internal.Texts;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Facts about a server and the role that logs in, read at the first contact.
 *
 * @param connectionLimit how many connections it has for ordinary roles
 * @param readCommitted whether transactions are so unless they say otherwise
 * @param powers what the role may, itself or by a role that it can become, and no rollback undoes;
 *     null if nothing
 * @param owner whether it owns tables or views
 */
public record Server(
    int connectionLimit, boolean readCommitted, @Nullable String powers, boolean owner) {
  private static final String QUERY = Texts.resource(Server.class, "server.sql");

  static Server of(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(QUERY);
        ResultSet result = statement.executeQuery()) {
      result.next();
      return new Server(
          result.getInt(1), result.getBoolean(2), result.getString(3), result.getBoolean(4));
    }
  }
}
