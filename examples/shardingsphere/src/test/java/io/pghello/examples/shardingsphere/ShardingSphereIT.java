// SPDX-License-Identifier: MIT
package io.pghello.examples.shardingsphere;

import static io.pghello.jooq.PgHello.fetchPgHello;
import static io.pghello.jooq.PgHello.nowMs;
import static io.pghello.jooq.PgHello.pgHello;
import static io.pghello.jooq.PgHello.spiVersion;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.PgHelloClient;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.hibernate.PgHelloFunctions;
import io.pghello.hibernate.PgHelloSettings;
import io.pghello.hibernate.WelcomeMessage;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.criteria.CriteriaQuery;
import jakarta.persistence.criteria.Root;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.sql.DataSource;
import org.apache.shardingsphere.driver.api.yaml.YamlShardingSphereDataSourceFactory;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.AvailableSettings;
import org.hibernate.cfg.Configuration;
import org.hibernate.query.criteria.HibernateCriteriaBuilder;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests the client, Hibernate and jOOQ behind ShardingSphere-JDBC, which sends reads to a replica.
 * The replica's default count is 2, so a greeting shows where it was computed.
 */
class ShardingSphereIT {
  private static final String SINGLE_CALLS =
      "only a client's single calls work: set its schema and batching(false)";

  private static final String OF_PRIMARY = "Hello, Ada!";
  private static final String OF_REPLICA = "Hello, Ada! Hello, Ada!";
  private static final String THREE_TIMES = "Hello, Ada! Hello, Ada! Hello, Ada!";

  @Entity(name = "Visitor")
  static class Visitor {
    @Id int id;
    @Nullable String name;
  }

  /** An entity with a greeting that a prefetch query fills. */
  @Entity(name = "Greeted")
  static class Greeted {
    @Id int id = 1;
    String name = "Ada";

    @WelcomeMessage(of = "name")
    @Nullable String greeting;
  }

  private static ExtensionServer primaryServer;
  private static ExtensionServer replicaServer;
  private static TestDatabase primary;
  private static DataSource dataSource;

  @BeforeAll
  static void start() throws Exception {
    primaryServer = ExtensionServer.start("pg_hello");
    replicaServer = ExtensionServer.start("pg_hello");
    primary = primaryServer.createDatabase();
    TestDatabase replica = replicaServer.createDatabase();
    for (TestDatabase each : List.of(primary, replica)) {
      execute(
          each.dataSource(),
          "CREATE TABLE Visitor (id int PRIMARY KEY, name text)",
          "INSERT INTO Visitor VALUES (1, 'Ada')",
          "CREATE TABLE Greeted (id int PRIMARY KEY, name text, greeting text)");
    }
    execute(
        replica.superuserDataSource(),
        "ALTER DATABASE \"" + replica.name() + "\" SET pg_hello.repeat = 2");
    dataSource = readWriteSplitting(primary.dataSource(), replica.dataSource());
  }

  private static DataSource readWriteSplitting(DataSource primary, DataSource replica)
      throws Exception {
    try (InputStream yaml =
        Objects.requireNonNull(
            ShardingSphereIT.class.getResourceAsStream("read-write-splitting.yaml"))) {
      return YamlShardingSphereDataSourceFactory.createDataSource(
          Map.of("primary", primary, "replica", replica), yaml.readAllBytes());
    }
  }

  @AfterAll
  static void stop() throws Exception {
    if (dataSource instanceof AutoCloseable closeable) {
      closeable.close();
    }
    replicaServer.close();
    primaryServer.close();
  }

