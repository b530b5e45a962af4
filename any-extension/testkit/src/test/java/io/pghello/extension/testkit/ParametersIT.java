// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.pghello.extension.testkit.ExtensionTest.Scope;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;

/** Parameters that JUnit or other extensions provide, and databases of parameterized classes. */
class ParametersIT {
  private static final String FAKE = "a fake";

  private static void passes(Class<?> test, int tests) {
    EngineExecutionResults results =
        EngineTestKit.engine("junit-jupiter").selectors(selectClass(test)).execute();
    results.allEvents().failed().assertThatEvents().as("failures of " + test).isEmpty();
    results.testEvents().assertStatistics(events -> events.succeeded(tests));
  }

  private static DataSource fake() {
    return (DataSource)
        Proxy.newProxyInstance(
            ParametersIT.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (proxy, method, arguments) -> FAKE);
  }

  static Stream<DataSource> fakes() {
    return Stream.of(fake());
  }

  /** Stands in for an annotation such as Mockito's {@code @Mock}. */
  @Retention(RetentionPolicy.RUNTIME)
  @interface Fake {}

  @Retention(RetentionPolicy.RUNTIME)
  @interface NonNull {}

  @Retention(RetentionPolicy.RUNTIME)
  @Superuser
  @interface Administrator {}

  static final class FakeExtension implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.isAnnotated(Fake.class);
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return fake();
    }
  }

  @ExtensionTest(extensions = "cube")
  @ExtendWith(FakeExtension.class)
  static final class OfAnotherExtension {
    @Test
    void receivesBoth(@Fake DataSource fake, DataSource dataSource) throws SQLException {
      assertThat(fake).hasToString(FAKE);
      assertThat(ask(dataSource, "SELECT 1")).isEqualTo("1");
    }

    @Test
    void ignoresAnnotationsWithoutAnExtension(
        @NonNull Connection owner, @Administrator Connection superuser) throws SQLException {
      assertThat(ask(owner, "SHOW is_superuser")).isEqualTo("off");
      assertThat(ask(superuser, "SHOW is_superuser")).isEqualTo("on");
    }
  }

  @Test
  void leavesAnnotatedParametersToOtherExtensions() {
    passes(OfAnotherExtension.class, 2);
  }

  @ExtensionTest(extensions = "cube")
  static final class OfArguments {
    @ParameterizedTest
    @MethodSource("io.pghello.extension.testkit.ParametersIT#fakes")
    void receivesTheArgumentAndAConnection(DataSource argument, DataSource dataSource)
        throws SQLException {
      assertThat(argument).hasToString(FAKE);
      assertThat(ask(dataSource, "SELECT 1")).isEqualTo("1");
    }
  }

  @Test
  void leavesArgumentsOfParameterizedTestsToJUnit() {
    passes(OfArguments.class, 1);
  }

  @ParameterizedClass
  @MethodSource("io.pghello.extension.testkit.ParametersIT#fakes")
  @ExtensionTest(extensions = "cube", database = Scope.CLASS)
  static final class OfClassArguments {
    private final DataSource argument;
    private final DataSource database;

    OfClassArguments(DataSource argument, DataSource database) {
      this.argument = argument;
      this.database = database;
    }

    @BeforeParameterizedClassInvocation
    static void receivesTheArgument(DataSource argument) {
      assertThat(argument).hasToString(FAKE);
    }

    @BeforeParameterizedClassInvocation(injectArguments = false)
    static void receivesADataSource(DataSource database) throws SQLException {
      assertThat(ask(database, "SELECT 1")).isEqualTo("1");
    }

    @Test
    void receivesTheArgumentAndADataSource(DataSource another) throws SQLException {
      assertThat(argument).hasToString(FAKE);
      assertThat(ask(database, "SELECT current_database()"))
          .isEqualTo(ask(another, "SELECT current_database()"));
    }
  }

  @Test
  void leavesArgumentsOfParameterizedClassesToJUnit() {
    passes(OfClassArguments.class, 1);
  }

  static Stream<Arguments> numbersAndFakes() {
    return Stream.of(Arguments.of(1, fake(), fake()), Arguments.of(2, fake(), fake()));
  }

  @ParameterizedClass
  @MethodSource("io.pghello.extension.testkit.ParametersIT#numbersAndFakes")
  @ExtensionTest(extensions = "cube", database = Scope.CLASS)
  static class OfLaterClassArguments {
    private final DataSource database;

    OfLaterClassArguments(
        int number, DataSource first, DataSource second, DataSource database, Connection own)
        throws SQLException {
      assertThat(first).hasToString(FAKE);
      assertThat(second).hasToString(FAKE);
      assertThat(ask(own, "SELECT current_database()"))
          .isEqualTo(ask(database, "SELECT current_database()"));
      this.database = database;
    }

    @ParameterizedTest
    @MethodSource("io.pghello.extension.testkit.ParametersIT#fakes")
    void receivesTheArgumentOfTheTest(DataSource argument, DataSource another) throws SQLException {
      assertThat(argument).hasToString(FAKE);
      assertThat(ask(database, "SELECT current_database()"))
          .isEqualTo(ask(another, "SELECT current_database()"));
    }

    @Nested
    @ParameterizedClass
    @MethodSource("io.pghello.extension.testkit.ParametersIT#fakes")
    class Inner {
      private final DataSource another;

      Inner(DataSource argument, DataSource another) {
        assertThat(argument).hasToString(FAKE);
        this.another = another;
      }

      @Test
      void sharesTheDatabase() throws SQLException {
        assertThat(ask(database, "SELECT current_database()"))
            .isEqualTo(ask(another, "SELECT current_database()"));
      }
    }
  }

  @Test
  void leavesLaterArgumentsOfParameterizedClassesToJUnit() {
    passes(OfLaterClassArguments.class, 4);
  }

  @ParameterizedClass
  @ValueSource(ints = {1, 2})
  @ExtensionTest(extensions = "cube", database = Scope.CLASS)
  static class OfArgumentFields {
    @Parameter int number;
    private final DataSource database;

    OfArgumentFields(DataSource database) {
      this.database = database;
    }

    @Test
    void receivesADataSource() throws SQLException {
      assertThat(ask(database, "SELECT " + number)).isEqualTo(String.valueOf(number));
    }
  }

  @Test
  void providesParametersOfConstructorsIfArgumentsAreInFields() {
    passes(OfArgumentFields.class, 2);
  }

  @ParameterizedClass
  @ValueSource(ints = {1, 2})
  @ExtensionTest(extensions = "cube", database = Scope.CLASS)
  static class OfInvocations {
    @Parameter int number;

    @BeforeAll
    static void createTable(Connection connection) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE number (i int)");
      }
    }

    @Test
    void seesTheTable(Connection connection) throws SQLException {
      assertThat(
              ask(
                  connection,
                  "WITH one AS (INSERT INTO number VALUES (1)) SELECT count(*) FROM number"))
          .isEqualTo(String.valueOf(number - 1));
    }

    @Nested
    class Inner {
      @Test
      void seesTheTable(Connection connection) throws SQLException {
        assertThat(ask(connection, "SELECT count(*) >= 0 FROM number")).isEqualTo("t");
      }
    }
  }

  @Test
  void sharesOneDatabaseAmongInvocationsOfAClass() {
    passes(OfInvocations.class, 4);
  }
}
