// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.Isolation;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.QueryResult;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.BoundedCache;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.pool.PlainQueries.Answer;
import io.pghello.plugin.internal.pool.Pool;
import io.pghello.plugin.internal.pool.Pool.After;
import io.pghello.plugin.internal.pool.ServerErrors;
import io.pghello.plugin.internal.rows.ColumnReader;
import io.pghello.plugin.internal.rows.RowReader;
import io.pghello.plugin.internal.sql.DollarSql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;
import org.postgresql.copy.CopyIn;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.BaseStatement;
import org.postgresql.core.CachedQuery;
import org.postgresql.core.TransactionState;

/** Runs statements on a connection. For one thread. */
public final class Session {
  // what a table's change by others makes of plans and types that were prepared before
  private static final Set<String> STALE =
      Set.of("26000", "42804", "42883", "22P02", "42P18", "0A000");

  private static final String READ_ONLY = "25006";

  private static final String READ = "SELECT pg_catalog.to_json(q.*)::pg_catalog.text FROM (\n";
  private static final String READ_PLAIN = "SELECT q.* FROM (\n";
  private static final String CHANGE = "WITH q AS (\n";

  private final Pool pool;
  private final Connection connection;
  private final BaseConnection server;
  private final Timeouts.Guard guard;
  private final Mode mode;
  private final RowReader reader;
  private After after;
  private boolean wrote;
  private boolean stale;
  private boolean forgotten;
  private boolean prepared;

  /**
   * The transaction that statements run in, if any.
   *
   * @param readOnly whether it is a read-only transaction
   * @param several whether it is a transaction of several statements
   */
  record Mode(boolean readOnly, boolean several) {
    boolean transaction() {
      return readOnly || several;
    }
  }

  Session(Call call, Connection connection, Timeouts.Guard guard, Mode mode, After after)
      throws SQLException {
    this.after = after;
    this.pool = call.pool();
    this.connection = connection;
    this.server = connection.unwrap(BaseConnection.class);
    this.guard = guard;
    this.mode = mode;
    this.reader = new RowReader(call.permissions().maxBytes());
  }

  /** Returns the pool that its connection is of. */
  public Pool pool() {
    return pool;
  }

  /**
   * Runs a query of a caller between brackets, in which the grammar has no statement that writes. A
   * function in it may write all the same, where the connection may.
   */
  public QueryResult read(DollarSql sql, List<JsonNode> params, int maxRows) {
    sql.requireParameters(params.size());
    wrote = wrote || !mode.transaction();
    return bracketed(sql, params, maxRows);
  }

  /** Runs a query that this library has written on a table or a view. */
  public QueryResult read(SqlStatement text, int maxRows) {
    return bracketed(DollarSql.of(text.sql()), text.params(), maxRows);
  }

  /** Runs a query that this library has written on the catalog alone. */
  public QueryResult ask(SqlStatement text, int maxRows) {
    String suffix = "\n) q LIMIT " + (maxRows + 1L);
    return read(
        DollarSql.of(text.sql()), text.params(), READ, suffix, rows -> jsonRows(rows, maxRows));
  }

  /**
   * Runs a query between brackets. What it did to the session is undone with it, on a connection
   * that may write if it is a query that has nothing to write. Others are reset after it.
   */
  private QueryResult bracketed(DollarSql sql, List<JsonNode> params, int maxRows) {
    Answer known = pool.plainQueries().run(sql.jdbc());
    if (mode.readOnly() && !mode.several()) {
      return bracketed(sql, params, maxRows, known, this::readUndone);
    } else if (hasNothingToWrite(sql, known != Answer.RARE)) {
      try {
        return undone(() -> bracketed(sql, params, maxRows, known, this::readUndone));
      } catch (PostgresException e) {
        if (!READ_ONLY.equals(e.sqlState())) {
          throw e;
        }
        // what its names mean has changed since the server was asked
        pool.plainQueries().answeredSession(sql.jdbc(), false);
      }
    }
    note(After.RESET);
    return bracketed(sql, params, maxRows, known, this::read);
  }

