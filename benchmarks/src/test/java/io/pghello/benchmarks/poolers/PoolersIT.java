// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.poolers;

import static io.pghello.benchmarks.poolers.Pooler.Program.OLD_PGBOUNCER;
import static io.pghello.benchmarks.poolers.Pooler.Program.TRACKING_PGBOUNCER;
import static io.pghello.jooq.PgHello.nowMs;
import static io.pghello.jooq.PgHello.pgHello;
import static io.pghello.jooq.PgHello.spiVersion;
import static org.assertj.core.api.Assertions.assertThat;
import static org.jooq.impl.DSL.val;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.PgHelloException;
import io.pghello.benchmarks.harness.Sql;
import io.pghello.hibernate.NowMillis;
import io.pghello.hibernate.WelcomeMessage;
import io.pghello.plugin.Permissions;
import io.pghello.plugin.PluginContext;
import io.pghello.plugin.PostgresConnection;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresPlugin;
import io.pghello.testkit.PgHelloTest;
import io.pghello.testkit.Superuser;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.PersistenceException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Client, Hibernate, jOOQ and the plugin behind poolers that give many clients few sessions. */
@PgHelloTest
@Timeout(1_800)
class PoolersIT {
  private static final int SESSIONS = 3;
  private static final int CONNECTIONS = 6;
  private static final int THREADS = 48;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
  private final Queue<RuntimeException> errors = new ConcurrentLinkedQueue<>();
  private final AtomicInteger ids = new AtomicInteger();

  /** Filled by a look-up before it is written. */
  @Entity(name = "visitors")
  static class Visitor {
    @Id int id;
    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @NowMillis long at;

    Visitor() {}

    Visitor(int id, String name) {
      this.id = id;
      this.name = name;
    }
  }

