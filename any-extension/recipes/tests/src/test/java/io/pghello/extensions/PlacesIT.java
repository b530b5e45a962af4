// SPDX-License-Identifier: MIT
package io.pghello.extensions;

// region class
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = "postgis")
class PlacesIT {
  @BeforeEach
  void createPlaces(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE place (id integer PRIMARY KEY, location geometry(Point, 4326))");
      statement.execute(
          "INSERT INTO place SELECT n, ST_Point(n % 100, n / 100, 4326) FROM generate_series(0, 8999) n");
      statement.execute("CREATE INDEX place_location ON place USING gist (location)");
      statement.execute("ANALYZE place");
    }
  }

  @Test
  void findsPlacesWithinADistance(Connection connection) throws SQLException {
    String query =
        "SELECT count(*) FROM place WHERE ST_DWithin(location, ST_Point(50, 50, 4326), 1)";
    try (Statement statement = connection.createStatement()) {
      try (ResultSet row = statement.executeQuery(query)) {
        row.next();
        assertThat(row.getInt(1)).isEqualTo(5);
      }
      try (ResultSet plan = statement.executeQuery("EXPLAIN (FORMAT json) " + query)) {
        plan.next();
        assertThat(plan.getString(1)).contains("place_location");
      }
    }
  }
}
// endregion
