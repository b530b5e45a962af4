// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;

/** Databases with a schema that is created once and copied for each test. */
class SchemaIT {
  private static final String PEOPLE = "SELECT string_agg(name, ' ' ORDER BY name) FROM person";

  @AutoClose
  private static final ExtensionServer SERVER =
      ExtensionServer.builder().extension("hstore").start();

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Stands in for Flyway. This preparer is slow, so that other threads have to wait for it. */
  static final class Slow implements DatabasePreparer {
    static final AtomicInteger RUNS = new AtomicInteger();

    @Override
    public void prepare(DataSource dataSource) throws Exception {
      RUNS.incrementAndGet();
      Thread.sleep(200);
      // the connection is not closed, and the testkit ends the session
      Connection connection = dataSource.getConnection();
      execute(connection, "CREATE TABLE slow AS SELECT 'a=>1'::hstore AS h");
    }
  }

  @ExtensionTest(
      extensions = "hstore",
      scripts = {"schema/tables.sql", "/schema/rows.sql"})
  static class OfScripts {
    @RepeatedTest(3)
    void findsUnchangedRows(Connection connection) throws SQLException {
      assertThat(ask(connection, PEOPLE)).isEqualTo("Ada Zoë");
      assertThat(ask(connection, "SELECT tags[1] FROM person WHERE name = 'Zoë'")).isEqualTo("{d}");
      assertThat(ask(connection, "SELECT 'a=>1'::hstore -> 'a'")).isEqualTo("1");
      execute(connection, "TRUNCATE person");
    }

    @Test
    void ownsTheTables(Connection connection) throws SQLException {
      execute(connection, "ALTER TABLE person ADD age int");
    }
  }

  @ExtensionTest(extensions = "hstore", preparer = Slow.class, scripts = "schema/tables.sql")
  static final class OfBoth {
    @BeforeEach
    void seesTheTables(Connection connection) throws SQLException {
      execute(connection, "INSERT INTO person VALUES ('Bob')");
    }

    @RepeatedTest(2)
    void hasTheTablesOfBoth(Connection connection) throws SQLException {
      assertThat(ask(connection, PEOPLE)).isEqualTo("Bob");
      assertThat(ask(connection, "SELECT h -> 'a' FROM slow")).isEqualTo("1");
    }

    @Nested
    class Inner {
      @Test
      void hasTheTables(Connection connection) throws SQLException {
        assertThat(ask(connection, PEOPLE)).isEqualTo("Bob");
      }
    }
  }

  @ExtensionTest(extensions = "hstore", preparer = Slow.class, scripts = "schema/tables.sql")
  static final class OfBothAgain {
    @Test
    void hasTheTablesOfBoth(Connection connection) throws SQLException {
      assertThat(ask(connection, "SELECT h -> 'a' FROM slow")).isEqualTo("1");
    }
  }

  private static Events run(Class<?>... tests) {
    EngineTestKit.Builder builder =
        EngineTestKit.engine("junit-jupiter")
            .configurationParameters(
                Map.of(
                    "junit.jupiter.execution.parallel.enabled",
                    "true",
                    "junit.jupiter.execution.parallel.mode.default",
                    "concurrent"));
    for (Class<?> test : tests) {
      builder.selectors(selectClass(test));
    }
    return builder.execute().allEvents();
  }

  @Test
  void runsOnceForClassesInParallel() {
    Slow.RUNS.set(0);
    run(OfScripts.class, OfBoth.class, OfBothAgain.class)
        .assertStatistics(events -> events.failed(0).aborted(0).skipped(0));
    assertThat(Slow.RUNS).hasValue(1);
  }

  @ExtensionTest(
      extensions = "hstore",
      scripts = {"schema/tables.sql", "schema/broken.sql"})
  static final class OfBroken {
    @RepeatedTest(2)
    void isNotRun() {}
  }

  @ExtensionTest(extensions = "hstore", scripts = "schema/none.sql")
  static final class OfNone {
    @Test
    void isNotRun() {}
  }

  @ExtensionTest(extensions = "hstore", scripts = "schema/latin.sql")
  static final class OfLatin {
    @Test
    void isNotRun() {}
  }

  static final class Failing implements DatabasePreparer {
    @Override
    public void prepare(DataSource dataSource) {
      throw new IllegalArgumentException("no migrations");
    }
  }

