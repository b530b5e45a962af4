// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;

import io.pghello.extension.testkit.ExtensionTest.Scope;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;

/** Connections that JUnit or other extensions close at the end of a test or class. */
@SuppressWarnings("MustBeClosedChecker")
class CallbackOrderIT {
  private static final String LEFT = "the test left 1 connection(s) open";

  @ExtensionTest(extensions = "cube")
  static final class OfInstance {
    @AutoClose Connection connection;

    @BeforeEach
    void open(DataSource dataSource) throws SQLException {
      connection = dataSource.getConnection();
    }

    @Test
    void reads() throws SQLException {
      assertThat(connection.isValid(20)).isTrue();
    }
  }

  @ExtensionTest(extensions = "cube", database = Scope.CLASS)
  static class OfClass {
    @AutoClose static Connection connection;

    @BeforeAll
    static void open(DataSource dataSource) throws SQLException {
      connection = dataSource.getConnection();
    }

    @Test
    void reads() throws SQLException {
      assertThat(connection.isValid(20)).isTrue();
    }

    @Nested
    class Inner {
      @Test
      void reads() throws SQLException {
        assertThat(connection.isValid(20)).isTrue();
      }
    }
  }

  @ExtensionTest(extensions = "cube", database = Scope.CLASS)
  @TestInstance(Lifecycle.PER_CLASS)
  static final class OfOneInstance {
    @AutoClose private final Connection connection;

    OfOneInstance(DataSource dataSource) throws SQLException {
      connection = dataSource.getConnection();
    }

    @Test
    void reads() throws SQLException {
      assertThat(connection.isValid(20)).isTrue();
    }
  }

  /** Closes the connection of a test, like an extension of a user. */
  static final class Closing implements AfterEachCallback {
    private static final AtomicReference<Connection> CONNECTION = new AtomicReference<>();

    @Override
    public void afterEach(ExtensionContext context) throws SQLException {
      CONNECTION.get().close();
    }
  }

  @ExtendWith(Closing.class)
  @ExtensionTest(extensions = "cube")
  static final class OfExtensionAbove {
    @Test
    void opens(DataSource dataSource) throws SQLException {
      Closing.CONNECTION.set(dataSource.getConnection());
    }
  }

  @ExtensionTest(extensions = "cube")
  @ExtendWith(Closing.class)
  static final class OfExtensionBelow {
    @Test
    void opens(DataSource dataSource) throws SQLException {
      Closing.CONNECTION.set(dataSource.getConnection());
    }
  }

  @ExtensionTest(extensions = "cube")
  static final class OfMethod {
    private Connection connection;

    @BeforeEach
    void open(DataSource dataSource) throws SQLException {
      connection = dataSource.getConnection();
    }

    @Test
    void reads() throws SQLException {
      assertThat(connection.isValid(20)).isTrue();
    }

    @AfterEach
    void close() throws SQLException {
      connection.close();
    }
  }

  @ExtensionTest(extensions = "cube")
  static final class OfDynamicTests {
    @TestFactory
    Stream<DynamicTest> reads(DataSource dataSource) throws SQLException {
      Connection connection = dataSource.getConnection();
      return Stream.of(
          DynamicTest.dynamicTest("reads", () -> assertThat(connection.isValid(20)).isTrue()),
          DynamicTest.dynamicTest("closes", connection::close));
    }
  }

  @ExtensionTest(extensions = "cube")
  static final class OfParameter {
    private static final AtomicReference<Connection> CONNECTION = new AtomicReference<>();

    @Test
    void reads(Connection connection) throws SQLException {
      assertThat(connection.isValid(20)).isTrue();
      CONNECTION.set(connection);
    }
  }

  @Test
  void closesConnectionsThatAreParameters() throws SQLException {
    run(OfParameter.class).testEvents().assertStatistics(events -> events.succeeded(1));
    assertThat(OfParameter.CONNECTION.get().isClosed()).isTrue();
  }

  private static EngineExecutionResults run(Class<?> test) {
    return EngineTestKit.engine("junit-jupiter").selectors(selectClass(test)).execute();
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        OfInstance.class,
        OfClass.class,
        OfOneInstance.class,
        OfExtensionAbove.class,
        OfExtensionBelow.class,
        OfMethod.class,
        OfDynamicTests.class
      })
  void acceptsConnectionsThatAreClosedLate(Class<?> test) {
    EngineExecutionResults results = run(test);
    results.allEvents().failed().assertThatEvents().isEmpty();
    assertThat(results.testEvents().succeeded().count()).isPositive();
  }

  @ExtensionTest(extensions = "cube")
  static final class Leaking {
    @AutoClose Connection closed;

    @BeforeEach
    void open(DataSource dataSource) throws SQLException {
      closed = dataSource.getConnection();
    }

    @Test
    void leaks(DataSource dataSource) throws SQLException {
      assertThat(dataSource.getConnection().isValid(20)).isTrue();
    }
  }

  @ExtensionTest(extensions = "cube", database = Scope.CLASS)
  static final class LeakingInAfterAll {
    @Test
    void passes() {}

    @AfterAll
    static void leaks(DataSource dataSource) throws SQLException {
      assertThat(dataSource.getConnection().isValid(20)).isTrue();
    }
  }

  @ExtensionTest(extensions = "cube")
  static final class LeakingFactory {
    @TestFactory
    Stream<DynamicTest> leaks(DataSource dataSource) {
      return Stream.of(
          DynamicTest.dynamicTest(
              "leaks", () -> assertThat(dataSource.getConnection().isValid(20)).isTrue()));
    }
  }

  @ParameterizedTest
  @ValueSource(classes = {Leaking.class, LeakingInAfterAll.class, LeakingFactory.class})
  void reportsConnectionsThatStayOpen(Class<?> test) {
    run(test)
        .allEvents()
        .assertThatEvents()
        .haveExactly(1, event(finishedWithFailure(message(m -> m.startsWith(LEFT)))));
  }
}
