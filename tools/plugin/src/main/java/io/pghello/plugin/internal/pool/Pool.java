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
import io.pghello.plugin.internal.BoundedCache.Recent;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Texts;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.Field;
import org.postgresql.core.Query;
import org.postgresql.core.QueryExecutor;
import org.postgresql.core.ResultCursor;
import org.postgresql.core.ResultHandlerBase;
import org.postgresql.core.TransactionState;
import org.postgresql.core.Tuple;

/** The pool of one configured connection, which is identified by its id. Thread-safe. */
public final class Pool {
  private static final Logger LOG = System.getLogger("io.pghello.plugin");
  private static final int CACHED_MAX = 256;

  private final String id;
  private final JsonNode json;
  private final ConnectionConfig config;
  private final HikariDataSource source;
  private final Counters counters = new Counters();
  private final Semaphore transactions;
  private final Map<String, List<String>> arrays = BoundedCache.of(CACHED_MAX);
  private final Map<String, Recent<int[]>> types = BoundedCache.of(CACHED_MAX);
  private final PlainQueries plainQueries = new PlainQueries();
  private final Map<String, Recent<JsonNode>> operators = BoundedCache.of(CACHED_MAX);
  private final LoginDataSource logins;
  private final Server server;
  private final int maxBytes;
  private int users;
  private boolean closed;
  private long lastUsed = System.nanoTime();

  Pool(
      String id,
      JsonNode json,
      ConnectionConfig config,
      LoginDataSource logins,
      Server server,
      int maxBytes) {
    this.id = id;
    this.json = json;
    this.config = config;
    this.logins = logins;
    this.server = server;
    this.maxBytes = maxBytes;
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
    hikari.setExceptionOverride(new KeepsAll());
    this.source = new HikariDataSource(hikari);
    logConnection("opened");
  }

  /** Returns the id of the configured connection. */
  public String id() {
    return id;
  }

  /** Returns the configuration. */
  public ConnectionConfig config() {
    return config;
  }

  /** Returns the counters of operations. */
  public Counters counters() {
    return counters;
  }

  /** Returns the server and role data that was queried when the pool was opened. */
  public Server server() {
    return server;
  }

  /** Returns the maximum size of a result. */
  public int maxBytes() {
    return maxBytes;
  }

  /**
   * Returns the permits for transactions that were begun with {@code beginTransaction}. Unless the
   * pool has only one connection, the permits leave one connection for other operations.
   */
  public Semaphore transactions() {
    return transactions;
  }

  /**
   * Returns a cache that contains, for each parameter of a statement, the delimiter of its array
   * type; empty if it is not an array. The key is the text of the statement.
   */
  public Map<String, List<String>> arrays() {
    return arrays;
  }

  /** Returns a cache of the parameters' type OIDs, by the text of the statement. */
  public Map<String, Recent<int[]>> types() {
    return types;
  }

  /**
   * Returns the schemas of the operators for a table's columns. Queries the schemas at most once a
   * minute.
   */
  public JsonNode operators(String table, Supplier<JsonNode> ask) {
    Recent<JsonNode> known = operators.get(table);
    if (known == null || known.isOld()) {
      known = Recent.of(ask.get());
      operators.put(table, known);
    }
    return known.value();
  }

  /** Discards the cached operators of all tables, because a table has changed. */
  public void forgetOperators() {
    operators.clear();
  }

  /**
   * Returns a cache of queries whose results can be read without converting them to JSON on the
   * server.
   */
  public PlainQueries plainQueries() {
    return plainQueries;
  }

  /**
   * Borrows a connection. The caller must close it or return it.
   *
   * @throws PostgresException if none is available
   */
  public Connection borrow() {
    try {
      return source.getConnection();
    } catch (SQLException e) {
      if (source.isClosed()) {
        throw Failures.withRemedy(
            Code.NOT_CONNECTED, "The connection was closed in the meantime.", "Connect again.");
      }
      throw ServerErrors.connecting(e, config);
    }
  }

