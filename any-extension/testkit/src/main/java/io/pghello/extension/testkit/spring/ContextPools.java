// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import java.sql.SQLException;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContext;
import org.springframework.util.ClassUtils;

/** Resets the database of a Spring context together with its connection pools. */
final class ContextPools {
  private ContextPools() {}

  /**
   * Calls a function with the database of a context or its parents, if there is one. If the
   * function has ended the database's sessions, discards the connections in the pools.
   */
  static void reset(@Nullable ApplicationContext context, Predicate<ContextDatabase> function) {
    if (context != null
        && context.containsBean(ContextDatabase.NAME)
        && function.test(context.getBean(ContextDatabase.NAME, ContextDatabase.class))
        && ClassUtils.isPresent(
            "com.zaxxer.hikari.HikariDataSource", ContextPools.class.getClassLoader())) {
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
