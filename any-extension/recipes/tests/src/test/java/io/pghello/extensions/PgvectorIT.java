// SPDX-License-Identifier: MIT
package io.pghello.extensions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.inline;
import static org.jooq.impl.DSL.name;
import static org.jooq.impl.DSL.table;
import static org.jooq.impl.DSL.val;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.Installation;
import io.pghello.extension.hibernate.ExtensionFunctionContributor;
import io.pghello.extension.testkit.ExtensionTest;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.hibernate.annotations.Array;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.cfg.AvailableSettings;
import org.hibernate.cfg.Configuration;
import org.hibernate.type.SqlTypes;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.SQLDialect;
import org.jooq.Select;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Searches for nearest neighbours with pgvector's index, through Hibernate's vector type and jOOQ.
 */
@ExtensionTest(extensions = "vector")
class PgvectorIT {
  // region items
  private static final float[] NEAR = {4, 4, 4};

  @BeforeEach
  void create(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE item (id integer PRIMARY KEY, embedding vector(3))");
      // the index is approximate, but with so few rows it connects each row to every other row
      statement.execute(
          "INSERT INTO item SELECT n, ARRAY[n, n, n]::vector FROM generate_series(1, 30) n");
      statement.execute("CREATE INDEX nearest ON item USING hnsw (embedding vector_l2_ops)");
    }
  }

  // endregion

  // region hibernate
  @Entity(name = "Item")
  @Table(name = "item")
  static class Item {
    @Id private int id;

    @JdbcTypeCode(SqlTypes.VECTOR)
    @Array(length = 3)
    private float[] embedding;
  }

  @Test
  void findsNeighboursInHql(DataSource dataSource) {
    try (SessionFactory factory = factory(dataSource)) {
      List<Item> nearest =
          factory.fromSession(
              session ->
                  session
                      .createSelectionQuery(
                          "from Item order by l2_distance(embedding, :near) limit 3", Item.class)
                      .setParameter("near", NEAR)
                      .list());
      assertThat(nearest)
          .extracting(item -> item.id)
          .startsWith(4)
          .containsExactlyInAnyOrder(4, 3, 5);
    }
  }

  // endregion

  @Test
  void writesAndReadsAVector(DataSource dataSource) {
    try (SessionFactory factory = factory(dataSource)) {
      factory.inTransaction(
          session -> session.find(Item.class, 7).embedding = new float[] {0, 1.5f, -2});
      Item item = factory.fromSession(session -> session.find(Item.class, 7));
      assertThat(item.embedding).containsExactly(0, 1.5f, -2);
    }
  }

  /** A function that hibernate-vector lacks. The operators of hibernate-vector can use an index. */
  static final ExtensionDescription VECTOR =
      ExtensionDescription.builder("vector")
          .minimumVersion("0.5.0")
          .function("vector_spherical_distance(vector, vector)", "double precision")
          .build();

  /** Listed in META-INF/services. */
  public static class VectorFunctions extends ExtensionFunctionContributor {
    public VectorFunctions() {
      super(VECTOR);
    }
  }

  @Test
  void callsDescribedFunctions(Connection connection) throws SQLException {
    Installation found = VECTOR.inspect(connection).requireUsable();
    assertThat(found.functions()).isEqualTo(VECTOR.functions());
    String sql =
        "SELECT x.vector_spherical_distance(?::x.vector, ?::x.vector)"
            .replace("x.", found.schema() + ".");
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, "[1,0]");
      statement.setString(2, "[0,1]");
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        assertThat(row.getDouble(1)).isEqualTo(0.5);
      }
    }
  }

  @Test
  void callsDescribedFunctionsInHql(Connection connection, DataSource dataSource)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("INSERT INTO item VALUES (101, '[3,0,0]'), (102, '[0,4,0]')");
    }
    try (SessionFactory factory = factory(dataSource)) {
      double distance =
          factory.fromSession(
              session ->
                  session
                      .createSelectionQuery(
                          "select vector_spherical_distance(one.embedding, two.embedding)"
                              + " from Item one, Item two where one.id = 101 and two.id = 102",
                          Double.class)
                      .getSingleResult());
      assertThat(distance).isEqualTo(0.5);
    }
  }

  // region factory
  private static SessionFactory factory(DataSource dataSource) {
    var configuration = new Configuration().addAnnotatedClass(Item.class);
    configuration.getProperties().put(AvailableSettings.JAKARTA_NON_JTA_DATASOURCE, dataSource);
    return configuration.buildSessionFactory();
  }

  // endregion

  // region jooq
  @Test
  void findsNeighboursInJooq(Connection connection) {
    DSLContext create = DSL.using(connection, SQLDialect.POSTGRES);
    Field<Integer> id = field(name("id"), Integer.class);
    Field<Double> distance =
        field("{0} <-> {1}::vector", Double.class, field(name("embedding")), val("[4,4,4]"));
    Select<?> nearest =
        create.select(id, distance).from(table(name("item"))).orderBy(distance).limit(inline(1));
    assertThat(nearest.fetch(id)).containsExactly(4);
    create.execute("SET enable_seqscan = off");
    assertThat(create.explain(nearest).plan()).contains("Index Scan using nearest");
  }
  // endregion
}
