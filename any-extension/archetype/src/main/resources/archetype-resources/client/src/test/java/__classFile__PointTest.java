package ${package};

import static org.junit.jupiter.api.Assertions.*;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ${package}.generated.Routines;
import io.pghello.extension.testkit.*;
import jakarta.persistence.*;
import java.io.*;
import java.nio.ByteBuffer;
import java.sql.*;
import java.util.*;
import javax.sql.DataSource;
import org.hibernate.annotations.Type;
import org.hibernate.cfg.Configuration;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** Tests the type ${extensionName}_point. */
@ExtensionTest(extensions = "${extensionName}")
class ${className}PointTest {
  @BeforeEach
  void createTable(Connection connection) {
    DSL.using(connection).execute(
        "CREATE TABLE place (id int PRIMARY KEY, position ${extensionName}_point);"
            + "INSERT INTO place VALUES (1, '(2,1)'), (2, '(1.5,2)'), (3, '(-0,1e300)'), (4, NULL), (5, '(1.5,-2)')");
  }

## region jdbc
  @Test
  void jdbcPassesAndReadsPoints(Connection connection) throws SQLException {
    var sql = "SELECT position FROM place WHERE position > ? ORDER BY position";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      // Types.OTHER: the server infers the type
      statement.setObject(1, new ${className}Point(1.5, 0).toString(), Types.OTHER);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        assertEquals(new ${className}Point(1.5, 2), ${className}Point.parse(row.getString(1)));
      }
    }
  }
## endregion

  @Test
  void textFormKeepsEachDigit(Connection connection) throws SQLException {
    var points = new Object[] {
      new ${className}Point(0.1 + 0.2, -Double.MAX_VALUE), new ${className}Point(Double.MIN_VALUE, -0.0)
    };
    try (PreparedStatement statement = connection.prepareStatement("SELECT unnest(?), unnest(?)::text")) {
      Array array = connection.createArrayOf("${extensionName}_point", points);
      statement.setArray(1, array);
      statement.setArray(2, array);
      try (ResultSet row = statement.executeQuery()) {
        for (Object point : points) {
          row.next();
          assertEquals(point, ${className}Point.parse(row.getString(1)));
          assertEquals(point, ${className}Point.parse(row.getString(2)));
        }
      }
    }
  }

  @Test
  void copiesPointsInTextAndBinaryForm(Connection connection) throws Exception {
    var sql = DSL.using(connection);
    sql.execute("CREATE TABLE copy (LIKE place)");
    var manager = connection.unwrap(PGConnection.class).getCopyAPI();
    for (var format : List.of("text", "binary")) {
      var copy = new ByteArrayOutputStream();
      manager.copyOut("COPY place TO STDOUT (FORMAT " + format + ")", copy);
      manager.copyIn("COPY copy FROM STDIN (FORMAT " + format + ")", new ByteArrayInputStream(copy.toByteArray()));
      // as text, because 0 equals -0
      assertEquals(
          sql.fetchValues("SELECT position::text FROM place ORDER BY id"),
          sql.fetchValues("SELECT position::text FROM copy ORDER BY id"),
          format);
      sql.execute("TRUNCATE copy");
    }
  }

  @Test
  void binaryFormIsTwoFiniteNumbers(Connection connection) throws Exception {
    var form = (byte[]) DSL.using(connection).fetchValue("SELECT ${extensionName}_point_send('(1.5,2)')");
    assertArrayEquals(ByteBuffer.allocate(16).putDouble(1.5).putDouble(2).array(), form);
    var manager = connection.unwrap(PGConnection.class).getCopyAPI();
    var copy = new ByteArrayOutputStream();
    manager.copyOut("COPY (SELECT '(1.5,2)'::${extensionName}_point) TO STDOUT (FORMAT binary)", copy);
    byte[] rows = copy.toByteArray();
    ByteBuffer.wrap(rows).putDouble(25, Double.NaN); // after the header, the number of columns and the length
    DSL.using(connection).execute("CREATE TABLE target (position ${extensionName}_point)");
    var refusal =
        assertThrows(
            SQLException.class,
            () -> manager.copyIn("COPY target FROM STDIN (FORMAT binary)", new ByteArrayInputStream(rows)));
    assertEquals("22003", refusal.getSQLState());
  }

  @Test
  void rejectsInvalidText(Connection connection) {
    for (var text : List.of("", "1,2", "(1,2", "(1,2))", "(1;2)", "(,2)", "(1,x)", "(1,2,3)")) {
      var refusal = refusal(connection, text);
      assertEquals("22P02", refusal.getSQLState(), text);
      assertTrue(
          refusal.getMessage().contains("invalid input syntax for type ${extensionName}_point: \"" + text + "\""),
          refusal.getMessage());
    }
    for (var text : List.of("(NaN,0)", "(0,-Infinity)", "(1e999,0)")) {
      assertEquals("22003", refusal(connection, text).getSQLState(), text);
    }
  }

  private static SQLException refusal(Connection connection, String text) {
    return assertThrows(
        SQLException.class,
        () -> {
          try (var statement = connection.prepareStatement("SELECT ?::${extensionName}_point")) {
            statement.setString(1, text);
            statement.executeQuery();
          }
        });
  }

  @Test
  void reportsInvalidTextWithoutAnError(Connection connection) throws SQLException {
    assumeTrue(connection.getMetaData().getDatabaseMajorVersion() >= 16); // the first version with soft errors
    var sql = DSL.using(connection);
    for (var text : List.of("(1,2", "(x,2)", "(NaN,0)", "(1e999,0)")) {
      assertEquals(false, sql.fetchValue("SELECT pg_input_is_valid(?, '${extensionName}_point')", text), text);
    }
    assertEquals(true, sql.fetchValue("SELECT pg_input_is_valid('(1,2)', '${extensionName}_point')"));
  }

  @Test
  void indexReturnsPointsInOrder(Connection connection) {
    var sql = DSL.using(connection);
    sql.execute("CREATE INDEX place_position ON place (position)");
    sql.execute("SET enable_seqscan = off; SET enable_bitmapscan = off");
    var query = "SELECT id FROM place WHERE position >= '(1,0)' ORDER BY position";
    assertTrue(sql.fetch("EXPLAIN " + query).toString().contains("Index"));
    assertEquals(List.of(5, 2, 1), sql.fetchValues(query));
    // the server's own check of operator classes
    assertEquals(
        List.of(true, true),
        sql.fetchValues("SELECT amvalidate(oid) FROM pg_opclass WHERE opcname = '${extensionName}_point_ops'"));
  }

  @Test
  void operatorsAgreeWithTheOrder(Connection connection) {
    var sql = DSL.using(connection);
    var comparisons =
        "SELECT concat_ws(' ', a < b, a <= b, a = b, a <> b, a >= b, a > b, ${extensionName}_point_cmp(a, b))"
            + " FROM (SELECT ?::${extensionName}_point, ?::${extensionName}_point) points(a, b)";
    assertEquals("t t f t f f -1", sql.fetchValue(comparisons, "(1,3)", "(2,0)"));
    assertEquals("f f f t t t 1", sql.fetchValue(comparisons, "(1,3)", "(1,-3)"));
    assertEquals("f t t f t f 0", sql.fetchValue(comparisons, "(-0,1)", "(0,1)"));
  }

  @Test
  void hashesOfEqualPointsAreEqual(Connection connection) {
    var sql = DSL.using(connection);
    sql.execute("SET enable_sort = off; SET enable_mergejoin = off; SET enable_nestloop = off");
    var groups =
        "SELECT count(*) FROM (VALUES ('(0,-0)'::${extensionName}_point), ('(-0,0)'), ('(0,1)'), ('(1,0)')) points(p) GROUP BY p";
    assertTrue(sql.fetch("EXPLAIN " + groups).toString().contains("HashAggregate"));
    assertEquals(Set.of(1L, 2L), new HashSet<>(sql.fetchValues(groups)));
    var join = "SELECT count(*) FROM place a JOIN place b ON a.position = b.position";
    assertTrue(sql.fetch("EXPLAIN " + join).toString().contains("Hash Join"));
    assertEquals(4L, sql.fetchValue(join));
    assertEquals(new ${className}Point(0, 0).hashCode(), new ${className}Point(-0.0, 0).hashCode());
  }

