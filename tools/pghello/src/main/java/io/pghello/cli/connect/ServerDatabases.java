// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import io.pghello.cli.output.Failure;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The databases of a server that accept connections. */
public final class ServerDatabases {
  private ServerDatabases() {}

  /**
   * Returns the named databases, or throws if one of them does not exist, does not accept
   * connections, or is {@code template1}. Without names, returns all databases except templates,
   * leftovers of restores, and databases that an interrupted DROP DATABASE has made unusable.
   */
  public static List<String> choose(Connection connection, List<String> named) throws SQLException {
    var all = new ArrayList<String>();
    var usual = new ArrayList<String>();
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT datname, NOT datistemplate AND datname !~ '^pghello_restore_' AND datconnlimit <> -2 FROM pg_database"
                    + " WHERE datallowconn AND datname <> 'template1' ORDER BY 1")) {
      while (rows.next()) {
        all.add(rows.getString(1));
        if (rows.getBoolean(2)) {
          usual.add(rows.getString(1));
        }
      }
    }
    for (String name : named) {
      Failure.throwIf(!all.contains(name), "there is no database \"" + name + "\" on this server");
    }
    return named.isEmpty() ? usual : named.stream().distinct().toList();
  }

  /** Returns the version of pg_hello in the database of a session; null if it is not installed. */
  public static @Nullable String extensionVersion(Connection session) throws SQLException {
    return Query.value(session, "SELECT extversion FROM pg_extension WHERE extname = 'pg_hello'");
  }
}
