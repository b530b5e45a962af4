// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import com.fasterxml.jackson.databind.JsonNode;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import com.zaxxer.hikari.SQLExceptionOverride;
import io.pghello.plugin.ConnectionStats;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.BoundedCache;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Texts;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/** The connections of one id. Thread-safe. */
public final class Pool {
  private static final Logger LOG = System.getLogger("io.pghello.plugin");
  private static final int CACHED_MAX = 256;

  private final String id;
  private final JsonNode json;
  private final ConnectionConfig config;
  private final HikariDataSource source;
  private final Counters counters = new Counters();
  private final Semaphore transactions;
  private final Map<String, List<String>> parameterTypes = BoundedCache.of(CACHED_MAX);
  private final PlainQueries plainQueries = new PlainQueries();
  private final boolean readCommitted;
  private final CompletableFuture<Void> end = new CompletableFuture<>();
  private int users;
  private boolean closed;
  private long lastUsed = System.nanoTime();

  Pool(
      String id,
      JsonNode json,
      ConnectionConfig config,
      LoginSource logins,
      boolean readCommitted) {
    this.id = id;
    this.json = json;
    this.config = config;
    this.readCommitted = readCommitted;
    this.transactions = new Semaphore(Math.max(1, config.max() - 1));
    var hikari = new HikariConfig();
    hikari.setDataSource(logins);
    hikari.setPoolName("pg-hello-plugin");
    hikari.setMaximumPoolSize(config.max());
    hikari.setMinimumIdle(config.min());
    hikari.setIdleTimeout(config.idleTimeoutMillis());
    hikari.setConnectionTimeout(config.connectionTimeoutMillis());
    hikari.setMaxLifetime(config.maxLifetimeMillis());
    hikari.setInitializationFailTimeout(-1);
    hikari.setExceptionOverride(new KeepsUnsupported());
    this.source = new HikariDataSource(hikari);
    logConnection("opened");
  }

  /** Returns the id. */
  public String id() {
    return id;
  }

  /** Returns the configuration. */
  public ConnectionConfig config() {
    return config;
  }

  /** Returns what counts operations. */
  public Counters counters() {
    return counters;
  }

  /** Returns whether transactions of its role were READ COMMITTED by default when it was opened. */
  public boolean readCommitted() {
    return readCommitted;
  }

  /** Returns permits for transactions by id, which leave one connection to others. */
  public Semaphore transactions() {
    return transactions;
  }

  /** Returns the types of the parameters of statements, as far as they were asked for. */
  public Map<String, List<String>> parameterTypes() {
    return parameterTypes;
  }

  /** Returns which queries can be read without the server's JSON. */
  public PlainQueries plainQueries() {
    return plainQueries;
  }

  /**
   * Returns a connection, which the caller closes.
   *
   * @throws PostgresException if there is none
   */
  public Connection borrow() {
    try {
      return source.getConnection();
    } catch (SQLException e) {
      if (source.isClosed()) {
        throw closedMeanwhile();
      }
      throw ServerErrors.connecting(e, config);
    }
  }

  /**
   * Takes a connection back, which rolls back what was not committed.
   *
   * @param changed whether nobody else may have the session, so that it ends
   */
  public void giveBack(Connection connection, boolean changed) {
    try {
      if (!changed) {
        try (connection) {
          endReading(connection);
        }
      } else if (!connection.isClosed()) {
        try {
          // the pool closes it on another thread, maybe after the caller has gone on
          endReading(connection);
          if (!connection.getAutoCommit()) {
            connection.rollback();
          }
        } finally {
          source.evictConnection(connection);
        }
      }
    } catch (SQLException | RuntimeException e) {
      // the pool has dropped it, or is closed, and the server rolls back
      LOG.log(Level.DEBUG, "A connection was lost when it was given back");
    }
  }

