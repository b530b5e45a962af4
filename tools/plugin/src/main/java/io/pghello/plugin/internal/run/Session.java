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
import io.pghello.plugin.internal.BoundedCache.Recent;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.pool.PlainQueries.Answer;
import io.pghello.plugin.internal.pool.PlainQueries.Effects;
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
import java.util.Arrays;
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

/** Runs statements on a connection. Not thread-safe. */
public final class Session {
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

  private static final String READ_ONLY = "25006";

  // SQLSTATE of the error that occurs if the number of columns has changed. UndoneQuery adds a
  // check to the text of a query, and this check depends on the number of columns.
  private static final String OTHER_COLUMNS = "42601";

  private static final String READ = "SELECT pg_catalog.to_json(q.*)::pg_catalog.text FROM (\n";
  private static final String READ_PLAIN = "SELECT q.* FROM (\n";

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
  private boolean undone;
  private boolean checked;

  /**
   * The mode of a session. If both components are false, each statement commits automatically.
   *
   * @param readOnly whether statements run in a read-only transaction
   * @param several whether several statements run in the same transaction
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
    return bracketed(sql, params, maxRows, true);
  }

  /** Runs a query that the plugin generated for a table or view. */
  public QueryResult read(SqlStatement text, int maxRows) {
    return bracketed(DollarSql.of(text.sql()), text.params(), maxRows, false);
  }