  private static void execute(DataSource target, String... statements) throws SQLException {
    try (Connection connection = target.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  // region client
  private static PgHelloClient singleCalls() {
    return PgHelloClient.builder().dataSource(dataSource).schema("public").batching(false).build();
  }

  // endregion

  /** ShardingSphere cannot parse the catalog queries. */
  @Test
  void theClientIsRefusedAtTheStart() {
    try (PgHelloClient client = PgHelloClient.builder().dataSource(dataSource).build()) {
      assertRefused(client::preflight);
      assertRefused(client::info);
      assertRefused(() -> client.hello("Ada"));
    }
    try (PgHelloClient client = singleCalls()) {
      assertRefused(client::preflight);
    }
  }

  @Test
  void hibernatesCheckIsRefused() {
    assertRefused(() -> sessions("fail").close());
  }

  /** Asserts that a call fails with the reason, the remedy, and the driver's own error. */
  private static void assertRefused(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            FunctionCallException.class, ShardingSphereIT::assertUnsupportedDriver);
  }

  private static void assertUnsupportedDriver(FunctionCallException e) {
    assertThat(e.code()).isEqualTo(FunctionCallException.Code.SERVER_ERROR);
    assertThat(e)
        .hasMessageContaining(
            "A driver that replaces or wraps pgjdbc could not run the client's SQL")
        .hasMessageContaining("configure the client with a data source that uses pgjdbc directly")
        .hasMessageContaining(SINGLE_CALLS);
    assertThat(e.getCause())
        .satisfiesAnyOf(
            // ShardingSphere cannot parse the SQL
            cause -> assertThat(cause.getClass().getName()).startsWith("org.apache.shardingsphere"),
            // ShardingSphere does not support arrays
            cause -> assertThat(cause).hasMessage("createArrayOf"));
  }

  @Test
  void singleCallsOfTheClientAreRight() throws SQLException {
    try (PgHelloClient client = singleCalls()) {
      for (int i = 0;
          i < 10;
          i++) { // from the fifth execution on, the driver uses server-prepared statements
        assertThat(client.hello("Ada")).isEqualTo(OF_REPLICA);
        assertThat(client.hello("Ada", 3)).isEqualTo(THREE_TIMES);
        assertThat(client.nowMillis()).isPositive();
        assertThat(client.spiVersion()).startsWith("PostgreSQL ");
      }
      try (Connection connection = dataSource.getConnection()) {
        connection.setAutoCommit(false);
        assertThat(client.withConnection(connection).hello("Ada"))
            .as("in a transaction")
            .isEqualTo(OF_PRIMARY);
        connection.rollback();
      }
    }
  }

  @Test
  void batchesOfTheClientAreRefused() {
    try (PgHelloClient client = singleCalls()) {
      assertRefused(() -> client.helloAll(List.of("Ada", "Grace")));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"warn", "off"})
  void hibernatesFunctionsAreRight(String check) {
    try (SessionFactory sessions = sessions(check)) {
      assertThat(ask(sessions, "select pg_hello(v.name) from Visitor v")).isEqualTo(OF_REPLICA);
      assertThat(ask(sessions, "select pg_hello(v.name, 3) from Visitor v")).isEqualTo(THREE_TIMES);
      assertThat(
              ask(sessions, "select v.name from Visitor v where pg_hello(v.name, v.id) like 'H%'"))
          .isEqualTo("Ada");
      assertThat(ask(sessions, "select now_ms()")).isInstanceOf(Long.class);
      assertThat(ask(sessions, "select spi_version()")).asString().startsWith("PostgreSQL ");
      String inTransaction =
          sessions.fromTransaction(
              session ->
                  session
                      .createSelectionQuery("select pg_hello(:name)", String.class)
                      .setParameter("name", "Ada")
                      .getSingleResult());
      assertThat(inTransaction).isEqualTo(OF_PRIMARY);
      HibernateCriteriaBuilder builder = sessions.getCriteriaBuilder();
      CriteriaQuery<String> query = builder.createQuery(String.class);
      Root<Visitor> visitor = query.from(Visitor.class);
      query.select(PgHelloFunctions.pgHello(builder, visitor.get("name"), 3));
      assertThat(
              sessions.<String>fromSession(
                  session -> session.createSelectionQuery(query).getSingleResult()))
          .isEqualTo(THREE_TIMES);
    }
  }

  @Test
  void entitiesThatFillThemselvesAreRefused() {
    try (SessionFactory sessions = sessions("off")) {
      assertThatThrownBy(() -> sessions.inTransaction(session -> session.persist(new Greeted())))
          .rootCause()
          .hasMessage("createArrayOf");
      assertThatThrownBy(() -> sessions.inTransaction(session -> session.persist(new Greeted())))
          .satisfies(
              e -> {
                Throwable cause = e;
                while (!(cause instanceof FunctionCallException)) {
                  cause = cause.getCause();
                  assertThat(cause).as("the client's error").isNotNull();
                }
                assertUnsupportedDriver((FunctionCallException) cause);
              });
    }
  }

  private static Object ask(SessionFactory sessions, String hql) {
    return sessions.fromSession(
        session -> session.createSelectionQuery(hql, Object.class).getSingleResult());
  }

  private static SessionFactory sessions(String check) {
    var configuration = new Configuration();
    configuration.getProperties().put(AvailableSettings.JAKARTA_NON_JTA_DATASOURCE, dataSource);
    configuration.setProperty(PgHelloSettings.PREFLIGHT, check);
    return configuration
        .addAnnotatedClass(Visitor.class)
        .addAnnotatedClass(Greeted.class)
        .buildSessionFactory();
  }

  @Test
  void jooqsRoutinesAndFieldsAreRight() {
    DSLContext jooq = DSL.using(dataSource, SQLDialect.POSTGRES);
    assertThat(pgHello(jooq.configuration(), "Ada")).isEqualTo(OF_REPLICA);
    assertThat(pgHello(jooq.configuration(), "Ada", 3)).isEqualTo(THREE_TIMES);
    assertThat(nowMs(jooq.configuration())).isPositive();
    assertThat(spiVersion(jooq.configuration())).startsWith("PostgreSQL ");
    var name = DSL.field("name", String.class);
    assertThat(
            jooq.select(pgHello(name), pgHello(name, 3), pgHello("Ada"), pgHello("Ada", 3))
                .from("Visitor")
                .fetchOne()
                .intoList())
        .containsExactly(OF_REPLICA, THREE_TIMES, OF_REPLICA, THREE_TIMES);
    assertThat(fetchPgHello(jooq, List.of("Ada", "Ada"))).containsExactly(OF_REPLICA, OF_REPLICA);
    jooq.transaction(transaction -> assertThat(pgHello(transaction, "Ada")).isEqualTo(OF_PRIMARY));
  }
}