  /** Rolls back what only read, and ends the locks that a rollback leaves, in one round trip. */
  private static void endReading(Connection connection) throws SQLException {
    if (!connection.isClosed()
        && connection.isReadOnly()
        && connection.unwrap(BaseConnection.class).getTransactionState() != TransactionState.IDLE) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("ROLLBACK; SELECT pg_advisory_unlock_all()");
      }
    }
  }

  /** Returns what it has and did. */
  public ConnectionStats stats() {
    HikariPoolMXBean pool = source.getHikariPoolMXBean();
    boolean open = pool != null && !source.isClosed();
    long count = counters.count();
    return new ConnectionStats(
        open ? pool.getTotalConnections() : 0,
        open ? pool.getIdleConnections() : 0,
        open ? pool.getThreadsAwaitingConnection() : 0,
        config.max(),
        config.min(),
        count,
        counters.errors(),
        count == 0 ? 0 : counters.totalMillis() / count,
        counters.maxMillis());
  }

  /** Refuses another configuration. */
  void requireSame(JsonNode other) {
    if (!json.equals(other) && !config.equals(ConfigReader.read(other))) {
      throw Failures.withRemedy(
          Code.CONFIG_CHANGED,
          "There is a connection of this id with another configuration.",
          "Disconnect it first, or take another id.");
    }
  }

  /** Counts a user, whom {@link #release()} ends; returns false if it is closed. */
  public synchronized boolean retain() {
    if (!closed) {
      users++;
    }
    return !closed;
  }

  /** Ends the use of one who was counted. */
  public synchronized void release() {
    users--;
    lastUsed = System.nanoTime();
  }

  /** Returns when it was used last, by {@link System#nanoTime()}; now, if it is in use. */
  synchronized long lastUsed() {
    return users > 0 ? System.nanoTime() : lastUsed;
  }

  /** Returns whether somebody uses it. */
  synchronized boolean isUsed() {
    return users > 0;
  }

  /** Closes it unless somebody uses it, or did so within a time; returns whether it is closed. */
  boolean closeUnused(long forNanos) {
    boolean first;
    synchronized (this) {
      if (!closed && (users > 0 || System.nanoTime() - lastUsed < forNanos)) {
        return false;
      }
      first = !closed;
      closed = true;
    }
    endOnce(first);
    return true;
  }

  /** Closes it; statements under way are aborted. A second call waits for the first. */
  void close() {
    boolean first;
    synchronized (this) {
      first = !closed;
      closed = true;
    }
    endOnce(first);
  }

  private void endOnce(boolean first) {
    if (first) {
      try {
        source.close();
        logConnection("closed");
      } finally {
        end.complete(null);
      }
    }
    end.join();
  }

  /** Logs an operation that ended, without its parameters. */
  public void logOperation(String operation, String sql, long nanos, boolean failed) {
    long millis = TimeUnit.NANOSECONDS.toMillis(nanos);
    boolean slow =
        millis >= config.slowQueryThresholdMillis() && config.slowQueryThresholdMillis() > 0;
    Level level = slow ? Level.WARNING : Level.DEBUG;
    if ((slow || config.logQueries()) && mayLog(level)) {
      LOG.log(
          level,
          "{0} {1} on {2} after {3} ms: {4}",
          operation,
          failed ? "failed" : "ended",
          id,
          String.valueOf(millis),
          Texts.oneLine(sql));
    }
  }

  private void logConnection(String what) {
    if (config.logConnections() && mayLog(Level.INFO)) {
      LOG.log(Level.INFO, "The pool of {0} to {1} is {2}", id, config.toString(), what);
    }
  }

  private boolean mayLog(Level level) {
    return level.getSeverity() >= config.level().getSeverity();
  }

  /** Keeps connections on which something was asked that PostgreSQL does not do. */
  private static final class KeepsUnsupported implements SQLExceptionOverride {
    @java.lang.Override
    public Override adjudicate(SQLException e) {
      return "0A000".equals(e.getSQLState()) ? Override.DO_NOT_EVICT : Override.CONTINUE_EVICT;
    }
  }

  private static PostgresException closedMeanwhile() {
    return Failures.withRemedy(
        Code.NOT_CONNECTED, "The connection was closed meanwhile.", "Connect again.");
  }
}
