// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase.Reset;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ContextConfiguration;
import org.springframework.test.context.ContextHierarchy;
import org.springframework.test.context.jdbc.Sql;
import org.springframework.test.context.jdbc.Sql.ExecutionPhase;
import org.springframework.test.context.junit.jupiter.SpringExtension;
import org.springframework.test.context.junit.jupiter.SpringJUnitConfig;

/** Data that a test class inserts once, in classes that share a context. */
class ResetIT {
  @Configuration
  static class Application {
    /** Creates a table and a row, like migrations at startup. */
    @Bean
    HikariDataSource dataSource(Environment environment) throws SQLException {
      var pool = new HikariDataSource();
      pool.setJdbcUrl(environment.getRequiredProperty("spring.datasource.url"));
      // fewer connections to replace after each reset
      pool.setMaximumPoolSize(2);
      execute(pool, "CREATE TABLE IF NOT EXISTS entry (name text)");
      execute(pool, "INSERT INTO entry VALUES ('migrated')");
      return pool;
    }
  }

  private static void execute(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Requires that the table has these rows only, and adds a row. */
  private static void requireEntries(DataSource dataSource, String names) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT string_agg(name, ' ' ORDER BY name) FROM entry")) {
      row.next();
      assertThat(row.getString(1)).isEqualTo(names);
    }
    insert(dataSource, "left by a test");
  }

  private static void insert(DataSource dataSource, String name) throws SQLException {
    execute(dataSource, "INSERT INTO entry VALUES ('" + name + "')");
  }

  @SpringJUnitConfig(Application.class)
  @AutoConfigureExtensionDatabase(extensions = "cube", reset = Reset.BEFORE_EACH_METHOD)
  abstract static class Base {
    @Autowired DataSource dataSource;
  }

  static final class Plain extends Base {
    @RepeatedTest(2)
    void seesTheStateAfterTheStart() throws SQLException {
      requireEntries(dataSource, "migrated");
    }
  }

  @Sql(
      statements = "INSERT INTO entry VALUES ('by a script')",
      executionPhase = ExecutionPhase.BEFORE_TEST_CLASS)
  static final class OfScript extends Base {
    @RepeatedTest(2)
    void seesTheRowOfTheScript() throws SQLException {
      requireEntries(dataSource, "by a script migrated");
    }
  }

  @TestInstance(Lifecycle.PER_CLASS)
  static class OfBeforeAll extends Base {
    @BeforeAll
    void insertOnce() throws SQLException {
      insert(dataSource, "all");
    }

    @RepeatedTest(2)
    void seesTheRowOfTheClass() throws SQLException {
      requireEntries(dataSource, "all migrated");
    }

    @Nested
    @TestInstance(Lifecycle.PER_CLASS)
    class Inner {
      @BeforeAll
      void insertOnce() throws SQLException {
        insert(dataSource, "inner");
      }

      @RepeatedTest(2)
      void seesTheRowsOfBothClasses() throws SQLException {
        requireEntries(dataSource, "all inner migrated");
      }
    }

    @Nested
    class Another {
      @RepeatedTest(2)
      void seesTheRowOfTheEnclosingClass() throws SQLException {
        requireEntries(dataSource, "all migrated");
      }
    }
  }

  /** Has no methods of its own. */
  @TestInstance(Lifecycle.PER_CLASS)
  static class OfNested extends Base {
    @BeforeAll
    void insertOnce() throws SQLException {
      insert(dataSource, "outer");
    }

    @Nested
    @TestInstance(Lifecycle.PER_CLASS)
    class Inner {
      @BeforeAll
      void insertOnce() throws SQLException {
        insert(dataSource, "inner");
      }

      @Test
      void seesTheRowsOfBothClasses() throws SQLException {
        requireEntries(dataSource, "inner migrated outer");
      }
    }

    @Nested
    class Another {
      @RepeatedTest(2)
      void seesTheRowOfTheEnclosingClass() throws SQLException {
        requireEntries(dataSource, "migrated outer");
      }
    }
  }

  /** Closes the context that the classes share. */
  @DirtiesContext
  static final class Last extends Base {
    @Test
    void seesTheStateAfterTheStart() throws SQLException {
      requireEntries(dataSource, "migrated");
    }
  }

  private static void passes(List<Class<?>> tests, int methods) {
    EngineTestKit.Builder engine =
        EngineTestKit.engine("junit-jupiter")
            .configurationParameter("junit.jupiter.execution.parallel.enabled", "false");
    tests.forEach(test -> engine.selectors(selectClass(test)));
    EngineExecutionResults results = engine.execute();
    results.allEvents().failed().assertThatEvents().isEmpty();
    results.testEvents().assertStatistics(events -> events.succeeded(methods));
  }

  static Stream<List<Class<?>>> orders() {
    return IntStream.range(0, 4)
        .mapToObj(
            i -> {
              var order =
                  new ArrayList<Class<?>>(
                      List.of(Plain.class, OfScript.class, OfBeforeAll.class, OfNested.class));
              Collections.rotate(order, i);
              return order;
            });
  }

  @ParameterizedTest
  @MethodSource("orders")
  void keepsTheRowsOfAClassInThisClassOnly(List<Class<?>> order) {
    var tests = new ArrayList<>(order);
    tests.add(Last.class);
    passes(tests, 14);
    Collections.reverse(order);
    tests = new ArrayList<>(order);
    tests.add(Last.class);
    passes(tests, 14);
  }

  @Configuration
  static class Child {}

  @Configuration
  static class OtherChild {
    /** Changes the database at startup. */
    @Bean
    String entry(DataSource dataSource) throws SQLException {
      insert(dataSource, "other child");
      return "inserted";
    }
  }

  @ExtendWith(SpringExtension.class)
  @ContextHierarchy({
    @ContextConfiguration(name = "parent", classes = Application.class),
    @ContextConfiguration(name = "child", classes = Child.class)
  })
  @AutoConfigureExtensionDatabase(extensions = "cube", reset = Reset.BEFORE_EACH_METHOD)
  static final class OfHierarchy {
    @Autowired private DataSource dataSource;
    @Autowired private Environment environment;

    @RepeatedTest(2)
    void seesTheStateAfterTheStart() throws SQLException {
      requireEntries(dataSource, "migrated");
      assertThat(dataSource.unwrap(HikariDataSource.class).getJdbcUrl())
          .isEqualTo(environment.getProperty("spring.datasource.url"));
    }
  }

  @ExtendWith(SpringExtension.class)
  @ContextHierarchy({
    @ContextConfiguration(name = "parent", classes = Application.class),
    @ContextConfiguration(name = "child", classes = OtherChild.class)
  })
  @AutoConfigureExtensionDatabase(extensions = "cube", reset = Reset.BEFORE_EACH_METHOD)
  static final class OfOtherChild {
    @Autowired private DataSource dataSource;

    @RepeatedTest(2)
    void seesTheRowOfTheChildContext() throws SQLException {
      requireEntries(dataSource, "migrated other child");
    }
  }

  @Test
  void sharesTheDatabaseOfTheParentContext() {
    passes(List.of(OfHierarchy.class, OfOtherChild.class), 4);
  }
}
