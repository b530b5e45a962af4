// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.QueryResult;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.pool.PlainQueries.Answer;
import io.pghello.plugin.internal.pool.PlainQueries.Effects;
import io.pghello.plugin.internal.pool.Pool;
import io.pghello.plugin.internal.pool.Pool.After;
import io.pghello.plugin.internal.rows.ColumnReader;
import io.pghello.plugin.internal.sql.DollarSql;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Supplier;
import org.postgresql.core.BaseConnection;

/**
 * Runs queries inside parentheses. For frequent queries, avoids the server's conversion to JSON and
 * the reset of the session if the query does not need them. Not thread-safe.
 */
final class ParenthesizedQueries {
  private static final String READ_ONLY = "25006";

  private static final String READ = "SELECT pg_catalog.to_json(q.*)::pg_catalog.text FROM (\n";
  private static final String READ_PLAIN = "SELECT q.* FROM (\n";

  private final Pool pool;
  private final Connection connection;
  private final BaseConnection server;
  private final SessionMode mode;
  private final StatementExecutor executor;
  private final ResultRows rows;

  ParenthesizedQueries(
      Pool pool,
      Connection connection,
      SessionMode mode,
      StatementExecutor executor,
      ResultRows rows)
      throws SQLException {
    this.pool = pool;
    this.connection = connection;
    this.server = connection.unwrap(BaseConnection.class);
    this.mode = mode;
    this.executor = executor;
    this.rows = rows;
  }

  /**
   * Runs a query inside parentheses. On a connection that can write, the session is reset after a
   * query that may have side effects. A query without side effects is rolled back instead, because
   * another role may have added side effects to it since the last check. If only trusted roles can
   * add side effects, neither the reset nor the rollback is necessary.
   *
   * @param mayWrite whether a failed query with possible side effects may have changed data, so
   *     that its outcome is unknown
   */
  QueryResult read(DollarSql sql, List<JsonNode> params, int maxRows, boolean mayWrite) {
    Answer known = pool.plainQueries().run(sql.jdbc());
    if (mode.readOnly() && !mode.several()) {
      return read(sql, params, maxRows, known, true);
    }
    Effects effects = effects(sql, known != Answer.RARE);
    if (mayWrite && effects != Effects.NONE) {
      executor.noteWrite();
    }
    switch (effects) {
      case NONE -> {
        return read(sql, params, maxRows, known, false);
      }
      case NONE_YET -> {
        try {
          return undone(() -> read(sql, params, maxRows, known, true));
        } catch (PostgresException e) {
          if (!READ_ONLY.equals(e.sqlState())) {
            throw e;
          }
          // The meaning of the query's names has changed since the check.
          pool.plainQueries().answeredEffects(sql.jdbc(), Effects.POSSIBLE);
        }
      }
      case POSSIBLE -> {}
    }
    executor.note(After.RESET);
    return read(sql, params, maxRows, known, false);
  }

  private QueryResult read(
      DollarSql sql, List<JsonNode> params, int maxRows, Answer known, boolean undo) {
    String suffix = "\n) q LIMIT " + (maxRows + 1L);
    // In a transaction of several statements, an error caused by a changed column type would abort
    // all of them, so read JSON instead.
    boolean plain = !mode.several() && isInUtc(sql) && isPlain(sql, params, known, undo);
    String prefix = plain ? READ_PLAIN : READ;
    StatementExecutor.Reading<QueryResult> reading =
        plain ? result -> plainRows(result, sql, maxRows) : result -> rows.json(result, maxRows);
    boolean checked = undo && maxRows == 1 && known != Answer.RARE;
    if (!checked) {
      return undo
          ? executor.readUndone(sql, params, prefix, suffix, false, reading)
          : executor.read(sql, params, prefix, suffix, reading);
    }
    int columns = plain ? pool.plainQueries().columns(sql.jdbc()) : 1;
    UndoneQuery.Checked text = UndoneQuery.checked(prefix, suffix, columns);
    return executor.readUndone(sql, params, text.prefix(), text.suffix(), true, reading);
  }

  /** Runs work in a read-only transaction on a connection that can write. */
  private QueryResult undone(Supplier<QueryResult> work) {
    try {
      connection.setReadOnly(true);
      connection.setAutoCommit(false);
      try {
        return work.get();
      } finally {
        if (!connection.isClosed()) {
          connection.rollback();
          connection.setAutoCommit(true);
          connection.setReadOnly(false);
        }
      }
    } catch (SQLException e) {
      throw executor.failure(e);
    }
  }

  /**
   * Returns the side effects of a query. If the query is frequent, this method checks whether the
   * objects named in the query may have side effects. The check takes a round trip, and its result
   * is cached for a minute. If the owner of such an object redefines the object within that minute,
   * the only effect is that notifications sent by the new definition can be lost.
   */
  private Effects effects(DollarSql sql, boolean often) {
    if (mode.several() || !sql.reads() || sql.mayChangeSession()) {
      return Effects.POSSIBLE;
    }
    Effects known = pool.plainQueries().effects(sql.jdbc());
    if (known == null && often) {
      try {
        known = SideEffectCheck.run(connection, sql.names());
      } catch (SQLException e) {
        throw executor.failure(e);
      }
      pool.plainQueries().answeredEffects(sql.jdbc(), known);
    }
    return known == null ? Effects.POSSIBLE : known;
  }

  /** Returns whether a query returns times in UTC, judging by its text. */
  private boolean isInUtc(DollarSql sql) {
    return "UTC".equals(server.getParameterStatus("TimeZone")) && !sql.mayChangeSession();
  }

  /**
   * Returns whether the result of a query can be read without a conversion to JSON on the server.
   * To find out, runs the query once with LIMIT 0.
   */
  private boolean isPlain(DollarSql sql, List<JsonNode> params, Answer known, boolean undo) {
    return switch (known) {
      case PLAIN -> true;
      case RARE, OTHER -> false;
      case UNKNOWN -> {
        StatementExecutor.Reading<Integer> count =
            result -> rows.columns(result).map(ColumnReader::count).orElse(0);
        int columns =
            undo
                ? executor.readUndone(sql, params, READ_PLAIN, "\n) q LIMIT 0", false, count)
                : executor.read(sql, params, READ_PLAIN, "\n) q LIMIT 0", count);
        pool.plainQueries().answered(sql.jdbc(), columns);
        yield columns > 0;
      }
    };
  }

  private QueryResult plainRows(ResultSet result, DollarSql sql, int maxRows) throws SQLException {
    ColumnReader columns = rows.columns(result).orElse(null);
    if (columns == null) {
      pool.plainQueries().forget(sql.jdbc());
      executor.noteStale();
      throw Failures.withRemedy(
          Code.OUTCOME_UNKNOWN,
          "The type of a result column has changed since the query last ran.",
          "Repeat the query, unless it calls a function that writes.");
    }
    return ResultRows.plain(result, columns, maxRows);
  }

  /** Runs a query, and lets the server convert its rows to JSON. */
  QueryResult readJson(DollarSql sql, List<JsonNode> params, int maxRows) {
    String suffix = "\n) q LIMIT " + (maxRows + 1L);
    return executor.read(sql, params, READ, suffix, result -> rows.json(result, maxRows));
  }
}
