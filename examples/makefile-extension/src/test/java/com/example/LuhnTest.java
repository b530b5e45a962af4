// SPDX-License-Identifier: MIT
// region test
package com.example;

import static org.junit.jupiter.api.Assertions.*;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.*;
import org.junit.jupiter.api.*;

@ExtensionTest(extensions = "luhn")
class LuhnTest {
  @Test
  void findsAWrongDigit(Connection connection) throws SQLException {
    assertTrue(isValid(connection, "4539578763621486"));
    assertFalse(isValid(connection, "4539578763621487"));
  }

  @Test
  void rejectsLetters(Connection connection) {
    var error = assertThrows(SQLException.class, () -> isValid(connection, "4539x"));
    assertEquals("22P02", error.getSQLState());
  }

  private static boolean isValid(Connection connection, String digits) throws SQLException {
    try (var query = connection.prepareStatement("SELECT luhn_is_valid(?)")) {
      query.setString(1, digits);
      ResultSet row = query.executeQuery();
      row.next();
      return row.getBoolean(1);
    }
  }
}
// endregion
