// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.util.Credentials;
import io.pghello.extension.batching.internal.Threads;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGConnection;

/**
 * The pool of a client that is configured with a URL. HikariCP connects in the background, retries,
 * and reports the reason for a failure only after its connection timeout. This pool creates the
 * first connection on the calling thread, so that a wrong password is reported immediately.
 */
public final class ManagedPool extends HikariDataSource {
  private static final int SIZE = 20;
  private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration CONNECTION_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration VALIDATION_TIMEOUT = Duration.ofSeconds(1);
  private static final Duration MAX_LIFETIME = Duration.ofMinutes(30);

  private final @Nullable FirstConnection first;

  private ManagedPool(HikariConfig config, @Nullable FirstConnection first) {
    super(config);
    this.first = first;
  }

  /** Returns whether the driver can read a URL. */
  public static boolean isReadable(String url) {
    try {
      return Driver.parseURL(url, null) != null;
    } catch (IndexOutOfBoundsException e) {
      // thrown, for example, for a list of hosts that begins with a comma
      return false;
    }
  }

  /** Returns the default configuration of a pool, without a URL. */
  public static HikariConfig defaults() {
    var config = new HikariConfig();
    config.setMaximumPoolSize(SIZE);
    config.setMinimumIdle(0);
    config.setIdleTimeout(IDLE_TIMEOUT.toMillis());
    config.setConnectionTimeout(CONNECTION_TIMEOUT.toMillis());
    config.setValidationTimeout(VALIDATION_TIMEOUT.toMillis());
    config.setMaxLifetime(MAX_LIFETIME.toMillis());
    config.setInitializationFailTimeout(-1);
    return config;
  }

  /**
   * Starts a pool. The pool does not connect yet.
   *
   * @param statementTimeout the statement timeout of connections that this pool creates; 0 for the
   *     server's setting
   */
  public static ManagedPool start(HikariConfig config, Duration statementTimeout) {
    if (config.getDataSource() != null
        || config.getDataSourceClassName() != null
        || config.getDriverClassName() != null
        || config.getJdbcUrl() == null) {
      // another data source creates the connections
      return new ManagedPool(config, null);
    }
    var first =
        new FirstConnection(
            config.getJdbcUrl(), config.getDataSourceProperties(), statementTimeout.toMillis());
    config.setDataSource(first);
    return new ManagedPool(config, first);
  }

  @Override
  public Connection getConnection() throws SQLException {
    if (first != null && !first.made) {
      first.make(getCredentials());
    }
    return super.getConnection();
  }

  /**
   * Closes the pool completely, even if the calling thread is interrupted. The thread stays
   * interrupted.
   */
  @Override
  public void close() {
    CompletableFuture.runAsync(
            super::close,
            task -> {
              if (!Threads.tryStart("pg-extension-close", task)) {
                task.run();
              }
            })
        .join();
    if (first != null) {
      first.close();
    }
  }

  /**
   * Creates the connections of the pool. The first connection is kept until the pool requests it.
   */
  private static final class FirstConnection implements DataSource {
    // does nothing if the server process differs from the server process reported at login, because
    // a pooler then shares the session with other clients
    private static final String LIMIT =
        "SELECT pg_catalog.set_config('statement_timeout', ?, false)"
            + " WHERE pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) ?";

    private final String url;
    private final Properties properties;
    private final long statementMillis;
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicReference<@Nullable Connection> unused = new AtomicReference<>();
    private final AtomicInteger attempts = new AtomicInteger();
    private @Nullable SQLException failure;
    private volatile boolean made;
    private volatile boolean closed;
    private volatile int loginTimeoutSeconds;

    FirstConnection(String url, Properties properties, long statementMillis) {
      this.url = url;
      this.properties = properties;
      this.statementMillis = statementMillis;
    }

    /**
     * Creates the connection unless it already exists. A failure is also reported to the threads
     * that waited for the attempt, unless the cause was an interrupt.
     */
    void make(Credentials credentials) throws SQLException {
      int seen = attempts.get();
      lock();
      try {
        if (made) {
          return;
        }
        SQLException shared = failure;
        if (attempts.get() != seen && shared != null) {
          throw new SQLException(shared.getMessage(), shared.getSQLState(), shared);
        }
        unused.set(attempt(credentials.getUsername(), credentials.getPassword()));
        made = true;
        if (closed) {
          // the pool was closed in the meantime
          closeUnused();
        }
      } finally {
        lock.unlock();
      }
    }

    private void lock() throws SQLException {
      try {
        lock.lockInterruptibly();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new SQLException("interrupted while another thread made the first connection", e);
      }
    }

    private Connection attempt(@Nullable String user, @Nullable String password)
        throws SQLException {
      attempts.incrementAndGet();
      failure = null;
      try {
        return connect(user, password);
      } catch (SQLException e) {
        if (!Thread.currentThread().isInterrupted()) {
          failure = e;
        }
        throw e;
      }
    }

    private Connection connect(@Nullable String user, @Nullable String password)
        throws SQLException {
      var all = new Properties();
      if (loginTimeoutSeconds > 0) {
        all.setProperty("loginTimeout", Integer.toString(loginTimeoutSeconds));
      }
      if (user != null) {
        all.setProperty("user", user);
      }
      if (password != null) {
        all.setProperty("password", password);
      }
      all.putAll(properties);
      Connection connection = DriverManager.getConnection(url, all);
      try {
        limit(connection);
      } catch (SQLException | RuntimeException e) {
        connection.close();
        throw e;
      }
      return connection;
    }

    /** Sets the statement timeout, unless a pooler shares the session with other clients. */
    private void limit(Connection connection) throws SQLException {
      if (statementMillis > 0 && connection.isWrapperFor(PGConnection.class)) {
        try (PreparedStatement set = connection.prepareStatement(LIMIT)) {
          set.setString(1, Long.toString(statementMillis));
          set.setInt(2, connection.unwrap(PGConnection.class).getBackendPID());
          set.execute();
        }
      }
    }

    void close() {
      closed = true;
      closeUnused();
    }

    private void closeUnused() {
      Connection connection = unused.getAndSet(null);
      if (connection != null) {
        try {
          connection.close();
        } catch (SQLException ignored) {
          // the connection is unused
        }
      }
    }

    @Override
    public Connection getConnection() throws SQLException {
      return getConnection(null, null);
    }

    @Override
    public Connection getConnection(@Nullable String user, @Nullable String password)
        throws SQLException {
      if (!made) {
        lock();
        try {
          if (!made) {
            // a pool with a minimum number of idle connections requests the first connection before
            // the first call
            Connection connection = attempt(user, password);
            made = true;
            return connection;
          }
        } finally {
          lock.unlock();
        }
      }
      Connection first = unused.getAndSet(null);
      return first != null ? first : connect(user, password);
    }

    @Override
    public void setLoginTimeout(int seconds) {
      loginTimeoutSeconds = seconds;
    }

    @Override
    public int getLoginTimeout() {
      return loginTimeoutSeconds;
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
      return null;
    }

    @Override
    public void setLogWriter(PrintWriter out) throws SQLException {
      throw new SQLFeatureNotSupportedException();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
      throw new SQLFeatureNotSupportedException();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
      throw new SQLException("not a wrapper for " + type.getName());
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
      return false;
    }
  }
}