  /** The treatment of a session that is returned to the pool. */
  public enum After {
    /** The session is kept as it is, because it is unchanged. */
    KEEP,
    /** The session is reset, because a statement may have changed it. */
    RESET,
    /** The session is closed, because a reset may not restore everything that was changed. */
    END
  }

  /**
   * Returns a connection to the pool. Either rolls back an open transaction and resets the session
   * to its state after login, with at most one round trip, or closes the session.
   */
  public void giveBack(Connection connection, After after) {
    boolean same = false;
    try {
      same = isAsLoggedIn(connection, after) && after != After.END;
    } catch (SQLException | RuntimeException e) {
      // The pool has closed the connection, or is itself closed. In both cases, the server rolls
      // back the transaction.
      LOG.log(Level.DEBUG, "A connection was lost when it was returned");
    }
    try {
      if (same) {
        connection.close();
      } else {
        // The pool closes the connection on another thread, possibly after the caller has
        // continued.
        source.evictConnection(connection);
      }
    } catch (SQLException | RuntimeException e) {
      LOG.log(Level.DEBUG, "A connection was lost when it was returned");
    }
  }

  private boolean isAsLoggedIn(Connection connection, After after) throws SQLException {
    BaseConnection base = connection.unwrap(BaseConnection.class);
    if (base.isClosed()) {
      // The other sessions may have been lost for the same reason. Close them, because a retry
      // could otherwise borrow another lost session.
      source.getHikariPoolMXBean().softEvictConnections();
      return false;
    }
    boolean open = base.getTransactionState() != TransactionState.IDLE;
    if (after == After.KEEP) {
      if (open) {
        send(base, "ROLLBACK", new Answer());
      }
      return true;
    }
    // A rollback does not release session-level locks, and does not discard statements prepared by
    // functions.
    String rest =
        open && connection.isReadOnly() ? "SELECT " + LoginDataSource.LEFT : logins.reset();
    var answer = new Answer();
    send(base, open ? "ROLLBACK; " + rest : rest, answer);
    return answer.reset;
  }

  /**
   * Commits, and resets the session to its state after login, in one round trip.
   *
   * @return whether the session was reset; if not, the commit has still succeeded
   * @throws SQLException if the commit failed or its outcome is unknown
   */
  public boolean commit(Connection connection) throws SQLException {
    BaseConnection base = connection.unwrap(BaseConnection.class);
    if (base.getTransactionState() == TransactionState.IDLE) {
      return true;
    }
    var answer = new Answer();
    try {
      send(base, "COMMIT; " + logins.reset(), answer);
    } catch (SQLException e) {
      if (!answer.committed) {
        throw e;
      }
      // The transaction was committed. The session is closed.
      LOG.log(Level.DEBUG, "A session could not be reset after a commit");
      return false;
    }
    return answer.reset;
  }

  /** Sends statements in a single message, inside the current transaction if there is one. */
  private static void send(BaseConnection base, String sql, Answer answer) throws SQLException {
    Query query = base.createQuery(sql, false, false).query;
    int flags = QueryExecutor.QUERY_EXECUTE_AS_SIMPLE | QueryExecutor.QUERY_SUPPRESS_BEGIN;
    base.getQueryExecutor().execute(query, null, answer, 0, 0, flags);
  }

  /**
   * Distinguishes the result of the commit from the result of the reset. A JDBC statement cannot do
   * this.
   */
  private static final class Answer extends ResultHandlerBase {
    private boolean committed;
    private boolean reset;

    @Override
    public void handleCommandStatus(String status, long updateCount, long insertOid) {
      committed |= status.equals("COMMIT");
    }

    @Override
    public void handleWarning(SQLWarning warning) {
      // The warning is ignored, because it may contain data.
    }

