// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.Installation;
import io.pghello.extension.testkit.ExtensionTest;
import java.sql.*;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = "pg_trgm")
class SimilarityIT {
  /** The functions that this program calls. */
  static final ExtensionDescription PG_TRGM =
      ExtensionDescription.builder("pg_trgm").function("similarity(text, text)", "real").build();

  @Test
  void comparesWords(Connection connection) throws SQLException {
    Installation found = PG_TRGM.inspect(connection).requireUsable();
    String sql = "SELECT %s.similarity(?::text, ?::text)".formatted(found.schema());
    try (PreparedStatement call = connection.prepareStatement(sql)) {
      call.setString(1, "word");
      call.setString(2, "words");
      ResultSet row = call.executeQuery();
      row.next();
      assertEquals(0.5714286f, row.getFloat(1));
    }
  }
}
