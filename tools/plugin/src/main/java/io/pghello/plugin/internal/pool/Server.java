// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import io.pghello.plugin.internal.Texts;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Data about a server and the login role, queried when a pool is opened.
 *
 * @param connectionLimit the number of connections available to ordinary roles
 * @param readCommitted whether READ COMMITTED is the default isolation level
 * @param powers the privileges of the role, or of a role that it can become, that allow changes
 *     that a rollback does not undo; null if there are none
 * @param owner whether the role, or a role that it can become, owns tables or views
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
