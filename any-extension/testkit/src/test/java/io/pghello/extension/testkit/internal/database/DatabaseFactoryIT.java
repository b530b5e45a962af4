// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DatabaseFactoryIT {
  /** A role with the generated name may already exist on the server. */
  @Test
  void keepsDatabasesOfARoleThatItHasNotCreated() throws SQLException {
    var names = new DatabaseNames(DatabaseNames.PREFIX, "others", List.of());
    try (ExtensionServer server = ExtensionServer.builder().start();
        TestDatabase database = server.createDatabase();
        var others = DatabaseFactory.embedded(server.port(), server.password(), names)) {
      assertThatThrownBy(others::prepare)
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("already exists");
      others.dismantle();
      try (Connection connection = database.dataSource().getConnection()) {
        assertThat(connection.isValid(20)).isTrue();
      }
    }
  }

  /** If one database cannot be dropped, all others are still dropped from an existing server. */
  @Test
  void dropsTheOthersIfOneCannotBeDropped() throws SQLException {
    var names = new DatabaseNames("kept", "kept", List.of());
    try (ExtensionServer server = ExtensionServer.builder().start();
        var kept = DatabaseFactory.embedded(server.port(), server.password(), names);
        Connection superuser = kept.dataSource("postgres", kept.superuser()).getConnection();
        Statement statement = superuser.createStatement()) {
      kept.prepare();
      String template = "ALTER DATABASE kept_a_first IS_TEMPLATE ";
      statement.execute("CREATE DATABASE kept_a_first OWNER kept");
      statement.execute(template + "true");
      statement.execute("CREATE DATABASE kept_b OWNER kept");
      assertThatThrownBy(kept::dismantle)
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("cannot drop a template database");
      assertThat(left(statement)).containsExactly("kept_a_first");
      statement.execute(template + "false");
      kept.dismantle();
      assertThat(left(statement)).isEmpty();
    }
  }

  /** Extensions such as postgis_tiger_geocoder set the search path of their database. */
  @Test
  void copiesTheSettingsOfTheTemplate() throws SQLException {
    var names = new DatabaseNames("sets", "sets", List.of());
    try (ExtensionServer server = ExtensionServer.builder().start();
        var factory = DatabaseFactory.embedded(server.port(), server.password(), names)) {
      factory.prepare();
      String template = factory.create(false);
      try (Connection superuser =
              factory.dataSource("postgres", factory.superuser()).getConnection();
          Statement statement = superuser.createStatement()) {
        String alter = "ALTER DATABASE \"" + template + "\" SET ";
        statement.execute(alter + "search_path = \"$user\", \"a 'b'\", public");
        statement.execute(alter + "acme.unit = 'sea ''mile'");
        statement.execute(
            "ALTER ROLE \""
                + factory.owner().user()
                + "\" IN DATABASE \""
                + template
                + "\" SET work_mem = '5MB'");
      }
      String copy = factory.copy(template);
      try (Connection connection = factory.dataSource(copy, factory.owner()).getConnection();
          Statement statement = connection.createStatement();
          ResultSet row =
              statement.executeQuery(
                  "SELECT current_setting('search_path'), current_setting('acme.unit'),"
                      + " current_setting('work_mem')")) {
        row.next();
        assertThat(row.getString(1)).isEqualTo("\"$user\", \"a 'b'\", public");
        assertThat(row.getString(2)).isEqualTo("sea 'mile");
        assertThat(row.getString(3)).isEqualTo("5MB");
      }
      factory.dismantle();
    }
  }

  private static List<String> left(Statement statement) throws SQLException {
    var left = new ArrayList<String>();
    try (ResultSet rows =
        statement.executeQuery("SELECT datname FROM pg_database WHERE datname LIKE 'kept%'")) {
      while (rows.next()) {
        left.add(rows.getString(1));
      }
    }
    return left;
  }
}
