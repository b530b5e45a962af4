// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = {"pg_trgm", "hstore"})
class ResultsIT {
  @Test
  void readsAnArray(Connection connection) throws SQLException {
    try (PreparedStatement call = connection.prepareStatement("SELECT show_trgm(?)")) {
      call.setString(1, "word");
      ResultSet row = call.executeQuery();
      row.next();
      String[] trigrams = (String[]) row.getArray(1).getArray();
      assertArrayEquals(new String[] {"  w", " wo", "ord", "rd ", "wor"}, trigrams);
    }
  }

  @Test
  void passesArrays(Connection connection) throws SQLException {
    try (PreparedStatement call = connection.prepareStatement("SELECT hstore(?, ?) -> 'b'")) {
      call.setArray(1, connection.createArrayOf("text", new String[] {"a", "b"}));
      call.setArray(2, connection.createArrayOf("text", new String[] {"1", "2"}));
      ResultSet row = call.executeQuery();
      row.next();
      assertEquals("2", row.getString(1));
    }
  }

  /** The two OUT arguments of each(hstore) are columns; it returns several rows. */
  @Test
  void readsATable(Connection connection) throws SQLException {
    var pairs = new TreeMap<String, String>();
    String sql = "SELECT key, value FROM each(?::hstore)";
    try (PreparedStatement call = connection.prepareStatement(sql)) {
      call.setString(1, "a=>1, b=>2");
      try (ResultSet rows = call.executeQuery()) {
        while (rows.next()) {
          pairs.put(rows.getString("key"), rows.getString("value"));
        }
      }
    }
    assertEquals(Map.of("a", "1", "b", "2"), pairs);
  }
}
