// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

/** The test that README.md shows. */
// region test
@ExtensionTest(extensions = "pg_trgm")
class TrigramTest {
  @Test
  void comparesWords(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT similarity('PostgreSQL', 'Postgres')")) {
      row.next();
      assertThat(row.getDouble(1)).isGreaterThan(0.5);
    }
  }
}
// endregion