  @ExtensionTest(extensions = "hstore", preparer = Failing.class)
  static final class OfFailing {
    @Test
    void isNotRun() {}
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "OfBroken | The script schema/broken.sql failed at line 5: column \"nothing\" does not exist",
        "OfNone | There is no script schema/none.sql on the class path of the tests. Put it",
        "OfLatin | The script schema/latin.sql is not UTF-8.",
        "OfFailing | The preparer io.pghello.extension.testkit.SchemaIT$Failing failed: no migrations"
      })
  void failsAClassOnceAndNamesTheCause(String test, String words) throws ClassNotFoundException {
    Events events = run(Class.forName(SchemaIT.class.getName() + "$" + test));
    events.assertStatistics(counts -> counts.failed(1));
    events
        .assertThatEvents()
        .haveExactly(1, event(finishedWithFailure(message(m -> m.contains(words)))));
  }

  private record Table(String name, AtomicInteger runs) implements DatabasePreparer {
    private static final Map<String, AtomicInteger> RUNS = new ConcurrentHashMap<>();

    Table(String name) {
      this(name, RUNS.computeIfAbsent(name, unused -> new AtomicInteger()));
    }

    @Override
    public void prepare(DataSource dataSource) throws SQLException {
      runs.incrementAndGet();
      try (Connection connection = dataSource.getConnection()) {
        execute(connection, "CREATE TABLE " + name + " (i int)");
      }
    }
  }

  @Test
  void sharesATemplateAmongEqualPreparers() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      var start = new CountDownLatch(1);
      var all =
          IntStream.range(0, 16)
              .<Future<String>>mapToObj(
                  i ->
                      threads.submit(
                          () -> {
                            start.await();
                            String name = "t" + i % 2;
                            try (TestDatabase database = SERVER.createDatabase(new Table(name))) {
                              return ask(
                                  database.dataSource(),
                                  "SELECT '" + name + "' || count(*) FROM " + name);
                            }
                          }))
              .toList();
      start.countDown();
      for (int i = 0; i < all.size(); i++) {
        assertThat(all.get(i).get(1, TimeUnit.MINUTES)).isEqualTo("t" + i % 2 + "0");
      }
    } finally {
      threads.shutdown();
    }
    assertThat(Table.RUNS.get("t0")).hasValue(1);
    assertThat(Table.RUNS.get("t1")).hasValue(1);
    // databases without a preparer do not have the table
    try (TestDatabase plain = SERVER.createDatabase()) {
      assertThat(ask(plain.dataSource(), "SELECT to_regclass('t0') IS NULL")).isEqualTo("t");
    }
  }

  /** The settings of the template are copied, too. */
  @Test
  void runsScriptsFromTexts() throws SQLException {
    String sql =
        """
        CREATE TABLE units AS SELECT 'mile' AS unit;
        DO $$ BEGIN
          EXECUTE format('ALTER DATABASE %I SET work_mem = ''5MB''', current_database());
        END $$;
        """;
    for (int i = 1; i <= 2; i++) {
      var scripts = new SqlScripts(List.of(new SqlScripts.Script("units", sql)));
      try (TestDatabase database = SERVER.createDatabase(scripts)) {
        assertThat(
                ask(
                    database.dataSource(),
                    "SELECT unit || ', ' || current_setting('work_mem') FROM units"))
            .isEqualTo("mile, 5MB");
      }
    }
    var broken = new SqlScripts(List.of(new SqlScripts.Script("broken", sql + "SELECT wrong;")));
    assertThatThrownBy(() -> SERVER.createDatabase(broken))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("The script broken failed at line 5: ");
  }

  @Test
  void retriesAfterAFailureAndLeavesNothing() throws SQLException {
    var table = new Table("x (");
    for (int i = 1; i <= 2; i++) {
      assertThatThrownBy(() -> SERVER.createDatabase(table))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("syntax error")
          .hasRootCauseInstanceOf(SQLException.class);
      assertThat(table.runs()).hasValue(i);
    }
    try (TestDatabase database =
        SERVER.createDatabase(SqlScripts.fromClassPath("schema/tables.sql"))) {
      assertThat(ask(database.dataSource(), "SELECT twice(2) + thrice(2)")).isEqualTo("10");
      assertThat(
              ask(
                  database.superuserDataSource(),
                  "SELECT count(*) FROM pg_database WHERE datallowconn AND datname LIKE"
                      + " 'app_template_%'"))
          .isEqualTo("0");
    }
  }

  /** The testkit creates the next database from the template ahead of time. */
  @Test
  void keepsTheTemplateAfterARestart() throws SQLException {
    try (ExtensionServer server = ExtensionServer.builder().extension("hstore").start()) {
      for (int i = 0; i < 3; i++) {
        try (TestDatabase database = server.createDatabase(new Table("kept"))) {
          assertThat(ask(database.dataSource(), "SELECT count(*) FROM kept")).isEqualTo("0");
        }
        server.kill();
        server.startAgain();
      }
    }
    assertThat(Table.RUNS.get("kept")).hasValue(1);
  }
}
