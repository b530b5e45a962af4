// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.*;
import org.junit.jupiter.api.*;

@ExtensionTest(extensions = "hstore", database = ExtensionTest.Scope.CLASS)
class ItemsIT {
  @BeforeAll
  static void createItems(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE item (id integer PRIMARY KEY, tags hstore)");
      statement.execute("INSERT INTO item VALUES (1, 'colour=>red'), (2, 'colour=>blue')");
    }
  }

  @Test
  void findsAColour(Connection connection) throws SQLException {
    String sql = "SELECT id FROM item WHERE tags @> 'colour=>blue'";
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      assertEquals(2, row.getInt(1));
    }
  }
}