  /** Runs one of the plugin's own queries. These queries read only the catalog. */
  public QueryResult queryCatalog(SqlStatement text, int maxRows) {
    String suffix = "\n) q LIMIT " + (maxRows + 1L);
    return read(
        DollarSql.of(text.sql()), text.params(), READ, suffix, rows -> jsonRows(rows, maxRows));
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
  private QueryResult bracketed(
      DollarSql sql, List<JsonNode> params, int maxRows, boolean mayWrite) {
    Answer known = pool.plainQueries().run(sql.jdbc());
    if (mode.readOnly() && !mode.several()) {
      return bracketed(sql, params, maxRows, known, true);
    }
    Effects effects = effects(sql, known != Answer.RARE);
    wrote = wrote || (mayWrite && effects != Effects.NONE && !mode.transaction());
    switch (effects) {
      case NONE -> {
        return bracketed(sql, params, maxRows, known, false);
      }
      case NONE_YET -> {
        try {
          return undone(() -> bracketed(sql, params, maxRows, known, true));
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
    note(After.RESET);
    return bracketed(sql, params, maxRows, known, false);
  }

  private QueryResult bracketed(
      DollarSql sql, List<JsonNode> params, int maxRows, Answer known, boolean undo) {
    String suffix = "\n) q LIMIT " + (maxRows + 1L);
    // In a transaction of several statements, an error caused by a changed column type would abort
    // all of them, so read JSON instead.
    boolean plain = !mode.several() && isInUtc(sql) && isPlain(sql, params, known, undo);
    String prefix = plain ? READ_PLAIN : READ;
    Reading<QueryResult> reading =
        plain ? rows -> plainRows(rows, sql, maxRows) : rows -> jsonRows(rows, maxRows);
    checked = undo && maxRows == 1 && known != Answer.RARE;
    if (!checked) {
      return undo
          ? readUndone(sql, params, prefix, suffix, reading)
          : read(sql, params, prefix, suffix, reading);
    }
    int columns = plain ? pool.plainQueries().columns(sql.jdbc()) : 1;
    UndoneQuery.Checked text = UndoneQuery.checked(prefix, suffix, columns);
    return readUndone(sql, params, text.prefix(), text.suffix(), reading);
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
      throw failure(e);
    }
  }

  private void note(After more) {
    after = after.compareTo(more) < 0 ? more : after;
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
        throw failure(e);
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
        checked = false;
        Reading<Integer> count =
            rows -> ColumnReader.of(rows, reader).map(ColumnReader::count).orElse(0);
        int columns =
            undo
                ? readUndone(sql, params, READ_PLAIN, "\n) q LIMIT 0", count)
                : read(sql, params, READ_PLAIN, "\n) q LIMIT 0", count);
        pool.plainQueries().answered(sql.jdbc(), columns);
        yield columns > 0;
      }
    };
  }

  private QueryResult plainRows(ResultSet result, DollarSql sql, int maxRows) throws SQLException {
    ColumnReader columns = ColumnReader.of(result, reader).orElse(null);
    if (columns == null) {
      pool.plainQueries().forget(sql.jdbc());
      // A query that was rolled back can run again.
      stale = !forgotten && (!wrote || !connection.getAutoCommit());
      throw Failures.withRemedy(
          Code.OUTCOME_UNKNOWN,
          "The type of a result column has changed since the query last ran.",
          "Repeat the query, unless it calls a function that writes.");
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

  /** Runs any statement. On a read-only connection, the statement must be a query. */
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

  /**
   * Runs a statement, and commits after reading its rows, so that an error while reading rolls back
   * the change.
   */
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
      throw failure(e);
    }
  }

  private QueryResult change(DollarSql sql, List<JsonNode> params, int maxRows) {
    DollarSql.Place main = sql.main();
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
      return read(sql, params, main, prefix, suffix, rows -> jsonRows(rows, maxRows));
    }
    return run(
        sql,
        params,
        DollarSql.Place.START,
        "",
        "",
        statement -> {
          if (sql.mayReturn()) {
            // If the driver prepared the statement, it would format binary times in the JVM's time
            // zone.
            statement.unwrap(PGStatement.class).setPrepareThreshold(0);
          }
          return plain(statement, maxRows);
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
      throw failure(e);
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
      throw failure(e);
    }
  }

  /** Commits. A read-only transaction is rolled back later, when its connection is returned. */
  void commit() {
    // Check for a failed transaction first, because the driver's commit() would return normally.
    requireTransaction();
    if (mode.readOnly()) {
      return;
    }
    wrote = true;
    try {
      // The commit also resets the session in the same round trip.
      after = pool.commit(connection) && after != After.END ? After.KEEP : After.END;
    } catch (SQLException e) {
      throw failure(e);
    }
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

  private static QueryResult result(List<ObjectNode> rows, int maxRows) {
    boolean truncated = rows.size() > maxRows;
    List<ObjectNode> kept = truncated ? rows.subList(0, maxRows) : rows;
    return new QueryResult(kept, kept.size(), truncated);
  }

  /**
   * Runs a statement that cannot be put in parentheses. In the resulting rows, values that only the
   * server could convert to JSON, such as arrays, are text.
   */
  private QueryResult plain(PreparedStatement statement, int maxRows) throws SQLException {
    statement.setMaxRows(maxRows + 1);
    if (!statement.execute()) {
      return new QueryResult(List.of(), Math.max(0, statement.getLargeUpdateCount()), false);
    }
    var rows = new ArrayList<ObjectNode>();
    try (ResultSet result = statement.getResultSet()) {
      // The statement may have changed the time zone.
      boolean utc = "UTC".equals(server.getParameterStatus("TimeZone"));
      ColumnReader columns = ColumnReader.ofAny(result, reader, utc);
      while (result.next()) {
        rows.add(columns.row());
      }
    }
    return result(rows, maxRows);
  }

  /** Reads a result. */
  private interface Reading<T> {
    T read(ResultSet rows) throws SQLException;
  }

  /** Work on a statement with bound parameters. */
  private interface Work<T> {
    T run(PreparedStatement statement) throws SQLException;
  }

  /** Work with the text of a statement and the values of its parameters. */
  private interface Attempt<T> {
    T run(String text, Bindings.Values values) throws SQLException;
  }

  private <T> T read(
      DollarSql sql, List<JsonNode> params, String prefix, String suffix, Reading<T> reading) {
    return read(sql, params, DollarSql.Place.START, prefix, suffix, reading);
  }

  private <T> T read(
      DollarSql sql,
      List<JsonNode> params,
      DollarSql.Place place,
      String prefix,
      String suffix,
      Reading<T> reading) {
    undone = false;
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

  private <T> T readUndone(
      DollarSql sql, List<JsonNode> params, String prefix, String suffix, Reading<T> reading) {
    undone = true;
    return attempt(
        sql,
        params,
        DollarSql.Place.START,
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

  private <T> T run(
      DollarSql sql,
      List<JsonNode> params,
      DollarSql.Place place,
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
      DollarSql.Place place,
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