  @BeforeEach
  void createTables(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      Sql.execute(
          connection,
          "CREATE TABLE visitors (id int PRIMARY KEY, name text, greeting text, at bigint)");
      Sql.execute(connection, "CREATE TABLE guests (id int PRIMARY KEY, name text)");
    }
  }

  /** Without the remedy a call may fail, but gets no other one's answer. */
  @Test
  void noCallGetsAnothersAnswer(DataSource dataSource, @TempDir Path folder) throws Exception {
    mixUp(dataSource, folder, 10_000);
  }

  @Test
  @Tag("long")
  void noneOfManyCallsGetsAnothersAnswer(DataSource dataSource, @TempDir Path folder)
      throws Exception {
    mixUp(dataSource, folder, 100_000);
  }

  private void mixUp(DataSource dataSource, Path folder, int calls) throws Exception {
    try (Pooler pooler = start(OLD_PGBOUNCER, folder, dataSource);
        PgHelloClient client = client(pooler, "")) {
      call(calls, List.of(name -> ask(client, name)));
    }
    assertThat(wrong).isEmpty();
    // or else nothing was mixed up
    assertThat(errors).isNotEmpty();
    assertThat(errors)
        .allSatisfy(
            e ->
                assertThat(e)
                    .isInstanceOf(PgHelloException.class)
                    .hasMessageMatching(
                        "(The server answered something that was not asked"
                            + "|The server has other prepared statements than the driver)"
                            + ".*connect with prepareThreshold=0.*")
                    .extracting(failure -> ((PgHelloException) failure).code())
                    .isEqualTo(PgHelloException.Code.ANSWER_MISMATCH));
  }

  @Test
  void allIsWellIfTheDriverPreparesNothing(DataSource dataSource, @TempDir Path folder)
      throws Exception {
    work(OLD_PGBOUNCER, dataSource, folder, 10_000);
  }

  @Tag("long")
  @ParameterizedTest
  @EnumSource
  void allIsWell(Pooler.Program program, DataSource dataSource, @TempDir Path folder)
      throws Exception {
    work(program, dataSource, folder, 100_000);
  }

  private void work(Pooler.Program program, DataSource dataSource, Path folder, int calls)
      throws Exception {
    boolean prepares = program != OLD_PGBOUNCER;
    String parameters = prepares ? "" : "&prepareThreshold=0";
    try (Pooler pooler = start(program, folder, dataSource);
        HikariDataSource pool = pool(pooler, parameters);
        PgHelloClient client = client(pooler, parameters);
        SessionFactory sessions = sessions(pool);
        PostgresPlugin plugin =
            PostgresPlugin.initialize(
                PluginContext.defaults().withPermissions(Permissions.all()))) {
      DSLContext jooq = DSL.using(pool, SQLDialect.POSTGRES);
      PostgresConnection connection = plugin.connect("pooled", config(pooler, prepares));
      call(
          calls,
          List.of(
              name -> ask(client, name),
              name -> write(sessions, name),
              name -> query(sessions, name),
              name -> select(jooq, name),
              name -> query(connection, name),
              name -> change(connection, name)));
    }
    assertThat(wrong).isEmpty();
    assertThat(errors).isEmpty();
  }

  /**
   * A setting that is reported goes where its client goes; preloaded, as else it is not reported.
   */
  @Tag("long")
  @ParameterizedTest
  @EnumSource(names = {"PGBOUNCER", "TRACKING_PGBOUNCER"})
  void noClientSeesAnothersSetting(
      Pooler.Program program,
      DataSource dataSource,
      @Superuser DataSource superuser,
      @TempDir Path folder)
      throws Exception {
    try (Connection connection = superuser.getConnection()) {
      Sql.execute(
          connection,
          "ALTER DATABASE "
              + connection.getCatalog()
              + " SET session_preload_libraries = 'pg_hello'");
    }
    var clients = new ArrayList<Connection>();
    int other = 0;
    try (Pooler pooler = start(program, folder, dataSource)) {
      try {
        for (int i = 0; i < 10; i++) {
          Connection client = DriverManager.getConnection(pooler.url());
          clients.add(client);
          if (i > 0) {
            Sql.execute(client, "SET pg_hello.repeat = " + (i + 1));
          }
        }
        for (int call = 0; call < 1_000; call++) {
          int number = ThreadLocalRandom.current().nextInt(clients.size());
          String greeting =
              Sql.query(clients.get(number), "SELECT pg_hello(?)", row -> row.getString(1), "x");
          if (!greeting.equals("Hello, x! ".repeat(number + 1).strip())) {
            other++;
          }
        }
      } finally {
        for (Connection client : clients) {
          client.close();
        }
      }
    }
    if (program == TRACKING_PGBOUNCER) {
      assertThat(other).isZero();
    } else {
      assertThat(other).isPositive();
    }
  }

  /** The sessions that the client's own pool begins are handed on to others. */
  @Test
  void nobodyGetsTheTimeOutOfTheClientsStatements(DataSource dataSource, @TempDir Path folder)
      throws Exception {
    try (Pooler pooler = start(OLD_PGBOUNCER, folder, dataSource);
        PgHelloClient client = client(pooler, "?prepareThreshold=0");
        Connection other = DriverManager.getConnection(pooler.url());
        Statement statement = other.createStatement()) {
      for (int i = 0; i < 10; i++) {
        ask(client, "Ada");
        try (ResultSet row = statement.executeQuery("SHOW statement_timeout")) {
          row.next();
          assertThat(row.getString(1)).isEqualTo("0");
        }
      }
    }
    assertThat(errors).isEmpty();
  }

  private static Pooler start(Pooler.Program program, Path folder, DataSource dataSource)
      throws Exception {
    Assumptions.assumeTrue(program.path().isPresent(), "there is no " + program);
    return new Pooler(program, folder, dataSource.unwrap(PGSimpleDataSource.class), SESSIONS);
  }

  private static HikariDataSource pool(Pooler pooler, String parameters) {
    var config = new HikariConfig();
    config.setJdbcUrl(pooler.url() + parameters);
    config.setMaximumPoolSize(CONNECTIONS);
    config.setConnectionTimeout(PATIENCE.toMillis());
    return new HikariDataSource(config);
  }

  private static PgHelloClient client(Pooler pooler, String parameters) {
    return PgHelloClient.builder()
        .url(pooler.url() + parameters)
        .callTimeout(PATIENCE)
        .statementTimeout(PATIENCE)
        .pool(
            pool -> {
              pool.setMaximumPoolSize(2 * CONNECTIONS);
              pool.setConnectionTimeout(PATIENCE.toMillis());
            })
        .build();
  }

  private static SessionFactory sessions(DataSource pool) {
    var configuration = new Configuration();
    configuration.getProperties().put("hibernate.connection.datasource", pool);
    return configuration.addAnnotatedClass(Visitor.class).buildSessionFactory();
  }

  private static ObjectNode config(Pooler pooler, boolean prepares) {
    ObjectNode config =
        JsonNodeFactory.instance
            .objectNode()
            .put("host", "127.0.0.1")
            .put("port", pooler.port())
            .put("database", pooler.database())
            .put("user", pooler.user())
            .put("ssl", false)
            .put("max", CONNECTIONS)
            .put("connectionTimeoutMillis", PATIENCE.toMillis());
    config
        .putObject("options")
        .put("preparedStatements", prepares)
        .put("queryTimeout", PATIENCE.toMillis());
    return config;
  }

  /** Makes calls of all kinds, each with a name of its own. */
  private void call(int count, List<Consumer<String>> kinds) throws InterruptedException {
    var left = new AtomicInteger(count);
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    for (int i = 0; i < THREADS; i++) {
      threads.execute(
          () -> {
            while (left.getAndDecrement() > 0) {
              callAny(kinds);
            }
          });
    }
    threads.shutdown();
    assertThat(threads.awaitTermination(25, TimeUnit.MINUTES)).isTrue();
  }

  private void callAny(List<Consumer<String>> kinds) {
    String name = "n" + ThreadLocalRandom.current().nextInt(1_000_000);
    try {
      kinds.get(ThreadLocalRandom.current().nextInt(kinds.size())).accept(name);
    } catch (PgHelloException | PersistenceException | DataAccessException | PostgresException e) {
      errors.add(e);
    } catch (RuntimeException e) {
      wrong.add(e.toString());
    }
  }

  private void ask(PgHelloClient client, String name) {
    String greeting = greeting(name);
    switch (ThreadLocalRandom.current().nextInt(8)) {
      case 0, 1 -> check(client.hello(name), greeting);
      case 2 -> check(client.hello(name, 2), greeting + " " + greeting);
      case 3 -> check(client.helloAll(List.of(name, "Zoë")), List.of(greeting, "Hello, Zoë!"));
      case 4 -> checkTime(client.nowMillis());
      case 5 -> checkVersion(client.spiVersion());
      case 6 -> check(client.info().extensionVersion(), "1.1");
      default -> check(client.preflight(), List.of());
    }
  }

  private void write(SessionFactory sessions, String name) {
    var visitor = new Visitor(ids.incrementAndGet(), name);
    sessions.inTransaction(session -> session.persist(visitor));
    check(visitor.greeting, greeting(name));
    checkTime(visitor.at);
  }

  private void query(SessionFactory sessions, String name) {
    Object[] row =
        sessions.fromTransaction(
            session ->
                session
                    .createSelectionQuery(
                        "select pg_hello(:name), now_ms(), spi_version()", Object[].class)
                    .setParameter("name", name)
                    .getSingleResult());
    check(row[0], greeting(name));
    checkTime((Long) row[1]);
    checkVersion((String) row[2]);
  }

  private void select(DSLContext jooq, String name) {
    switch (ThreadLocalRandom.current().nextInt(3)) {
      case 0 -> check(pgHello(jooq.configuration(), name), greeting(name));
      case 1 -> check(pgHello(jooq, List.of(name, "Zoë")), List.of(greeting(name), "Hello, Zoë!"));
      default -> {
        var row = jooq.select(pgHello(val(name)), nowMs(), spiVersion()).fetchSingle();
        check(row.value1(), greeting(name));
        checkTime(row.value2());
        checkVersion(row.value3());
      }
    }
  }

  private void query(PostgresConnection connection, String name) {
    check(connection.queryValue("SELECT pg_hello($1)", name).textValue(), greeting(name));
  }

  private void change(PostgresConnection connection, String name) {
    int id = ids.incrementAndGet();
    connection.insert("guests", Map.of("id", id, "name", name));
    check(
        connection.findOne("guests", Map.of("id", id)).map(row -> row.get("name").textValue()),
        Optional.of(name));
    check(connection.delete("guests", Map.of("id", id, "name", name)), 1L);
  }

  private static String greeting(String name) {
    return "Hello, " + name + "!";
  }

  private void checkTime(long millis) {
    long apart = Math.abs(millis - System.currentTimeMillis());
    check(apart < TimeUnit.MINUTES.toMillis(5), true, millis);
  }

  private void checkVersion(@Nullable String version) {
    check(version != null && version.startsWith("PostgreSQL "), true, version);
  }

  private void check(@Nullable Object answer, Object expected) {
    check(answer, expected, answer);
  }

  private void check(@Nullable Object answer, Object expected, @Nullable Object shown) {
    if (!expected.equals(answer)) {
      wrong.add(shown + " instead of " + expected);
    }
  }
}
