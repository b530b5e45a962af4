// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

// region test
@HstoreTest(scripts = "db/people.sql")
// endregion
class AuthorsIT {
  @Test
  void findsAuthors(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT name FROM person WHERE tags -> 'role' = 'author'")) {
      row.next();
      assertEquals("Ada", row.getString(1));
    }
  }
}
