// SPDX-License-Identifier: MIT
package io.pghello.extensions;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.Superuser;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.postgresql.util.PGobject;

/** Creates and queries a graph with Cypher through JDBC. */
@ExtensionTest(extensions = "age")
class AgeIT {
  @Test
  void findsNeighboursOfAPerson(@Superuser Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("LOAD 'age'"); // each session needs this
      statement.execute("SET search_path = ag_catalog, \"$user\", public");
      statement.execute("SELECT create_graph('people')");
      statement.execute(
          "SELECT * FROM cypher('people', $$"
              + " CREATE (ada:Person {name: 'Ada', age: 36}),"
              + " (ada)-[:KNOWS {since: 1833}]->(:Person {name: 'Charles'}),"
              + " (ada)-[:KNOWS {since: 1834}]->(:Person {name: 'Mary'})"
              + " $$) AS (none agtype)");
    }
    assertThat(known(connection, "Ada")).containsExactly("\"Charles\"", "\"Mary\"");
    assertThat(known(connection, "Mary")).isEmpty();
  }

  /** Passes the name as a parameter of the Cypher query. */
  private static List<String> known(Connection connection, String name) throws SQLException {
    var parameters = new PGobject();
    parameters.setType("agtype");
    parameters.setValue("{\"name\": \"" + name + "\"}");
    var known = new ArrayList<String>();
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT name FROM cypher('people', $$"
                + " MATCH (:Person {name: $name})-[:KNOWS]->(other:Person) RETURN other.name ORDER BY other.name"
                + " $$, ?) AS (name agtype)")) {
      query.setObject(1, parameters);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          known.add(row.getString(1));
        }
      }
    }
    return known;
  }
}
