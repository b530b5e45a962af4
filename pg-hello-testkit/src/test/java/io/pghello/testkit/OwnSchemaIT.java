// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static io.pghello.extension.testkit.ExtensionTest.Scope.CLASS;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.FlywayMigrations;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Set;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;

/** An application's schema in each test's database. */
class OwnSchemaIT {
  // region scripts
  @PgHelloTest(scripts = "db/schema.sql")
  // endregion
  @Nested
  class OfScripts {
    @RepeatedTest(2)
    void hasItsTablesWithoutRowsOfOtherTests(Connection connection) throws SQLException {
      requireRowsOfThisTest(connection);
    }
  }

  // region flyway
  @PgHelloTest(preparer = FlywayMigrations.class)
  // endregion
  @Nested
  class OfFlyway {
    @RepeatedTest(2)
    void hasItsTablesWithoutRowsOfOtherTests(Connection connection) throws SQLException {
      requireRowsOfThisTest(connection);
    }

    /** Runs the migrations again, as an application does at startup. */
    @RepeatedTest(2)
    void hasNothingLeftToMigrate(DataSource dataSource) {
      assertThat(Flyway.configure().dataSource(dataSource).load().migrate().migrationsExecuted)
          .isZero();
    }
  }

  private static void requireRowsOfThisTest(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      assertThat(statement.executeUpdate("INSERT INTO person VALUES ('Bob')")).isEqualTo(1);
      try (ResultSet row = statement.executeQuery("SELECT count(*), max(greeting) FROM person")) {
        row.next();
        assertThat(row.getInt(1)).isEqualTo(2);
        assertThat(row.getString(2)).isEqualTo("Hello, Ada!");
      }
    }
  }

  @Nested
  @PgHelloTest
  class OfMethod {
    // region schema
    @BeforeEach
    void createTables(Connection connection) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE person (name text PRIMARY KEY)");
      }
    }

    // endregion

    @RepeatedTest(2)
    void hasItsTablesWithoutRowsOfOtherTests(Connection connection) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        assertThat(statement.executeUpdate("INSERT INTO person VALUES ('Ada')")).isEqualTo(1);
      }
    }
  }

  private static final Set<String> NAMES = new HashSet<>();

  // region class
  @PgHelloTest(database = CLASS, scripts = "db/schema.sql")
  // endregion
  @Nested
  class OfClass {
    @RepeatedTest(2)
    void sharesTheDatabase(TestDatabase database) {
      NAMES.add(database.name());
      assertThat(NAMES).hasSize(1);
    }
  }
}
