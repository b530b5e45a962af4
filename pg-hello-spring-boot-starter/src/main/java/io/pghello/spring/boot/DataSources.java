// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import java.lang.reflect.Method;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.UserCredentialsDataSourceAdapter;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;
import org.springframework.util.ClassUtils;

/** Determines which pool provides a data source's connections, without opening a connection. */
final class DataSources {
  /**
   * Classes of data sources that connect all threads to the same database as the same user. Their
   * subclasses may behave differently.
   */
  static final List<String> POOLS =
      List.of(
          "com.zaxxer.hikari.HikariDataSource",
          "org.apache.tomcat.jdbc.pool.DataSource",
          "org.apache.commons.dbcp2.BasicDataSource",
          "com.mchange.v2.c3p0.ComboPooledDataSource",
          "org.postgresql.ds.PGSimpleDataSource",
          "org.springframework.jdbc.datasource.DriverManagerDataSource",
          "org.springframework.jdbc.datasource.SimpleDriverDataSource");

  private static final List<Class<?>> PRESENT = present(DataSources.class.getClassLoader());
  private static final Set<String> DECIDING =
      Set.of("getConnection", "getTargetDataSource", "obtainTargetDataSource");

  /** Spring's proxy classes that take all connections from their target. */
  private static final Set<Class<?>> SPRINGS =
      Set.of(DelegatingDataSource.class, LazyConnectionDataSourceProxy.class);

  /** Whether a proxy class takes all connections from its target. */
  private static final ClassValue<Boolean> TRANSPARENT =
      new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
          for (Class<?> c = type; !SPRINGS.contains(c); c = c.getSuperclass()) {
            if (Stream.of(c.getDeclaredMethods())
                .map(Method::getName)
                .anyMatch(DECIDING::contains)) {
              return false;
            }
          }
          return true;
        }
      };

  private DataSources() {}

  /**
   * Returns whether the data source is one of Spring's data sources that select the database or the
   * user based on the calling thread. Does not detect such a data source behind a wrapper.
   */
  static boolean isRouted(DataSource dataSource) {
    return isOrWraps(dataSource, AbstractRoutingDataSource.class)
        || isOrWraps(dataSource, UserCredentialsDataSourceAdapter.class);
  }

  /**
   * Returns the pool that provides the current thread's connections. Returns null if the pool is
   * unknown, either because its class is not in {@link #POOLS} or because an unknown data source
   * wraps it.
   */
  static @Nullable DataSource pool(DataSource dataSource) {
    try {
      return PRESENT.contains(dataSource.getClass())
          ? dataSource
          : isRouted(dataSource) ? null : poolBehind(dataSource);
    } catch (SQLException | RuntimeException e) {
      // thrown, for example, if no tenant is set for the thread
      return null;
    }
  }

  private static @Nullable DataSource poolBehind(DataSource dataSource) throws SQLException {
    if (PRESENT.contains(dataSource.getClass())) {
      return dataSource;
    }
    if (dataSource instanceof DelegatingDataSource proxy) {
      DataSource target = proxy.getTargetDataSource();
      return target != null && isTransparent(proxy.getClass()) ? poolBehind(target) : null;
    }
    if (dataSource.isWrapperFor(DelegatingDataSource.class)) {
      return poolBehind(dataSource.unwrap(DelegatingDataSource.class));
    }
    for (Class<?> type : PRESENT) {
      if (dataSource.isWrapperFor(type)
          && dataSource.unwrap(type) instanceof DataSource pool
          && pool.getClass() == type) {
        return pool;
      }
    }
    return null;
  }

  /**
   * Returns whether a proxy class takes all connections from its target. In a native image, only
   * Spring's own proxies do: the methods of an application's subclass are not known there.
   */
  private static boolean isTransparent(Class<?> proxy) {
    return SPRINGS.contains(proxy)
        || (System.getProperty("org.graalvm.nativeimage.imagecode") == null
            && TRANSPARENT.get(proxy));
  }

  private static boolean isOrWraps(DataSource dataSource, Class<?> type) {
    try {
      return type.isInstance(dataSource) || dataSource.isWrapperFor(type);
    } catch (SQLException | RuntimeException e) {
      return false;
    }
  }

  private static List<Class<?>> present(@Nullable ClassLoader loader) {
    return POOLS.stream()
        .filter(name -> ClassUtils.isPresent(name, loader))
        .<Class<?>>map(name -> ClassUtils.resolveClassName(name, loader))
        .toList();
  }
}
