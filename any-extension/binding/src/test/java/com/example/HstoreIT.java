// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.*;
import java.util.Map;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = "hstore")
class HstoreIT {
  @Test
  void passesAndReadsMaps(Connection connection) throws SQLException {
    try (var query = connection.prepareStatement("SELECT ? || hstore('size', 'XL')")) {
      query.setObject(1, Map.of("colour", "red"));
      ResultSet row = query.executeQuery();
      row.next();
      assertEquals(Map.of("colour", "red", "size", "XL"), row.getObject(1));
    }
  }
}
