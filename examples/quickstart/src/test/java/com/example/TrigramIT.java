// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.Assert.assertTrue;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.*;
import org.junit.*;

public class TrigramIT {
  /** Stops when the JVM exits. Other test classes can use this constant, too. */
  static final ExtensionServer SERVER = ExtensionServer.builder().extension("pg_trgm").start();

  private TestDatabase database;

  @Before
  public void createDatabase() {
    database = SERVER.createDatabase();
  }

  @After
  public void dropDatabase() {
    database.close();
  }

  @Test
  public void findsSimilarWords() throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT 'PostgreSQL' % 'Postgres'")) {
      assertTrue(row.next() && row.getBoolean(1));
    }
  }
}
