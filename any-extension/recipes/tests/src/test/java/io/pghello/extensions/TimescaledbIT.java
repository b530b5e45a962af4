// SPDX-License-Identifier: MIT
package io.pghello.extensions;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Writes and aggregates a time series through JDBC. */
@ExtensionTest(extensions = "timescaledb")
class TimescaledbIT {
  private static final OffsetDateTime START =
      OffsetDateTime.of(2026, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);

  @Test
  void aggregatesReadingsByDay(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE reading (at timestamptz NOT NULL, value double precision)");
      statement.execute("SELECT create_hypertable('reading', by_range('at', INTERVAL '1 day'))");
    }
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO reading VALUES (?, ?)")) {
      for (int hour = 0; hour < 72; hour++) {
        insert.setObject(1, START.plusHours(hour));
        insert.setDouble(2, hour);
        insert.addBatch();
      }
      insert.executeBatch();
    }
    List<Double> means = means(connection);
    assertThat(means).containsExactly(11.5, 35.5, 59.5);
    try (PreparedStatement drop =
        connection.prepareStatement(
            "SELECT count(*) FROM drop_chunks('reading', older_than => ?)")) {
      drop.setObject(1, START.plusDays(1));
      try (ResultSet row = drop.executeQuery()) {
        row.next();
        assertThat(row.getInt(1)).isEqualTo(1);
      }
    }
    assertThat(means(connection)).containsExactly(35.5, 59.5);
  }

  private static List<Double> means(Connection connection) throws SQLException {
    var means = new ArrayList<Double>();
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT time_bucket('1 day', at, 'UTC') AS day, avg(value) FROM reading GROUP BY day ORDER BY day")) {
      while (row.next()) {
        means.add(row.getDouble(2));
      }
    }
    return means;
  }
}
