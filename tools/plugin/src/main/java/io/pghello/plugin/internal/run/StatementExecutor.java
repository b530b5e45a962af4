// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.BoundedCache;
import io.pghello.plugin.internal.BoundedCache.Recent;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.pool.Pool;
import io.pghello.plugin.internal.pool.Pool.After;
import io.pghello.plugin.internal.pool.ServerErrors;
import io.pghello.plugin.internal.rows.RowReader;
import io.pghello.plugin.internal.sql.DollarSql;
import io.pghello.plugin.internal.sql.Place;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.postgresql.PGStatement;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.BaseStatement;
import org.postgresql.core.CachedQuery;
import org.postgresql.core.TransactionState;

/**
 * Sends statements on a connection, and notes whether they may have written, have changed the
 * session, or can run again. Not thread-safe.
 */
final class StatementExecutor {
  // SQLSTATEs of errors that occur if the tables or types of a prepared statement have changed.
  // XX000 and 42704 occur if a type was dropped, and class 22 if a value does not fit the previous
  // type of a column.
  private static final Set<String> STALE =
      Set.of(
          "26000", "42804", "42883", "22003", "22007", "22008", "22P02", "42P18", "0A000", "42704",
          "XX000");

  // SQLSTATE for a missing prepared statement. The driver prepares the BEGIN and ROLLBACK of an
  // UndoneQuery even if it does not prepare the query itself.
  private static final String GONE = "26000";

  // SQLSTATE of the error that occurs if the number of columns has changed. UndoneQuery adds a
  // check to the text of a query, and this check depends on the number of columns.
  private static final String OTHER_COLUMNS = "42601";

  private final Pool pool;
  private final Connection connection;
  private final BaseConnection server;
  private final Timeouts.Guard guard;
  private final SessionMode mode;
  private After after;
  private boolean wrote;
  private boolean stale;
  private boolean forgotten;
  private boolean prepared;
  private boolean undone;
  private boolean checked;

  /** Reads a result. */
  interface Reading<T> {
    T read(ResultSet rows) throws SQLException;
  }

  /** Work on a statement with bound parameters. */
  interface Work<T> {
    T run(PreparedStatement statement) throws SQLException;
  }

  /** Work with the text of a statement and the values of its parameters. */
  private interface Attempt<T> {
    T run(String text, Bindings.Values values) throws SQLException;
  }

  StatementExecutor(
      Pool pool, Connection connection, Timeouts.Guard guard, SessionMode mode, After after)
      throws SQLException {
    this.pool = pool;
    this.connection = connection;
    this.server = connection.unwrap(BaseConnection.class);
    this.guard = guard;
    this.mode = mode;
    this.after = after;
  }

  /** Notes the least that must be done to the session after this use. */
  void note(After more) {
    after = after.compareTo(more) < 0 ? more : after;
  }

  /** Notes that a statement may write. In a transaction, only the commit makes this permanent. */
  void noteWrite() {
    wrote = wrote || !mode.transaction();
  }

  /** Notes that a query's columns have changed since the query was prepared. */
  void noteStale() throws SQLException {
    // A query that was rolled back can run again.
    stale = !forgotten && (!wrote || !connection.getAutoCommit());
  }

  /** Returns whether to keep, reset or close the session after this use. */
  After after() {
    return stale ? After.END : after;
  }

