// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.context.ApplicationContext;
import org.springframework.test.context.TestContext;
import org.springframework.test.context.support.AbstractTestExecutionListener;
import org.springframework.util.ClassUtils;

/**
 * Restores the database of a Spring context before each test method, if the annotation of the test
 * class enables this.
 */
final class ResetTestExecutionListener extends AbstractTestExecutionListener {
  // runs after the context is loaded (2000) and before the test's transaction begins (4000)
  private static final int ORDER = 3500;

  @Override
  public int getOrder() {
    return ORDER;
  }

  @Override
  public void beforeTestMethod(TestContext test) throws SQLException {
    if (!test.hasApplicationContext()
        || !test.getApplicationContext().containsBean(DatabaseCustomizer.NAME)) {
      return;
    }
    ApplicationContext context = test.getApplicationContext();
    if (context.getBean(DatabaseCustomizer.NAME, ContextDatabase.class).reset()
        && ClassUtils.isPresent(
            "com.zaxxer.hikari.HikariDataSource",
            ResetTestExecutionListener.class.getClassLoader())) {
      for (DataSource dataSource : context.getBeansOfType(DataSource.class).values()) {
        Pools.discardConnections(dataSource);
      }
    }
  }

  /** Discards the connections of pools. Only this nested class needs HikariCP on the class path. */
  private static final class Pools {
    static void discardConnections(DataSource dataSource) throws SQLException {
      if (dataSource.isWrapperFor(HikariDataSource.class)) {
        HikariPoolMXBean pool = dataSource.unwrap(HikariDataSource.class).getHikariPoolMXBean();
        if (pool != null) {
          pool.softEvictConnections();
        }
      }
    }
  }
}
