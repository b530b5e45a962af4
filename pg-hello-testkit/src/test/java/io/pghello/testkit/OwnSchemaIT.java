// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;

/** A schema of the program's own in the database of each test. */
@PgHelloTest
class OwnSchemaIT {
  // region schema
  @BeforeEach
  void createTables(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE person (name text PRIMARY KEY)");
    }
  }

  // endregion

  @RepeatedTest(2)
  void hasItsTablesWithoutTheRowsOfOthers(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      assertThat(statement.executeUpdate("INSERT INTO person VALUES ('Ada')")).isEqualTo(1);
    }
  }
}
