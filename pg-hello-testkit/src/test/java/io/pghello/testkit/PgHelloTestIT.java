// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.EventConditions.test;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.instanceOf;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.suppressed;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.ExtensionTest.Scope;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;

/** A fresh database with the extension for each test. */
@PgHelloTest
class PgHelloTestIT {
  // region test
  @Test
  void greets(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_hello('Ada')")) {
      row.next();
      assertThat(row.getString(1)).isEqualTo("Hello, Ada!");
    }
  }

  // endregion

  @RepeatedTest(3)
  void startsWithAFreshDatabase(Connection connection, TestDatabase database) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      // fails if the extension exists
      statement.execute("CREATE TABLE once ()");
    }
    assertThat(ask(connection, "SELECT current_database()")).isEqualTo(database.name());
  }

  @Test
  void usesTheRequestedLogin(Connection owner, @Superuser Connection superuser)
      throws SQLException {
    assertThat(ask(owner, "SHOW is_superuser")).isEqualTo("off");
    assertThat(ask(superuser, "SHOW is_superuser")).isEqualTo("on");
  }

  /** Libraries that read all system properties as strings would fail if one had another type. */
  @Test
  void leavesOnlyStringsInTheSystemProperties(PgHelloServer server) {
    assertThat(server).isNotNull();
    assertThat(System.getProperties().values()).hasOnlyElementsOfType(String.class);
  }

  @Test
  void providesTheSharedServer(PgHelloServer server) {
    assertThat(server).isSameAs(PgHelloServer.shared());
  }

  @Nested
  class Before {
    private String seen = "";

    @BeforeEach
    void prepare(DataSource dataSource) throws SQLException {
      seen = ask(dataSource, "SELECT current_database()");
    }

    @Test
    void sharesTheDatabaseOfTheTest(TestDatabase database) {
      assertThat(seen).isEqualTo(database.name());
    }
  }

  @Nested
  @PgHelloTest(database = Scope.CLASS)
  class PerClass {
    private static String seen = "";

    @BeforeAll
    static void prepare(TestDatabase database) {
      seen = database.name();
    }

    @RepeatedTest(2)
    void sharesOneDatabase(TestDatabase database) {
      assertThat(database.name()).isEqualTo(seen);
    }

    @Nested
    class Inner {
      @BeforeAll
      static void prepare(TestDatabase database) {
        assertThat(database.name()).isEqualTo(seen);
      }

      @Test
      void sharesTheDatabaseOfTheClassAround(TestDatabase database) {
        assertThat(database.name()).isEqualTo(seen);
      }
    }

    @Nested
    @PgHelloTest(database = Scope.CLASS)
    class Apart {
      @Test
      void hasASeparateDatabaseIfAnnotated(TestDatabase database) {
        assertThat(database.name()).isNotEqualTo(seen);
      }
    }
  }

  @Nested
  @PgHelloTest(create = false)
  class Bare {
    @Test
    void hasNoExtension(Connection connection) throws SQLException {
      assertThat(ask(connection, "SELECT to_regproc('pg_hello') IS NULL")).isEqualTo("t");
    }
  }

  @Nested
  @Execution(ExecutionMode.CONCURRENT)
  class Parallel {
    private static final Set<String> NAMES = ConcurrentHashMap.newKeySet();

    @RepeatedTest(8)
    void eachTestHasASeparateDatabase(TestDatabase database, DataSource dataSource)
        throws SQLException {
      assertThat(NAMES.add(database.name())).isTrue();
      assertThat(ask(dataSource, "SELECT current_database()")).isEqualTo(database.name());
    }
  }

  @Test
  void failsATestThatLeavesAConnectionOpen() throws SQLException {
    run("leaks")
        .assertThatEvents()
        .haveExactly(
            1,
            event(
                finishedWithFailure(
                    instanceOf(AssertionError.class),
                    message("the test left 2 connection(s) open; see the suppressed exceptions"),
                    suppressed(0, message("opened here")))));
    // otherwise other tests would run out of sessions
    for (Connection left : Example.LEFT) {
      assertThat(left.isClosed()).isTrue();
    }
  }

  /** JUnit warns about extensions that use deprecated features. */
  @Test
  void givesJUnitNothingToWarnOf() {
    var said = new ConcurrentLinkedQueue<String>();
    var handler =
        new Handler() {
          @Override
          public void publish(LogRecord entry) {
            said.add(entry.getMessage());
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger("org.junit");
    logger.addHandler(handler);
    try {
      run("passes").assertStatistics(events -> events.succeeded(1));
    } finally {
      logger.removeHandler(handler);
    }
    assertThat(said).isEmpty();
  }

  @Test
  void dropsItsDatabases(PgHelloServer server) throws SQLException {
    run("passes").assertStatistics(events -> events.succeeded(1));
    try (TestDatabase database = server.createDatabase()) {
      String left = "SELECT count(*) FROM pg_database WHERE datname = '" + Example.used + "'";
      awaitAnswer(database.dataSource(), left, "0");
    }
  }

  @Test
  void rejectsAClassDatabaseWithMethodScope() {
    EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(Misused.class))
        .execute()
        .allEvents()
        .assertThatEvents()
        .haveExactly(
            1,
            event(finishedWithFailure(message(m -> m.contains("@PgHelloTest(database = CLASS)")))));
  }

  /** The parameter skips the test if the two annotations would use the same server. */
  @Test
  void rejectsTwoAnnotationsOnOneClass(PgHelloServer server) {
    assertThat(server.port()).isPositive();
    EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(Twice.class))
        .execute()
        .testEvents()
        .assertStatistics(events -> events.failed(1).succeeded(2))
        .assertThatEvents()
        .haveExactly(
            1,
            event(
                test("needsADatabase"),
                finishedWithFailure(
                    message(
                        "the test has two annotations that each provide a database: keep only one"
                            + " of them"))));
  }

  private static Events run(String method) {
    return EngineTestKit.engine("junit-jupiter")
        .selectors(selectMethod(Example.class, method, DataSource.class))
        .execute()
        .testEvents();
  }

  /** The class under test. Because of its name, the build does not run it on its own. */
  @PgHelloTest
  static final class Example {
    static final List<Connection> LEFT = new CopyOnWriteArrayList<>();
    static volatile String used = "";

    @Test
    void leaks(DataSource dataSource) throws SQLException {
      LEFT.add(dataSource.getConnection());
      LEFT.add(dataSource.getConnection());
      dataSource.getConnection().close();
    }

    @Test
    void passes(DataSource dataSource) throws SQLException {
      used = ask(dataSource, "SELECT current_database()");
    }
  }

  @PgHelloTest
  @ExtensionTest(extensions = "cube")
  static class Twice {
    @Test
    void needsADatabase(Connection connection) {
      assertThat(connection).as("must not be given").isNull();
    }

    @Test
    void needsBothServers(PgHelloServer server, ExtensionServer another) {
      assertThat(server.port()).isNotEqualTo(another.port());
    }

    @Nested
    @PgHelloTest
    class Inner {
      @Test
      void usesTheNearestAnnotation(Connection connection) throws SQLException {
        assertThat(ask(connection, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
      }
    }
  }

  @PgHelloTest
  static final class Misused {
    @BeforeAll
    static void prepare(DataSource dataSource) {
      assertThat(dataSource).as("must not be given").isNull();
    }

    @Test
    void isNotRun() {}
  }

  static String ask(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      return ask(connection, sql);
    }
  }

  static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  /** Queries until the result is as expected, for up to 30 seconds. */
  static void awaitAnswer(DataSource dataSource, String sql, String expected) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      String answer = ask(connection, sql);
      while (!expected.equals(answer) && System.nanoTime() < end) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        answer = ask(connection, sql);
      }
      assertThat(answer).isEqualTo(expected);
    }
  }
}
