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
 * A data source whose connections may be bound to a thread by one of Spring's transactions.
 *
 * <p>A call that is made inside a transaction on this data source runs on the transaction's
 * connection, by itself: it sees what the transaction has set, and cannot wait for a connection
 * that the transactions of others hold. All other calls take a connection of their own, and may
 * share a statement. Which transaction manager began the transaction does not matter, if it binds
 * connections of this data source, as {@code DataSourceTransactionManager} and {@code
 * JpaTransactionManager} do. A transaction on another data source does not matter either.
 *
 * <p>Calls share a statement only on a data source of which it is known that all threads get
 * connections of one database from it, as one user. That is a pool (HikariCP, Tomcat's, Commons
 * DBCP 2, c3p0), or a data source of the driver's or Spring's without one, and what is around it if
 * that unwraps to it, as datasource-proxy and p6spy do. A call whose thread finds another pool
 * there, now or later, is made by itself. So are all calls on a data source of which nothing is
 * known, unless the program says that they may share, and all calls behind an {@link
 * AbstractRoutingDataSource} or an {@link UserCredentialsDataSourceAdapter}. Only a wrapper that is
 * none of Spring's, unwraps to one pool for all threads and takes connections from several is not
 * recognised.
 *
 * <p>Thread-safe.
 */
public final class SpringConnectionSource implements ConnectionSource {
  private final DataSource dataSource;
  private final boolean shareable;
  // the one that all of them share; null if they need not be asked
  private final @Nullable DataSource pool;

  /**
   * Creates a source whose calls share statements if it is known that they can. No connection is
   * made.
   *
   * @param dataSource that of the application; of a {@link TransactionAwareDataSourceProxy} the one
   *     behind it
   */
  public SpringConnectionSource(DataSource dataSource) {
    this.dataSource = bound(dataSource);
    pool = DataSources.pool(this.dataSource);
    shareable = pool != null;
  }

  /**
   * Creates a source and says whether its calls share statements. No connection is made.
   *
   * @param dataSource that of the application; of a {@link TransactionAwareDataSourceProxy} the one
   *     behind it
   * @param coalescing true if the program knows that all threads get connections of one database,
   *     as one user; calls inside transactions still are made by themselves
   * @throws IllegalArgumentException if it is true, and one of Spring's data sources lets the
   *     calling thread decide on the database or on the user
   */
  public SpringConnectionSource(DataSource dataSource, boolean coalescing) {
    this.dataSource = bound(dataSource);
    if (coalescing && DataSources.isRouted(this.dataSource)) {
      throw new IllegalArgumentException(
          "Calls of several threads cannot share a statement: the calling thread chooses the"
              + " database or the user of "
              + this);
    }
    pool = null;
    shareable = coalescing;
  }

  private static DataSource bound(DataSource dataSource) {
    DataSource bound = Objects.requireNonNull(dataSource, "dataSource");
    // transaction managers bind what is behind it
    while (bound instanceof TransactionAwareDataSourceProxy proxy
        && proxy.getTargetDataSource() != null) {
      bound = proxy.getTargetDataSource();
    }
    return bound;
  }

  @Override
  public Connection get() throws SQLException {
    // without a transaction on it, DataSourceUtils would bind the connection to one on another
    Connection connection =
        isBound()
            ? DataSourceUtils.doGetConnection(dataSource)
            : Objects.requireNonNull(dataSource.getConnection(), "the data source returned null");
    if (connection instanceof ConnectionProxy lazy) {
      try {
        // waits for a connection here, where the client's time-out ends the wait
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

  /** Returns whether one of Spring's data sources lets the thread decide on the database. */
  boolean isRouted() {
    return DataSources.isRouted(dataSource);
  }

  /** Returns whether calls share statements at all. */
  boolean isShareable() {
    return shareable;
  }

  /** Returns the class of the data source, and none of its secrets. */
  @Override
  public String toString() {
    Class<?> type = dataSource.getClass();
    return type.isAnonymousClass() ? type.getName() : type.getSimpleName();
  }
}