  /**
   * If prepared statements of the connection may have caused the last failure, ends the
   * transaction, discards these statements, and returns true. Otherwise, returns false.
   */
  boolean forgetStale() {
    if (!stale) {
      return false;
    }
    stale = false;
    forgotten = true;
    try {
      if (!connection.getAutoCommit()) {
        connection.rollback();
      }
      try (Statement statement = connection.createStatement()) {
        statement.execute("DEALLOCATE ALL");
      }
      return true;
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  /** Commits a transaction that can write. */
  void commit() {
    wrote = true;
    try {
      // The commit also resets the session in the same round trip.
      after = pool.commit(connection) && after != After.END ? After.KEEP : After.END;
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  /** Runs a query with text around it. */
  <T> T read(
      DollarSql sql, List<JsonNode> params, String prefix, String suffix, Reading<T> reading) {
    return read(sql, params, Place.START, prefix, suffix, reading);
  }

  /** Runs a query with a prefix that is inserted at a place, and a suffix. */
  <T> T read(
      DollarSql sql,
      List<JsonNode> params,
      Place place,
      String prefix,
      String suffix,
      Reading<T> reading) {
    undone = false;
    checked = false;
    return run(
        sql,
        params,
        place,
        prefix,
        suffix,
        statement -> {
          try (ResultSet rows = statement.executeQuery()) {
            return reading.read(rows);
          }
        });
  }

  /**
   * Runs a query with text around it, and rolls it back.
   *
   * @param checked whether the text comes from {@link UndoneQuery#checked}
   */
  <T> T readUndone(
      DollarSql sql,
      List<JsonNode> params,
      String prefix,
      String suffix,
      boolean checked,
      Reading<T> reading) {
    undone = true;
    this.checked = checked;
    return attempt(
        sql,
        params,
        Place.START,
        prefix,
        suffix,
        (text, values) -> {
          After left = After.RESET;
          CachedQuery query = server.getQueryExecutor().borrowQuery(text);
          try (Statement statement = connection.createStatement()) {
            query.increaseExecuteCount();
            int threshold = server.getPrepareThreshold();
            boolean prepares = threshold > 0 && query.getExecuteCount() >= threshold;
            prepared |= prepares;
            UndoneQuery.Result result =
                UndoneQuery.run(
                    statement.unwrap(BaseStatement.class),
                    query.query,
                    values.texts(),
                    prepares ? types(sql, text) : null,
                    checked);
            left = result.clear() ? After.KEEP : After.END;
            return reading.read(result.rows());
          } finally {
            server.getQueryExecutor().releaseQuery(query);
            note(left);
          }
        });
  }

  /**
   * Returns the types of a statement's parameters. Queries the types in one round trip, and caches
   * them for a minute. The cached types expire because a column's type may change to a type that
   * converts the same values differently.
   */
  private int[] types(DollarSql sql, String text) throws SQLException {
    if (sql.order().isEmpty()) {
      return new int[0];
    }
    Recent<int[]> known = pool.types().get(sql.jdbc());
    if (known != null && !known.isOld()) {
      return known.value();
    }
    // Omit the seed, which is a parameter of checked queries only.
    int[] types = Arrays.copyOf(Bindings.types(server, text), sql.order().size());
    if (text.length() <= BoundedCache.TEXT_MAX) {
      pool.types().put(sql.jdbc(), Recent.of(types));
    }
    return types;
  }

  /** Runs work on a prepared statement. */
  <T> T run(
      DollarSql sql,
      List<JsonNode> params,
      Place place,
      String prefix,
      String suffix,
      Work<T> work) {
    return attempt(
        sql,
        params,
        place,
        prefix,
        suffix,
        (text, values) -> {
          try (PreparedStatement statement = connection.prepareStatement(text)) {
            prepared |= statement.unwrap(PGStatement.class).isUseServerPrepare();
            Bindings.bind(statement, values);
            T result = work.run(statement);
            requireOpenTransaction();
            return result;
          }
        });
  }

  /**
   * Sends a statement.
   *
   * @param place the place in the statement at which the prefix is inserted
   */
  private <T> T attempt(
      DollarSql sql,
      List<JsonNode> params,
      Place place,
      String prefix,
      String suffix,
      Attempt<T> attempt) {
    requireTime();
    String text =
        new StringBuilder(sql.jdbc()).insert(place.jdbc(), prefix).append(suffix).toString();
    if (sql.mayChangeSession()) {
      note(After.END);
    }
    requireStandardStrings();
    prepared = false;
    try {
      Bindings.Values values = Bindings.values(server, text, sql, params, pool.arrays());
      prepared = values.remembered();
      return attempt.run(text, values);
    } catch (IllegalStateException e) {
      // The driver has received a response to a statement that it did not send, and has not read
      // the rest of the response.
      note(After.END);
      throw Failures.withRemedy(
          Code.SERVER_ERROR,
          "The server executed different statements from the ones that were sent.",
          "A function that the statement calls has replaced prepared statements: check the owners"
              + " of the statement's tables, views and functions.");
    } catch (SQLException e) {
      note(After.RESET);
      String state = String.valueOf(e.getSQLState());
      boolean otherColumns = checked && state.equals(OTHER_COLUMNS);
      if (otherColumns || STALE.contains(state)) {
        pool.arrays().remove(sql.jdbc());
        pool.types().remove(sql.jdbc());
        pool.plainQueries().forget(sql.jdbc());
        pool.forgetOperators();
        // CALL and other statements may have committed, so a retry could repeat work.
        boolean known = prepared || otherColumns || (undone && state.equals(GONE));
        stale = known && !forgotten && !sql.mayChangeSession();
      }
      throw failure(e, place.text(), sql.keepsPlaces() ? prefix.length() : -1);
    }
  }

  /**
   * Rejects a session with standard_conforming_strings turned off. With this setting, the server
   * and this plugin's parser would find different ends of string literals, so that one statement
   * could become several.
   */
  private void requireStandardStrings() {
    if (!server.getStandardConformingStrings()) {
      note(After.END);
      throw Failures.withRemedy(
          Code.NOT_ALLOWED,
          "A statement has turned off standard_conforming_strings.",
          "Leave this setting on, and write strings with escapes as E'…'.");
    }
  }

  private void requireTime() {
    if (guard.isOver()) {
      throw Failures.withRemedy(
          Code.QUERY_TIMEOUT,
          "The transaction exceeded its timeout.",
          "Make its statements faster, or increase timeout.");
    }
  }

  private void requireOpenTransaction() {
    if (mode.transaction() && server.getTransactionState() == TransactionState.IDLE) {
      throw Failures.withRemedy(
          Code.TRANSACTION_FAILED,
          "A statement has ended the transaction that it ran in.",
          "Begin a new transaction, and do not call procedures that end it.");
    }
  }

  PostgresException failure(SQLException e) {
    return failure(e, 0, -1);
  }

  private PostgresException failure(SQLException e, int place, int inserted) {
    if (ServerErrors.isLost(e)) {
      note(After.END);
    } else if ("08S01".equals(e.getSQLState())) {
      // The driver reports this SQLSTATE if maxResultBuffer is exceeded.
      return RowReader.tooLarge("has more than " + pool.maxBytes() + " bytes", pool.maxBytes());
    }
    return ServerErrors.running(
        e,
        pool.config(),
        new ServerErrors.Run(mode.readOnly(), guard.isOver(), wrote, place, inserted));
  }
}
