// SPDX-License-Identifier: MIT
package io.pghello.extensions;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import net.postgis.jdbc.PGgeometry;
import net.postgis.jdbc.geometry.Geometry;
import net.postgis.jdbc.geometry.LineString;
import net.postgis.jdbc.geometry.Point;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** Flyway and postgis-jdbc on PostGIS. */
@ExtensionTest(extensions = "postgis")
class PostgisProgramsIT {
  private Flyway flyway;

  @BeforeEach
  void migrate(DataSource dataSource) {
    flyway =
        Flyway.configure()
            .dataSource(dataSource)
            .locations("classpath:io/pghello/extensions/migrations")
            .load();
    // without a baseline, because Flyway ignores the extension's tables
    assertThat(flyway.migrate().migrationsExecuted).isEqualTo(1);
  }

  @Test
  void flywayCreatesAndValidatesSpatialTables(Connection connection) throws SQLException {
    flyway.validate();
    assertThat(flyway.migrate().migrationsExecuted).isZero();
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT one.id, round(ST_Distance(one.location::geography, two.location::geography) / 1000)"
                    + " FROM place one, place two WHERE one.id = 1 AND two.id = 2")) {
      row.next();
      // from Vienna to Paris
      assertThat(row.getInt(2)).isBetween(1030, 1040);
    }
  }

  @Test
  void postgisJdbcReadsAndWritesGeometries(Connection connection) throws SQLException {
    PGConnection driver = connection.unwrap(PGConnection.class);
    driver.addDataType("geometry", PGgeometry.class);
    Point rome = new Point(12.5, 41.9);
    rome.setSrid(4326);
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO place VALUES (3, ?)")) {
      insert.setObject(1, new PGgeometry(rome));
      insert.executeUpdate();
    }
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT location, ST_MakeLine(location, ST_Point(0, 0, 4326)) FROM place WHERE id = 3")) {
      row.next();
      Geometry found = ((PGgeometry) row.getObject(1)).getGeometry();
      assertThat(found).isEqualTo(rome);
      assertThat(found.getSrid()).isEqualTo(4326);
      Geometry line = row.getObject(2, PGgeometry.class).getGeometry();
      assertThat(line).isInstanceOf(LineString.class);
      assertThat(line.numPoints()).isEqualTo(2);
    }
  }
}
