// SPDX-License-Identifier: MIT
// region test
package com.example;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.*;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = "pg_trgm")
class TrigramTest {
  @Test
  void findsSimilarWords(Connection connection) throws SQLException {
    ResultSet row = connection.createStatement().executeQuery("SELECT 'PostgreSQL' % 'Postgres'");
    assertTrue(row.next() && row.getBoolean(1));
  }
}
// endregion
