// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The statements that call what is installed.
 *
 * @param statements by function, for those that can be called
 * @param place which database, as which user; null for all
 */
record Installation(Map<Function, String> statements, @Nullable String place) {
  /** Takes it that all is in this schema. */
  static Installation at(String schema) {
    var statements = new EnumMap<Function, String>(Function.class);
    for (Function function : Function.values()) {
      statements.put(function, function.in(schema));
    }
    return new Installation(Collections.unmodifiableMap(statements), null);
  }

  /** Takes what the preflight found on this connection. */
  static Installation of(Preflight preflight, Connection connection) throws SQLException {
    var statements = new EnumMap<Function, String>(Function.class);
    for (Function function : Function.values()) {
      String schema = preflight.schema();
      if (schema != null && preflight.obstacle(function).isEmpty()) {
        statements.put(function, function.in(schema));
      }
    }
    return new Installation(Collections.unmodifiableMap(statements), place(connection));
  }

  @Nullable String statement(Function function) {
    return statements.get(function);
  }

  /** Is this connection one to the place where it was found? Takes no round trip. */
  boolean holdsFor(Connection connection) throws SQLException {
    return place == null || place.equals(place(connection));
  }

  private static String place(Connection connection) throws SQLException {
    DatabaseMetaData metaData = connection.getMetaData();
    return metaData.getUserName() + ' ' + metaData.getURL();
  }
}
