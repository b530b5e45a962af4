// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Databases with an application's migrations. */
class OrdersIT {
  private static final String ORDERS = "SELECT string_agg(name || ' ' || price, ', ') FROM orders";

  @Nested
  @ExtensionTest(extensions = "pg_trgm", preparer = OrderMigrations.class)
  class OfFlyway {
    @Test
    void hasTheRowsOfTheMigrations(Connection connection) throws SQLException {
      assertEquals("tea 3 EUR", SessionsIT.ask(connection, ORDERS));
    }
  }

  @Nested
  @ExtensionTest(extensions = "pg_trgm", preparer = OrderChangelog.class)
  class OfLiquibase {
    @Test
    void hasTheRowsOfTheContext(Connection connection) throws SQLException {
      assertEquals("coffee 4 EUR", SessionsIT.ask(connection, ORDERS));
    }
  }
}
