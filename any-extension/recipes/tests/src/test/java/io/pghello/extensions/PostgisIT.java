// SPDX-License-Identifier: MIT
package io.pghello.extensions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.name;
import static org.jooq.impl.DSL.table;

import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.TestDatabase;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.AvailableSettings;
import org.hibernate.cfg.Configuration;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.SQLDialect;
import org.jooq.Select;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.locationtech.jts.geom.Coordinate;
import org.locationtech.jts.geom.GeometryFactory;
import org.locationtech.jts.geom.Point;
import org.locationtech.jts.geom.PrecisionModel;

/** Searches with PostGIS's indexes in Hibernate Spatial and jOOQ. */
@ExtensionTest(extensions = "postgis")
class PostgisIT {
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

  // region hibernate
  @Entity(name = "Place")
  @Table(name = "place")
  static class Place {
    @Id int id;
    Point location;
  }

  private static final GeometryFactory WGS84 = new GeometryFactory(new PrecisionModel(), 4326);

  @Test
  void findsPlacesInHql(DataSource dataSource) {
    Point center = WGS84.createPoint(new Coordinate(50, 50));
    try (SessionFactory factory = factory(dataSource)) {
      List<Integer> near =
          factory.fromSession(
              session ->
                  session
                      .createSelectionQuery(
                          "select id from Place where function('st_dwithin', location, :center, 1) = true"
                              + " order by st_distance(location, :center), id",
                          Integer.class)
                      .setParameter("center", center)
                      .list());
      assertThat(near).containsExactly(5050, 4950, 5049, 5051, 5150);
    }
  }

  private static SessionFactory factory(DataSource dataSource) {
    var configuration = new Configuration().addAnnotatedClass(Place.class);
    configuration.getProperties().put(AvailableSettings.JAKARTA_NON_JTA_DATASOURCE, dataSource);
    return configuration.buildSessionFactory();
  }

  // endregion

  @Test
  void storesPoints(DataSource dataSource) {
    try (SessionFactory factory = factory(dataSource)) {
      factory.inTransaction(
          session ->
              session.find(Place.class, 7).location =
                  WGS84.createPoint(new Coordinate(16.37, 48.21)));
      Place found = factory.fromSession(session -> session.find(Place.class, 7));
      assertThat(found.location.getX()).isEqualTo(16.37);
      assertThat(found.location.getSRID()).isEqualTo(4326);
    }
  }

  // region jooq
  @Test
  void findsNearestPlacesInJooq(Connection connection) {
    DSLContext create = DSL.using(connection, SQLDialect.POSTGRES);
    Field<Integer> id = field(name("id"), Integer.class);
    Field<Double> distance =
        field("{0} <-> ST_Point(50.1, 50, 4326)", Double.class, field(name("location")));
    Select<?> nearest = create.select(id).from(table(name("place"))).orderBy(distance).limit(2);
    assertThat(nearest.fetch(id)).containsExactly(5050, 5051);
    assertThat(create.explain(nearest).plan()).contains("Index Scan using place_location");
  }

  // endregion

  /** Without preloading, each session would load 47 libraries for its first call. */
  @Test
  void inheritsLibrariesFromTheServer(TestDatabase database) throws SQLException {
    try (Connection session = database.superuserDataSource().getConnection();
        Statement statement = session.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT maps LIKE '%/libproj.so.%', maps LIKE '%/libgeos_c.so.%', maps LIKE '%/postgis-3.so%'"
                    + " FROM pg_read_file('/proc/self/maps') maps")) {
      row.next();
      assertThat(row.getBoolean(1)).isTrue();
      assertThat(row.getBoolean(2)).isTrue();
      // if the extension's own library were preloaded, statement_timeout would not end its calls
      assertThat(row.getBoolean(3)).isFalse();
    }
  }
}
