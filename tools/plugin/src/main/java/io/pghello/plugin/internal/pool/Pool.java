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
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.Field;
import org.postgresql.core.Query;
import org.postgresql.core.QueryExecutor;
import org.postgresql.core.ResultCursor;
import org.postgresql.core.ResultHandlerBase;
import org.postgresql.core.TransactionState;
import org.postgresql.core.Tuple;

/** The connections of one id. Thread-safe. */
public final class Pool {
  private static final Logger LOG = System.getLogger("io.pghello.plugin");
  private static final int CACHED_MAX = 256;

  /**
   * Seeds random(), releases advisory locks, and returns whether no SQL has prepared statements,
   * for which the session has to end. RESET and ROLLBACK do none of these.
   */
  static final String LEFT = Texts.resource(Pool.class, "left.sql");

  private final String id;
  private final JsonNode json;
  private final ConnectionConfig config;
  private final HikariDataSource source;
  private final Counters counters = new Counters();
  private final Semaphore transactions;
  private final Map<String, List<Boolean>> arrays = BoundedCache.of(CACHED_MAX);
  private final Map<String, int[]> types = BoundedCache.of(CACHED_MAX);
  private final PlainQueries plainQueries = new PlainQueries();
  private final Map<String, Recent<JsonNode>> operators = BoundedCache.of(CACHED_MAX);
  private final LoginSource logins;
  private final Server server;
  private final int maxBytes;
  private int users;
  private boolean closed;
  private long lastUsed = System.nanoTime();

  Pool(
      String id,
      JsonNode json,
      ConnectionConfig config,
      LoginSource logins,
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

  /** Returns what the server said of itself and the role when it was opened. */
  public Server server() {
    return server;
  }

  /** Returns how many bytes a result of the server may have. */
  public int maxBytes() {
    return maxBytes;
  }

  /** Returns permits for transactions by id, which leave one connection to others. */
  public Semaphore transactions() {
    return transactions;
  }

  /** Returns which parameters of statements are arrays, as far as this was asked for. */
  public Map<String, List<Boolean>> arrays() {
    return arrays;
  }

  /** Returns the numbers of the types that the server gives the parameters of statements. */
  public Map<String, int[]> types() {
    return types;
  }

  /** Returns the schemas that have the operators of a table's columns; asks once a minute. */
  public JsonNode operators(String table, Supplier<JsonNode> ask) {
    Recent<JsonNode> known = operators.get(table);
    if (known == null || known.isOld()) {
      known = Recent.of(ask.get());
      operators.put(table, known);
    }
    return known.value();
  }

  /** Forgets the operators of all tables, as one of them has changed. */
  public void forgetOperators() {
    operators.clear();
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
        throw Failures.withRemedy(
            Code.NOT_CONNECTED, "The connection was closed meanwhile.", "Connect again.");
      }
      throw ServerErrors.connecting(e, config);
    }
  }

  /** The treatment of a session before others may have it. */
  public enum After {
    /** It is as it was. */
    KEEP,
    /** A statement may have changed it. */
    RESET,
    /** It ends, as what was changed may be more than a reset knows. */
    END
  }

  /**
   * Takes a connection back: rolls back what was not committed, and makes the session what it was
   * after the log-in, in one round trip if any; or ends it.
   */
  public void giveBack(Connection connection, After after) {
    boolean same = false;
    try {
      same = isAsLoggedIn(connection, after) && after != After.END;
    } catch (SQLException | RuntimeException e) {
      // the pool has dropped it, or is closed, and the server rolls back
      LOG.log(Level.DEBUG, "A connection was lost when it was given back");
    }
    try {
      if (same) {
        connection.close();
      } else {
        // the pool closes it on another thread, maybe after the caller has gone on
        source.evictConnection(connection);
      }
    } catch (SQLException | RuntimeException e) {
      LOG.log(Level.DEBUG, "A connection was lost when it was given back");
    }
  }

  private boolean isAsLoggedIn(Connection connection, After after) throws SQLException {
    BaseConnection base = connection.unwrap(BaseConnection.class);
    if (base.isClosed()) {
      // what has ended it may have ended the others, of which a second try would take one
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
    // a rollback of what only read leaves locks, and statements that a function has prepared
    String rest = open && connection.isReadOnly() ? "SELECT " + LEFT : logins.reset();
    var answer = new Answer();
    send(base, open ? "ROLLBACK; " + rest : rest, answer);
    return answer.reset;
  }

  /**
   * Commits, and makes the session what it was after the log-in, in one round trip.
   *
   * @return whether the session is that; if not, the commit is done all the same
   * @throws SQLException if the commit has failed, or nobody knows
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
      // the caller's work is done; the session ends
      LOG.log(Level.DEBUG, "A session could not be reset after a commit");
      return false;
    }
    return answer.reset;
  }

  /** Sends statements in one message, in the transaction that is open or in none. */
  private static void send(BaseConnection base, String sql, Answer answer) throws SQLException {
    Query query = base.createQuery(sql, false, false).query;
    int flags = QueryExecutor.QUERY_EXECUTE_AS_SIMPLE | QueryExecutor.QUERY_SUPPRESS_BEGIN;
    base.getQueryExecutor().execute(query, null, answer, 0, 0, flags);
  }

  /** Tells a commit from the reset behind it, which a statement of JDBC does not. */
  private static final class Answer extends ResultHandlerBase {
    private boolean committed;
    private boolean reset;

    @Override
    public void handleCommandStatus(String status, long updateCount, long insertOid) {
      committed |= status.equals("COMMIT");
    }

    @Override
    public void handleWarning(SQLWarning warning) {
      // the server's words
    }

    @Override
    public void handleResultRows(
        Query query, Field[] fields, List<Tuple> rows, @Nullable ResultCursor cursor) {
      byte[] last = rows.isEmpty() ? null : rows.get(0).get(fields.length - 1);
      reset = last != null && last.length == 1 && last[0] == 't';
    }
  }

  /** Returns what it has and did. */
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

  /** Returns its configuration, which is not to be changed. */
  public JsonNode json() {
    return json;
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
    users += closed ? 0 : 1;
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
    synchronized (this) {
      if (!closed && (users > 0 || System.nanoTime() - lastUsed < forNanos)) {
        return false;
      }
      closed = true;
    }
    close();
    return true;
  }

  /** Closes it; statements under way are aborted. A second call waits for the first. */
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

  /**
   * Leaves it to {@link #giveBack} which connections end: a pool that ends them itself logs what
   * the server said.
   */
  private static final class KeepsAll implements SQLExceptionOverride {
    @java.lang.Override
    public SQLExceptionOverride.Override adjudicate(SQLException e) {
      return SQLExceptionOverride.Override.DO_NOT_EVICT;
    }
  }
}
