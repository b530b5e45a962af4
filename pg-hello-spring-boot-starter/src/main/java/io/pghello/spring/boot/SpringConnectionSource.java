// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.extension.batching.ConnectionSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.ConnectionProxy;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.jdbc.datasource.UserCredentialsDataSourceAdapter;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * A connection source for a data source that takes part in Spring transactions. Use it if you
 * define a client yourself, for example for a second data source.
 *
 * <pre>{@code
 * @Bean(defaultCandidate = false)
 * PgHelloClient reports(@Qualifier("reportsData") DataSource dataSource) {
 *   return PgHelloClient.builder().connections(new SpringConnectionSource(dataSource)).build();
 * }
 * }</pre>
 *
 * <p>Thread-safe. A call inside a transaction on this data source is not batched, and runs on the
 * transaction's connection. It sees the transaction's settings and never waits for connections that
 * other transactions hold. All other calls use connections that are borrowed from the data source,
 * and may be batched.
 *
 * <p>Any transaction manager works if it binds connections of this data source, for example {@code
 * DataSourceTransactionManager} or {@code JpaTransactionManager}. Transactions on other data
 * sources do not affect calls.
 *
 * <p>Calls are batched only if the data source is known to connect all threads to the same database
 * as the same user:
 *
 * <ul>
 *   <li>Batched: the pools HikariCP, Tomcat JDBC, Commons DBCP 2 and c3p0, the unpooled data
 *       sources of the driver and of Spring, and wrappers that unwrap to one of them, such as
 *       datasource-proxy and p6spy. If a wrapper unwraps to a different pool on the calling thread
 *       than when this source was created, the call is not batched.
 *   <li>Batched only if you pass {@code batching} = true: all other data sources.
 *   <li>Never batched: {@link AbstractRoutingDataSource} and {@link
 *       UserCredentialsDataSourceAdapter}.
 * </ul>
 *
 * One case is not detected: a custom wrapper that unwraps to one pool but takes connections from
 * several.
 */
public final class SpringConnectionSource implements ConnectionSource {
  private final DataSource dataSource;
  private final boolean shareable;
  // the pool that all threads must share; null if the pool is not checked
  private final @Nullable DataSource pool;

  /**
   * Creates a source that allows batching if the data source is known to be suitable. Opens no
   * connection.
   *
   * @param dataSource the application's data source; a {@link TransactionAwareDataSourceProxy} is
   *     unwrapped
   */
  public SpringConnectionSource(DataSource dataSource) {
    this.dataSource = bound(dataSource);
    pool = DataSources.pool(this.dataSource);
    shareable = pool != null;
  }

  /**
   * Creates a source with an explicit setting for batching. Opens no connection.
   *
   * @param dataSource the application's data source; a {@link TransactionAwareDataSourceProxy} is
   *     unwrapped
   * @param batching true if the data source connects all threads to the same database as the same
   *     user; calls inside transactions are still not batched
   * @throws IllegalArgumentException if {@code batching} is true and the data source is one of
   *     Spring's data sources that select the database or the user based on the calling thread
   */
  public SpringConnectionSource(DataSource dataSource, boolean batching) {
    this.dataSource = bound(dataSource);
    if (batching && DataSources.isRouted(this.dataSource)) {
      throw new IllegalArgumentException(
          "Calls from several threads cannot share a statement: the calling thread chooses the"
              + " database or the user of "
              + this
              + ". Pass false for batching, or create one client for each target.");
    }
    pool = null;
    shareable = batching;
  }

  private static DataSource bound(DataSource dataSource) {
    DataSource bound = Objects.requireNonNull(dataSource, "dataSource");
    // transaction managers bind connections to the target data source, not to the proxy
    while (bound instanceof TransactionAwareDataSourceProxy proxy
        && proxy.getTargetDataSource() != null) {
      bound = proxy.getTargetDataSource();
    }
    return bound;
  }

  @Override
  public Connection getConnection() throws SQLException {
    // outside a transaction on this data source, DataSourceUtils would bind the connection to a
    // transaction on another data source
    Connection connection =
        isBound()
            ? DataSourceUtils.doGetConnection(dataSource)
            : Objects.requireNonNull(dataSource.getConnection(), "the data source returned null");
    if (connection instanceof ConnectionProxy lazy) {
      try {
        // wait for a connection here, because the client's timeout applies to this method
        lazy.getTargetConnection();
      } catch (RuntimeException | Error e) {
        release(connection);
        throw e;
      }
    }
    return connection;
  }

  @Override
  public void release(Connection connection) throws SQLException {
    DataSourceUtils.doReleaseConnection(connection, dataSource);
  }

  @Override
  public boolean mayJoinBatch() {
    return shareable && !isBound() && (pool == null || pool.equals(DataSources.pool(dataSource)));
  }

  private boolean isBound() {
    return TransactionSynchronizationManager.hasResource(dataSource);
  }

  /**
   * Returns whether the data source is one of Spring's data sources that select the database or the
   * user based on the calling thread.
   */
  boolean isRouted() {
    return DataSources.isRouted(dataSource);
  }

  /** Returns whether calls can be batched. */
  boolean isShareable() {
    return shareable;
  }

  /** Returns the class name of the data source, without secrets. */
  @Override
  public String toString() {
    Class<?> type = dataSource.getClass();
    return type.isAnonymousClass() ? type.getName() : type.getSimpleName();
  }
}
