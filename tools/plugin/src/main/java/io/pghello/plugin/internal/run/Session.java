// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.Isolation;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.QueryResult;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.pool.Pool;
import io.pghello.plugin.internal.pool.Pool.After;
import io.pghello.plugin.internal.sql.DollarSql;
import io.pghello.plugin.internal.sql.Place;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;
import org.postgresql.copy.CopyIn;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/** Runs statements on a connection. Not thread-safe. */
public final class Session {
  private final Pool pool;
  private final Connection connection;
  private final BaseConnection server;
  private final SessionMode mode;
  private final StatementExecutor executor;
  private final ResultRows rows;
  private final ParenthesizedQueries queries;

  Session(Call call, Connection connection, Timeouts.Guard guard, SessionMode mode, After after)
      throws SQLException {
    this.pool = call.pool();
    this.connection = connection;
    this.server = connection.unwrap(BaseConnection.class);
    this.mode = mode;
    this.executor = new StatementExecutor(pool, connection, guard, mode, after);
    this.rows = new ResultRows(server, call.permissions().maxBytes());
    this.queries = new ParenthesizedQueries(pool, connection, mode, executor, rows);
  }

  /** Returns the pool to which the session's connection belongs. */
  public Pool pool() {
    return pool;
  }

  /**
   * Runs a caller's query inside parentheses, where SQL's grammar does not allow statements that
   * write. Functions in the query can still write if the connection is not read-only.
   */
  public QueryResult read(DollarSql sql, List<JsonNode> params, int maxRows) {
    sql.requireParameters(params.size());
    return queries.read(sql, params, maxRows, true);
  }

  /** Runs a query that the plugin generated for a table or view. */
  public QueryResult read(SqlStatement text, int maxRows) {
    return queries.read(DollarSql.of(text.sql()), text.params(), maxRows, false);
  }

  /** Runs one of the plugin's own queries. These queries read only the catalog. */
  public QueryResult queryCatalog(SqlStatement text, int maxRows) {
    return queries.readJson(DollarSql.of(text.sql()), text.params(), maxRows);
  }

  /** Runs any statement. On a read-only connection, the statement must be a query. */
  public QueryResult execute(DollarSql sql, List<JsonNode> params, int maxRows) {
    sql.requireNoSessionControl();
    sql.requireParameters(params.size());
    if (mode.readOnly() || sql.reads()) {
      return read(sql, params, maxRows);
    }
    executor.note(After.RESET);
    executor.noteWrite();
    return mode.transaction() || !sql.mayChangeAndReturn()
        ? change(sql, params, maxRows)
        : changeThenCommit(sql, params, maxRows);
  }

  /**
   * Runs a statement, and commits after reading its rows, so that an error while reading rolls back
   * the change.
   */
  private QueryResult changeThenCommit(DollarSql sql, List<JsonNode> params, int maxRows) {
    try {
      connection.setAutoCommit(false);
      QueryResult result = change(sql, params, maxRows);
      commit();
      if (executor.after() != After.END) {
        connection.setAutoCommit(true);
      }
      return result;
    } catch (SQLException e) {
      throw executor.failure(e);
    }
  }

  private QueryResult change(DollarSql sql, List<JsonNode> params, int maxRows) {
    Place main = sql.main();
    if (main != null) {
      String name = sql.unusedName();
      String prefix = (sql.hasWith() ? ", " : "WITH ") + name + " AS (\n";
      String suffix =
          "\n) SELECT pg_catalog.to_json("
              + name
              + ".*)::pg_catalog.text FROM "
              + name
              + " LIMIT "
              + (maxRows + 1L);
      return executor.read(sql, params, main, prefix, suffix, result -> rows.json(result, maxRows));
    }
    return executor.run(
        sql,
        params,
        Place.START,
        "",
        "",
        statement -> {
          if (sql.mayReturn()) {
            // If the driver prepared the statement, it would format binary times in the JVM's time
            // zone.
            statement.unwrap(PGStatement.class).setPrepareThreshold(0);
          }
          return rows.execute(statement, maxRows);
        });
  }

  /** Runs a statement that the plugin generated, and returns the number of changed rows. */
  public long change(SqlStatement text) {
    return execute(DollarSql.of(text.sql()), text.params(), 1).rowCount();
  }

  /** Runs statements that the plugin generated and that have no parameters. */
  public void changeAll(List<String> statements) {
    statements.forEach(statement -> change(new SqlStatement(statement, List.of())));
  }

  /** Sends rows in COPY format, and returns the number of inserted rows. */
  public long copy(String sql, Iterable<byte[]> chunks) {
    executor.note(After.RESET);
    executor.noteWrite();
    try {
      CopyIn copy = server.getCopyAPI().copyIn(sql);
      try {
        for (byte[] chunk : chunks) {
          copy.writeToCopy(chunk, 0, chunk.length);
        }
        return copy.endCopy();
      } finally {
        if (copy.isActive()) {
          copy.cancelCopy();
        }
      }
    } catch (SQLException e) {
      throw executor.failure(e);
    }
  }

  /** Sets the isolation level of a new transaction, unless the level is null. */
  void isolate(@Nullable Isolation isolation) {
    if (isolation == null
        || (isolation == Isolation.READ_COMMITTED && pool.server().readCommitted())) {
      return;
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET TRANSACTION ISOLATION LEVEL " + isolation.sql());
    } catch (SQLException e) {
      throw executor.failure(e);
    }
  }

  /** Commits. A read-only transaction is rolled back later, when its connection is returned. */
  void commit() {
    // Check for a failed transaction first, because the driver's commit() would return normally.
    requireTransaction();
    if (mode.readOnly()) {
      return;
    }
    executor.commit();
  }

  /** Returns whether to keep, reset or close the session after this use. */
  After after() {
    return executor.after();
  }

  /** See {@link StatementExecutor#forgetStale}. */
  boolean forgetStale() {
    return executor.forgetStale();
  }

  /** Returns whether the transaction has failed, so that the server can only roll it back. */
  static boolean hasFailed(Connection connection) {
    try {
      return connection.isClosed()
          || connection.unwrap(BaseConnection.class).getTransactionState()
              == TransactionState.FAILED;
    } catch (SQLException e) {
      return true;
    }
  }

  private void requireTransaction() {
    if (hasFailed(connection)) {
      throw Failures.builder(
              Code.TRANSACTION_FAILED, "The transaction has already failed and was rolled back.")
          .retryable()
          .remedy("Begin a new transaction.")
          .build();
    }
  }
}