  private QueryResult bracketed(
      DollarSql sql, List<JsonNode> params, int maxRows, Answer known, Reader read) {
    String suffix = "\n) q LIMIT " + (maxRows + 1L);
    // another type of a column would end a transaction with other statements in it
    return !mode.several() && isInUtc(sql) && isPlain(sql, params, known, read)
        ? read.read(sql, params, READ_PLAIN, suffix, rows -> plainRows(rows, sql, maxRows))
        : read.read(sql, params, READ, suffix, rows -> jsonRows(rows, maxRows));
  }

  /** Works in a read-only transaction of a connection that may write. */
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
      throw failure(e, -1);
    }
  }

  private void note(After more) {
    after = after.compareTo(more) < 0 ? more : after;
  }

  /**
   * Returns whether a query is known to have nothing to write. The server is asked, by the names in
   * it, about one that runs often. The answer holds for a minute: what an owner makes of these
   * names meanwhile may lose its own notifications, but harms nobody else.
   */
  private boolean hasNothingToWrite(DollarSql sql, boolean often) {
    if (mode.several() || !sql.reads() || sql.mayChangeSession()) {
      return false;
    }
    Boolean known = pool.plainQueries().keepsSession(sql.jdbc());
    if (known == null && often) {
      try {
        known = Harmless.ask(connection, sql.names());
      } catch (SQLException e) {
        throw failure(e, -1);
      }
      pool.plainQueries().answeredSession(sql.jdbc(), known);
    }
    return Boolean.TRUE.equals(known);
  }

  /** Returns whether times of a query are in UTC, as far as its text tells. */
  private boolean isInUtc(DollarSql sql) {
    return "UTC".equals(server.getParameterStatus("TimeZone")) && !sql.mayChangeSession();
  }

  /** Returns whether a query needs no JSON of the server; asks once, by a run without rows. */
  private boolean isPlain(DollarSql sql, List<JsonNode> params, Answer known, Reader read) {
    return switch (known) {
      case PLAIN -> true;
      case RARE, OTHER -> false;
      case UNKNOWN -> {
        boolean plain =
            read.read(
                sql,
                params,
                READ_PLAIN,
                "\n) q LIMIT 0",
                rows -> ColumnReader.of(rows, reader).isPresent());
        pool.plainQueries().answered(sql.jdbc(), plain);
        yield plain;
      }
    };
  }

  private QueryResult plainRows(ResultSet result, DollarSql sql, int maxRows) throws SQLException {
    ColumnReader columns = ColumnReader.of(result, reader).orElse(null);
    if (columns == null) {
      pool.plainQueries().forget(sql.jdbc());
      // an undone query may run again
      stale = !forgotten && (!wrote || !connection.getAutoCommit());
      throw Failures.withRemedy(
          Code.OUTCOME_UNKNOWN,
          "A column of the result has got another type since the query ran before.",
          "Repeat it, unless it calls a function that writes.");
    }
    var rows = new ArrayList<ObjectNode>();
    while (rows.size() <= maxRows && result.next()) {
      rows.add(columns.row());
    }
    return result(rows, maxRows);
  }

  private QueryResult jsonRows(ResultSet result, int maxRows) throws SQLException {
    var rows = new ArrayList<ObjectNode>();
    while (result.next() && rows.size() <= maxRows) {
      rows.add(reader.row(result.getBytes(1)));
    }
    return result(rows, maxRows);
  }

  /** Runs any statement; on a read-only connection, a query. */
  public QueryResult execute(DollarSql sql, List<JsonNode> params, int maxRows) {
    sql.requireNoSessionControl();
    sql.requireParameters(params.size());
    if (mode.readOnly() || sql.reads()) {
      return read(sql, params, maxRows);
    }
    note(After.RESET);
    wrote = wrote || !mode.transaction();
    return mode.transaction() || !sql.mayChangeAndReturn()
        ? change(sql, params, maxRows)
        : changeThenCommit(sql, params, maxRows);
  }

  /** Commits once the rows are read, as what fails before that must not stay done. */
  private QueryResult changeThenCommit(DollarSql sql, List<JsonNode> params, int maxRows) {
    try {
      connection.setAutoCommit(false);
      QueryResult result = change(sql, params, maxRows);
      commit();
      if (after != After.END) {
        connection.setAutoCommit(true);
      }
      return result;
    } catch (SQLException e) {
      throw failure(e, -1);
    }
  }

  private QueryResult change(DollarSql sql, List<JsonNode> params, int maxRows) {
    if (sql.changesAndReturns()) {
      String suffix =
          "\n) SELECT pg_catalog.to_json(q.*)::pg_catalog.text FROM q LIMIT " + (maxRows + 1L);
      return read(sql, params, CHANGE, suffix, rows -> jsonRows(rows, maxRows));
    }
    return run(
        sql,
        params,
        "",
        "",
        statement -> {
          if (sql.mayReturn()) {
            // the driver would write binary times of prepared statements in this program's zone
            statement.unwrap(PGStatement.class).setPrepareThreshold(0);
          }
          return plain(statement, maxRows);
        });
  }

  /** Runs a statement that this library has written, and returns how many rows it changed. */
  public long change(SqlStatement text) {
    return execute(DollarSql.of(text.sql()), text.params(), 1).rowCount();
  }

  /** Runs statements that this library has written, without parameters. */
  public void changeAll(List<String> statements) {
    statements.forEach(statement -> change(new SqlStatement(statement, List.of())));
  }

  /** Sends rows in the format of COPY, and returns how many the server inserted. */
  public long copy(String sql, Iterable<byte[]> chunks) {
    note(After.RESET);
    wrote = wrote || !mode.transaction();
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
      throw failure(e, -1);
    }
  }

  /** Sets the isolation of the transaction that begins, if one is given. */
  void isolate(@Nullable Isolation isolation) {
    if (isolation == null
        || (isolation == Isolation.READ_COMMITTED && pool.server().readCommitted())) {
      return;
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET TRANSACTION ISOLATION LEVEL " + isolation.sql());
    } catch (SQLException e) {
      throw failure(e, -1);
    }
  }

  /** Commits; what only reads is left to the rollback of its connection's return. */
  void commit() {
    // the driver's commit() of a failed transaction returns as if nothing were
    requireTransaction();
    if (mode.readOnly()) {
      return;
    }
    wrote = true;
    try {
      // what a statement has left in the session goes in the same round trip
      after = pool.commit(connection) && after != After.END ? After.KEEP : After.END;
    } catch (SQLException e) {
      throw failure(e, -1);
    }
  }

  /** Returns what has to be done before others may have the session. */
  After after() {
    return stale ? After.END : after;
  }

  /**
   * Ends the transaction, and forgets what was prepared on the connection, if this may be why the
   * last statement failed; returns whether so.
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
      throw failure(e, -1);
    }
  }

  /** Returns whether the server will only roll back. */
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
              Code.TRANSACTION_FAILED, "The transaction has failed before, and is rolled back.")
          .retryable()
          .build();
    }
  }

  private static QueryResult result(List<ObjectNode> rows, int maxRows) {
    boolean truncated = rows.size() > maxRows;
    List<ObjectNode> kept = truncated ? rows.subList(0, maxRows) : rows;
    return new QueryResult(kept, kept.size(), truncated);
  }

  /** Runs a statement that cannot stand in brackets; all values of its rows are texts. */
  private QueryResult plain(PreparedStatement statement, int maxRows) throws SQLException {
    statement.setMaxRows(maxRows + 1);
    if (!statement.execute()) {
      return new QueryResult(List.of(), Math.max(0, statement.getLargeUpdateCount()), false);
    }
    var rows = new ArrayList<ObjectNode>();
    try (ResultSet result = statement.getResultSet()) {
      var columns = result.getMetaData();
      while (result.next()) {
        ObjectNode row = Json.object();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
          Json.add(row, columns.getColumnLabel(i), reader.text(result.getString(i)));
        }
        rows.add(row);
      }
    }
    return result(rows, maxRows);
  }

  /** Reads a result. */
  private interface Reading<T> {
    T read(ResultSet rows) throws SQLException;
  }

  /** A way to run a query. */
  private interface Reader {
    <T> T read(
        DollarSql sql, List<JsonNode> params, String prefix, String suffix, Reading<T> reading);
  }

  /** Work on a statement whose parameters are set. */
  private interface Work<T> {
    T run(PreparedStatement statement) throws SQLException;
  }

  /** Work with the text of a statement, and the values of its parameters. */
  private interface Attempt<T> {
    T run(String text, Bindings.Values values) throws SQLException;
  }

  private <T> T read(
      DollarSql sql, List<JsonNode> params, String prefix, String suffix, Reading<T> reading) {
    return run(
        sql,
        params,
        prefix,
        suffix,
        statement -> {
          try (ResultSet rows = statement.executeQuery()) {
            return reading.read(rows);
          }
        });
  }

  private <T> T readUndone(
      DollarSql sql, List<JsonNode> params, String prefix, String suffix, Reading<T> reading) {
    return attempt(
        sql,
        params,
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
                    prepares ? types(sql, text) : null);
            left = result.clear() ? After.KEEP : After.END;
            return reading.read(result.rows());
          } finally {
            server.getQueryExecutor().releaseQuery(query);
            note(left);
          }
        });
  }

  /** Returns the types of a statement's parameters; asks for them once, in a round trip. */
  private int[] types(DollarSql sql, String text) throws SQLException {
    int[] known = sql.order().isEmpty() ? new int[0] : pool.types().get(sql.jdbc());
    if (known == null) {
      known = Bindings.types(server, text);
      if (text.length() <= BoundedCache.TEXT_MAX) {
        pool.types().put(sql.jdbc(), known);
      }
    }
    return known;
  }

  private <T> T run(
      DollarSql sql, List<JsonNode> params, String prefix, String suffix, Work<T> work) {
    return attempt(
        sql,
        params,
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

  private <T> T attempt(
      DollarSql sql, List<JsonNode> params, String prefix, String suffix, Attempt<T> attempt) {
    requireTime();
    String text = prefix + sql.jdbc() + suffix;
    if (sql.mayChangeSession()) {
      note(After.END);
    }
    requireStandardStrings();
    prepared = false;
    try {
      Bindings.Values values = Bindings.values(server, text, sql.order(), params, pool.arrays());
      prepared = values.remembered();
      return attempt.run(text, values);
    } catch (SQLException e) {
      note(After.RESET);
      if (STALE.contains(String.valueOf(e.getSQLState()))) {
        pool.arrays().remove(text);
        pool.types().remove(sql.jdbc());
        pool.plainQueries().forget(sql.jdbc());
        pool.forgetOperators();
        // CALL and others may have committed something, which would be done twice
        stale = prepared && !forgotten && !sql.mayChangeSession();
      }
      throw failure(e, sql.keepsPlaces() ? prefix.length() : -1);
    }
  }

  /**
   * Refuses a session in which a statement has switched standard_conforming_strings off: texts
   * would end elsewhere than where they were seen to end, so that one statement could be several.
   */
  private void requireStandardStrings() {
    if (!server.getStandardConformingStrings()) {
      note(After.END);
      throw Failures.withRemedy(
          Code.NOT_ALLOWED,
          "A statement has switched standard_conforming_strings off.",
          "Leave it on; a text with escapes is E'…'.");
    }
  }

  private void requireTime() {
    if (guard.isOver()) {
      throw Failures.withRemedy(
          Code.QUERY_TIMEOUT,
          "The transaction took longer than its time-out.",
          "Make its statements faster, or increase timeout.");
    }
  }

  private void requireOpenTransaction() {
    if (mode.transaction() && server.getTransactionState() == TransactionState.IDLE) {
      throw Failures.of(
          Code.TRANSACTION_FAILED, "A statement has ended the transaction that it ran in.");
    }
  }

  PostgresException failure(SQLException e, int prefix) {
    if (ServerErrors.isLost(e)) {
      note(After.END);
    } else if ("08S01".equals(e.getSQLState())) {
      // the driver's own, of its maxResultBuffer
      return RowReader.tooLarge("has more than " + pool.maxBytes() + " bytes", pool.maxBytes());
    }
    return ServerErrors.running(
        e, pool.config(), new ServerErrors.Run(mode.readOnly(), guard.isOver(), wrote, prefix));
  }
}