    @Override
    public void handleResultRows(
        Query query, Field[] fields, List<Tuple> rows, @Nullable ResultCursor cursor) {
      byte[] last = rows.isEmpty() ? null : rows.get(0).get(fields.length - 1);
      reset = last != null && last.length == 1 && last[0] == 't';
    }
  }

  /** Returns the statistics. */
  public ConnectionStats stats() {
    HikariPoolMXBean pool = source.getHikariPoolMXBean();
    boolean open = pool != null && !source.isClosed();
    return new ConnectionStats(
        open ? pool.getTotalConnections() : 0,
        open ? pool.getIdleConnections() : 0,
        open ? pool.getThreadsAwaitingConnection() : 0,
        config.max(),
        config.min(),
        counters.count(),
        counters.errors(),
        counters.avgMillis(),
        counters.maxMillis());
  }

  /** Returns the configuration as JSON, which must not be modified. */
  public JsonNode json() {
    return json;
  }

  /** Throws if the configuration is different. */
  void requireSame(JsonNode other) {
    if (!json.equals(other) && !config.equals(ConfigReader.read(other))) {
      throw Failures.withRemedy(
          Code.CONFIG_CHANGED,
          "A connection with this id exists with another configuration.",
          "Disconnect it first, or use another id.");
    }
  }

  /**
   * Marks the pool as in use until {@link #release()}. Returns false if the pool is closed. Several
   * callers can use the pool at the same time.
   */
  public synchronized boolean retain() {
    users += closed ? 0 : 1;
    return !closed;
  }

  /** Ends a use of the pool that began with {@link #retain()}. */
  public synchronized void release() {
    users--;
    lastUsed = System.nanoTime();
  }

  /**
   * Returns the {@link System#nanoTime()} of the last use; the current time if the pool is in use.
   */
  synchronized long lastUsed() {
    return users > 0 ? System.nanoTime() : lastUsed;
  }

  /** Returns whether the pool is in use. */
  synchronized boolean isUsed() {
    return users > 0;
  }

  /** Closes the pool unless it is in use or was used recently. Returns whether it is closed. */
  boolean closeUnused(long forNanos) {
    synchronized (this) {
      if (!closed && (users > 0 || System.nanoTime() - lastUsed < forNanos)) {
        return false;
      }
      closed = true;
    }
    close();
    return true;
  }

  /** Closes the pool and aborts its statements. A second call waits for the first. */
  void close() {
    synchronized (this) {
      closed = true;
    }
    synchronized (source) {
      if (!source.isClosed()) {
        source.close();
        logConnection("closed");
      }
    }
  }

  /** Logs a completed operation, without its parameters. */
  public void logOperation(String operation, JsonNode parameters, long nanos, boolean failed) {
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
          Texts.oneLine(statements(parameters)));
    }
  }

  /** Returns the SQL or the table in the parameters of an operation, without values. */
  private static String statements(JsonNode parameters) {
    JsonNode operations = parameters.path("operations");
    return operations.isEmpty()
        ? parameters.path("sql").asText(parameters.path("table").asText(""))
        : StreamSupport.stream(operations.spliterator(), false)
            .map(each -> each.path("sql").asText(""))
            .collect(Collectors.joining("; "));
  }

  private void logConnection(String what) {
    if (config.logConnections() && mayLog(Level.INFO)) {
      LOG.log(
          Level.INFO, "The pool for {0}, connected to {1}, was {2}", id, config.toString(), what);
    }
  }

  private boolean mayLog(Level level) {
    return level.getSeverity() >= config.level().getSeverity();
  }

  /**
   * Leaves the decision to close connections to {@link #giveBack}. If HikariCP made this decision,
   * it would log messages from the server.
   */
  private static final class KeepsAll implements SQLExceptionOverride {
    @java.lang.Override
    public SQLExceptionOverride.Override adjudicate(SQLException e) {
      return SQLExceptionOverride.Override.DO_NOT_EVICT;
    }
  }
}