## region hibernate
  @Entity(name = "Place")
  @Table(name = "place")
  static class Place {
    @Id int id;

    @Type(${className}PointType.class)
    @Column(columnDefinition = "${extensionName}_point")
    ${className}Point position;
  }

  @Test
  void hqlPassesAndReadsPoints(DataSource dataSource) {
    var configuration = new Configuration().addAnnotatedClass(Place.class);
    configuration.getProperties().put("jakarta.persistence.nonJtaDataSource", dataSource);
    try (var factory = configuration.buildSessionFactory();
        var session = factory.openSession()) {
      var near =
          session.createSelectionQuery(
              "select position from Place where ${extensionName}_point_distance(position, :from) < 5 order by position",
              ${className}Point.class);
      near.setParameter("from", new ${className}Point(1.5, 2));
      assertEquals(
          List.of(new ${className}Point(1.5, -2), new ${className}Point(1.5, 2), new ${className}Point(2, 1)),
          near.list());
    }
  }
## endregion

## region jooq
  @Test
  void jooqPassesAndReadsPoints(DataSource dataSource) {
    DSLContext jooq = DSL.using(dataSource, SQLDialect.POSTGRES);
    var type = SQLDataType.OTHER.asConvertedDataType(new ${className}PointBinding());
    var position = DSL.field("position", type);
    var from = DSL.val(new ${className}Point(1.5, 2), type);
    var distance = Routines.${className.substring(0,1).toLowerCase()}${className.substring(1)}PointDistance(position, from);
    assertEquals(
        List.of(new ${className}Point(1.5, -2), new ${className}Point(1.5, 2), new ${className}Point(2, 1)),
        jooq.select(position).from("place").where(distance.lt(5.0)).orderBy(position).fetch(position));
  }
## endregion
}
