// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.*;
import org.junit.jupiter.api.RepeatedTest;

@ExtensionTest(extensions = "hstore", scripts = "db/people.sql")
class PeopleIT {
  @RepeatedTest(2)
  void deletesAdmins(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      assertEquals(1, statement.executeUpdate("DELETE FROM person WHERE tags -> 'role' = 'admin'"));
    }
  }
}
