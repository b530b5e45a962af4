// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.*;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = "vector")
class NearestItemIT {
  @Test
  void findsTheNearestItem(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE item (id integer PRIMARY KEY, embedding vector(3))");
      statement.execute("INSERT INTO item VALUES (1, '[1,2,3]'), (2, '[4,5,6]')");
    }
    String sql = "SELECT id FROM item ORDER BY embedding <-> ?::vector LIMIT 1";
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, "[4,4,4]");
      ResultSet row = query.executeQuery();
      row.next();
      assertEquals(2, row.getInt(1));
    }
  }
}
