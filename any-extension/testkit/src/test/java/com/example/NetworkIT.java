// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.*;

import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.WireProxy;
import java.sql.*;
import java.time.Duration;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = "pg_trgm")
class NetworkIT {
  @Test
  void takesOneRoundTrip(Connection connection, WireProxy proxy) throws Exception {
    try (PreparedStatement call = connection.prepareStatement("SELECT similarity(?, 'words')")) {
      call.setString(1, "word");
      proxy.assertRoundTrips(1, call::executeQuery);
    }
  }

  @Test
  void isSlowOnASlowNetwork(Connection connection, WireProxy proxy) throws SQLException {
    proxy.delay(Duration.ofMillis(100));
    long start = System.nanoTime();
    connection.createStatement().execute("SELECT similarity('word', 'words')");
    assertTrue(System.nanoTime() - start >= 100_000_000);
  }

  @Test
  void timesOutIfTheNetworkStalls(Connection connection, WireProxy proxy) throws SQLException {
    connection.setNetworkTimeout(Runnable::run, 500);
    Statement statement = connection.createStatement();
    proxy.pause();
    assertThrows(SQLException.class, () -> statement.execute("SELECT 1"));
    assertTrue(connection.isClosed());
  }

  @Test
  void reconnectsAfterAReset(DataSource dataSource, WireProxy proxy) throws SQLException {
    try (Connection lost = dataSource.getConnection()) {
      proxy.resetConnections();
      assertThrows(SQLException.class, () -> lost.createStatement().execute("SELECT 1"));
    }
    try (Connection next = dataSource.getConnection()) {
      assertTrue(next.isValid(10));
    }
  }
}
