// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.instanceOf;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.suppressed;

import io.pghello.extension.testkit.ExtensionTest.Scope;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.sql.Connection;
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

/** Tests with an annotation that is composed of {@link ExtensionTest}. */
@ComposedAnnotationIT.GreetingTest
class ComposedAnnotationIT {
  @Retention(RetentionPolicy.RUNTIME)
  @ExtensionTest(extensions = "pg_hello")
  @interface GreetingTest {
    boolean create() default true;

    String[] scripts() default {};

    Scope database() default Scope.METHOD;

    /** Not an attribute of the other annotation, so it is ignored. */
    String issue() default "";
  }

  /** Is composed of a composed annotation. */
  @Retention(RetentionPolicy.RUNTIME)
  @GreetingTest(scripts = "schema/tables.sql", issue = "1")
  @interface PeopleTest {
    Scope database() default Scope.CLASS;
  }

  @RepeatedTest(3)
  void startsWithAFreshDatabase(Connection connection, TestDatabase database) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      // fails if the extension exists
      statement.execute("CREATE TABLE once ()");
    }
    assertThat(ask(connection, "SELECT current_database()")).isEqualTo(database.name());
  }

  /** Libraries that read all system properties as strings would fail if one had another type. */
  @Test
  void leavesOnlyStringsInTheSystemProperties(ExtensionServer server) {
    assertThat(server).isNotNull();
    assertThat(System.getProperties().values()).hasOnlyElementsOfType(String.class);
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
  @GreetingTest(database = Scope.CLASS)
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
    @GreetingTest(database = Scope.CLASS)
    class Apart {
      @Test
      void hasASeparateDatabaseIfAnnotated(TestDatabase database) {
        assertThat(database.name()).isNotEqualTo(seen);
      }
    }
  }

  @Nested
  @GreetingTest(create = false)
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
  void dropsItsDatabases(ExtensionServer server) throws SQLException {
    run("passes").assertStatistics(events -> events.succeeded(1));
    try (TestDatabase database = server.createDatabase()) {
      String left = "SELECT count(*) FROM pg_database WHERE datname = '" + Example.used + "'";
      awaitAnswer(database.dataSource(), left, "0");
    }
  }

  @Test
  void rejectsAClassDatabaseWithMethodScope() {
    fails(Misused.class, "set database = CLASS in the annotation to share one");
  }

  @Nested
  @PeopleTest
  class OfSeveralLevels {
    private static String seen = "";

    @RepeatedTest(2)
    void overridesAttributesOnEachLevel(TestDatabase database, Connection connection)
        throws SQLException {
      assertThat(ask(connection, "SELECT count(*) FROM person")).isEqualTo("0");
      assertThat(ask(connection, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
      assertThat(seen).isIn("", database.name());
      seen = database.name();
    }
  }

  @Nested
  @GreetingTest
  @ExtensionTest(extensions = "cube")
  class OfBoth {
    @Test
    void usesTheDirectAnnotation(Connection connection) throws SQLException {
      assertThat(ask(connection, "SELECT to_regproc('pg_hello') IS NULL")).isEqualTo("t");
      assertThat(ask(connection, "SELECT '1'::cube")).isEqualTo("(1)");
    }
  }

  @GreetingTest(create = false)
  abstract static class Base {}

  @GreetingTest(create = false)
  interface Contract {}

  @Nested
  class OfSuperclass extends Base {
    @Test
    void inheritsTheAnnotation(Connection connection) throws SQLException {
      assertThat(ask(connection, "SELECT to_regproc('pg_hello') IS NULL")).isEqualTo("t");
    }
  }

  @Nested
  class OfInterface implements Contract {
    @Test
    void inheritsTheAnnotation(Connection connection) throws SQLException {
      assertThat(ask(connection, "SELECT to_regproc('pg_hello') IS NULL")).isEqualTo("t");
    }
  }

  @GreetingTest
  @PeopleTest
  static final class OfTwo {
    @Test
    void isNotRun() {}
  }

  @Retention(RetentionPolicy.RUNTIME)
  @ExtensionTest(extensions = "pg_hello")
  @interface WrongType {
    String scripts() default "";
  }

  @WrongType
  static final class OfWrongType {
    @Test
    void isNotRun() {}
  }

  @Test
  void rejectsAmbiguousAndInvalidAnnotations() {
    fails(OfTwo.class, "OfTwo has two annotations that each provide a database: keep only one");
    fails(
        OfWrongType.class,
        "@WrongType overrides the attribute scripts of @ExtensionTest, but its type is"
            + " java.lang.String instead of java.lang.String[]: change the type, or rename the");
  }

  private static void fails(Class<?> test, String part) {
    EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(test))
        .execute()
        .allEvents()
        .assertThatEvents()
        .haveExactly(1, event(finishedWithFailure(message(m -> m.contains(part)))));
  }

  private static Events run(String method) {
    return EngineTestKit.engine("junit-jupiter")
        .selectors(selectMethod(Example.class, method, DataSource.class))
        .execute()
        .testEvents();
  }

  /** The class under test. Because of its name, the build does not run it on its own. */
  @GreetingTest
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

  @GreetingTest
  static final class Misused {
    @BeforeAll
    static void prepare(DataSource dataSource) {
      assertThat(dataSource).as("must not be given").isNull();
    }

    @Test
    void isNotRun() {}
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
