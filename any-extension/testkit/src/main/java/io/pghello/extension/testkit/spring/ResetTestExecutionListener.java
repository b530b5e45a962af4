// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import java.sql.SQLException;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContext;
import org.springframework.test.context.TestContext;
import org.springframework.test.context.TestContextAnnotationUtils;
import org.springframework.test.context.jdbc.Sql;
import org.springframework.test.context.support.AbstractTestExecutionListener;
import org.springframework.util.ClassUtils;

/**
 * Restores the database of a Spring context before each test method, and before the preparations of
 * each test class, if the annotation of the test class enables this.
 */
final class ResetTestExecutionListener extends AbstractTestExecutionListener {
  // runs after the context is loaded (2000), before the test's transaction begins (4000), and
  // before scripts run (5000)
  private static final int ORDER = 3500;

  @Override
  public int getOrder() {
    return ORDER;
  }

  /**
   * Does not load the context, because {@code @BeforeAll} may prepare files or data for the
   * application. If the class has scripts, Spring loads the context anyway, to run the scripts.
   */
  @Override
  public void beforeTestClass(TestContext test) {
    if (test.hasApplicationContext() || hasScripts(test.getTestClass())) {
      reset(test.getApplicationContext(), database -> database.enter(test.getTestClass()));
    }
  }

  private static boolean hasScripts(Class<?> test) {
    return TestContextAnnotationUtils.getMergedRepeatableAnnotations(test, Sql.class).stream()
        .anyMatch(sql -> sql.executionPhase() == Sql.ExecutionPhase.BEFORE_TEST_CLASS);
  }

  @Override
  public void prepareTestInstance(TestContext test) {
    if (test.hasApplicationContext()) {
      reset(test.getApplicationContext(), ContextDatabase::start);
    }
  }

  @Override
  public void beforeTestMethod(TestContext test) {
    if (test.hasApplicationContext()) {
      reset(test.getApplicationContext(), database -> database.beforeMethod(test.getTestClass()));
    }
  }

  @Override
  public void afterTestClass(TestContext test) {
    if (test.hasApplicationContext()) {
      reset(
          test.getApplicationContext(),
          database -> {
            database.leave(test.getTestClass());
            return false;
          });
    }
  }

  /**
   * Calls a function with the database of a context or its parents, if there is one. If the
   * function has ended the database's sessions, discards the connections in the pools.
   */
  static void reset(@Nullable ApplicationContext context, Predicate<ContextDatabase> function) {
    if (context != null
        && context.containsBean(DatabaseCustomizer.NAME)
        && function.test(context.getBean(DatabaseCustomizer.NAME, ContextDatabase.class))
        && ClassUtils.isPresent(
            "com.zaxxer.hikari.HikariDataSource",
            ResetTestExecutionListener.class.getClassLoader())) {
      for (ApplicationContext each = context; each != null; each = each.getParent()) {
        for (DataSource dataSource : each.getBeansOfType(DataSource.class).values()) {
          Pools.discardConnections(dataSource);
        }
      }
    }
  }

  /** Discards the connections of pools. Only this nested class needs HikariCP on the class path. */
  private static final class Pools {
    static void discardConnections(DataSource dataSource) {
      try {
        if (dataSource.isWrapperFor(HikariDataSource.class)) {
          HikariPoolMXBean pool = dataSource.unwrap(HikariDataSource.class).getHikariPoolMXBean();
          if (pool != null) {
            pool.softEvictConnections();
          }
        }
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
