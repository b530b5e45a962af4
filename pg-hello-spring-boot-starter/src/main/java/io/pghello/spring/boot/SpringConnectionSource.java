// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.ConnectionSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.ConnectionProxy;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.jdbc.datasource.DelegatingDataSource;
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
 * <p>Thread-safe.
 */
public final class SpringConnectionSource implements ConnectionSource {
  private final DataSource dataSource;

  /**
   * Creates a source. No connection is made.
   *
   * @param dataSource that of the application; of a {@link TransactionAwareDataSourceProxy} the one
   *     behind it
   */
  public SpringConnectionSource(DataSource dataSource) {
    DataSource bound = Objects.requireNonNull(dataSource, "dataSource");
    // transaction managers bind what is behind it
    while (bound instanceof TransactionAwareDataSourceProxy proxy
        && proxy.getTargetDataSource() != null) {
      bound = proxy.getTargetDataSource();
    }
    this.dataSource = bound;
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
    return !isBound();
  }

  private boolean isBound() {
    return TransactionSynchronizationManager.hasResource(dataSource);
  }

  /**
   * Returns whether the thread that asks for a connection decides to which database it is, or as
   * whom.
   */
  boolean isRouted() {
    DataSource behind = dataSource;
    while (behind instanceof DelegatingDataSource proxy
        && !(behind instanceof UserCredentialsDataSourceAdapter)
        && proxy.getTargetDataSource() != null) {
      behind = proxy.getTargetDataSource();
    }
    return behind instanceof AbstractRoutingDataSource
        || behind instanceof UserCredentialsDataSourceAdapter;
  }

  /** Returns the class of the data source, and none of its secrets. */
  @Override
  public String toString() {
    return dataSource.getClass().getSimpleName();
  }
}
