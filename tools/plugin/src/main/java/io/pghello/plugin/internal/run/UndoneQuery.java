// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import java.security.SecureRandom;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.BaseStatement;
import org.postgresql.core.CachedQuery;
import org.postgresql.core.Field;
import org.postgresql.core.Oid;
import org.postgresql.core.ParameterList;
import org.postgresql.core.Query;
import org.postgresql.core.QueryExecutor;
import org.postgresql.core.ResultCursor;
import org.postgresql.core.ResultHandlerBase;
import org.postgresql.core.SqlCommand;
import org.postgresql.core.TransactionState;
import org.postgresql.core.Tuple;
import org.postgresql.core.v3.SqlSerializationContext;

/**
 * A query that leaves the session unchanged, regardless of the functions that the query calls or
 * that the planner evaluates. It runs in a read-only transaction, which is rolled back in the same
 * round trip. Because a rollback neither resets random() nor releases advisory locks, random() is
 * seeded and the locks are released before the rollback. The driver prepares the statements around
 * the query (BEGIN, CLEAR, ROLLBACK) separately and keeps them. A query could replace these
 * prepared statements with other statements that have the same names. The statement {@link
 * #PREPARED} detects this. Only this statement is parsed again after each query, so that the query
 * cannot replace it.
 *
 * <p>On the server, parsing a statement takes longer than finding a row by its key. Therefore,
 * {@link #checked} adds the check to a query that returns few rows, and the driver prepares the
 * query and the check as one statement. The query cannot replace the check, because both are part
 * of the same statement, and the previous check has found that this statement is the driver's own.
 * The check runs after all rows have been determined.
 */
final class UndoneQuery implements Query {
  private static final SecureRandom RANDOM = new SecureRandom();

  private static final String BEGIN = "BEGIN READ ONLY";
  private static final String CLEAR =
      "SELECT pg_catalog.setseed(?), pg_catalog.pg_advisory_unlock_all()";

  /** Query that returns, for each prepared statement, whether it was prepared with SQL. */
  private static final String PREPARED = "SELECT (pg_catalog.pg_prepared_statement()).from_sql";

  private static final String ROLLBACK = "ROLLBACK";
  private static final byte[] FALSE = {'f'};
  private static final byte[] TRUE = {'t'};

  private static final String CHECKED = "WITH q AS MATERIALIZED (\n";

  // The count depends on all rows, and the check depends on the count, so that no other code runs
  // after the check.
  private static final String CHECK =
      "pg_catalog.setseed(?) IS NOT NULL AND pg_catalog.pg_advisory_unlock_all() IS NOT NULL"
          + " AND NOT EXISTS (SELECT FROM pg_catalog.pg_prepared_statement() p"
          + " WHERE p.from_sql AND c.n IS NOT NULL)"
          + " FROM (SELECT pg_catalog.count(*) AS n FROM q) c";

  private final Query[] statements;

  private UndoneQuery(Query... statements) {
    this.statements = statements;
  }

  /**
   * Returns the text to put around a query in order to add the check to it. The result of such a
   * query ends with a row for the check, and the last parameter of the query is the seed. The query
   * should return few rows, because the server holds all of them in memory.
   *
   * @param prefix the text before the caller's query, without the check
   * @param suffix the text after the caller's query, without the check
   * @param columns the number of columns of the query's result
   */
  static Checked checked(String prefix, String suffix, int columns) {
    return new Checked(
        CHECKED + prefix,
        suffix
            + "\n) SELECT q.*, NULL::pg_catalog.bool FROM q UNION ALL SELECT "
            + "NULL, ".repeat(columns)
            + CHECK);
  }

  /** The text around a query. */
  record Checked(String prefix, String suffix) {}

  /**
   * Runs a query, and returns its result.
   *
   * @param statement a statement of the connection; the result belongs to this statement
   * @param values the parameters of the query
   * @param types the OIDs of the parameters' types if the driver should prepare the query;
   *     otherwise null. The driver could determine the types itself, but would then need an
   *     additional round trip after each query whose result rows have no maximum length.
   * @param checked whether the query is {@link #checked}
   */
  static Result run(
      BaseStatement statement,
      Query query,
      List<@Nullable String> values,
      int @Nullable [] types,
      boolean checked)
      throws SQLException {
    BaseConnection connection = statement.getConnection().unwrap(BaseConnection.class);
    QueryExecutor executor = connection.getQueryExecutor();
    Query prepared = executor.createSimpleQuery(PREPARED);
    CachedQuery begin = executor.borrowQuery(BEGIN);
    CachedQuery clear = executor.borrowQuery(CLEAR);
    CachedQuery rollback = executor.borrowQuery(ROLLBACK);
    // An earlier statement, such as a query for parameter types, may have begun the transaction.
    boolean begins = connection.getTransactionState() == TransactionState.IDLE;
    CachedQuery shape = executor.borrowQuery(shape(begins, values.size(), checked));
    try {
      ParameterList parameters = shape.query.createParameterList();
      for (int i = 0; i < values.size(); i++) {
        String value = values.get(i);
        int type = types == null ? Oid.UNSPECIFIED : types[i];
        if (value == null) {
          parameters.setNull(i + 1, type);
        } else {
          parameters.setStringParameter(i + 1, value, type);
        }
      }
      double seed = 2 * RANDOM.nextDouble() - 1;
      parameters.setStringParameter(values.size() + 1, Double.toString(seed), Oid.FLOAT8);
      var answer = new Answer(query);
      Stream<Query> behind =
          checked ? Stream.of(rollback.query) : Stream.of(clear.query, prepared, rollback.query);
      Stream<Query> before = begins ? Stream.of(begin.query, query) : Stream.of(query);
      var all = new UndoneQuery(Stream.concat(before, behind).toArray(Query[]::new));
      int flags =
          QueryExecutor.QUERY_SUPPRESS_BEGIN | (types == null ? QueryExecutor.QUERY_ONESHOT : 0);
      executor.execute(all, parameters, answer, 0, 0, flags);
      boolean isClear = checked ? answer.removeCheck() : answer.clear;
      return new Result(statement.createDriverResultSet(answer.fields, answer.rows), isClear);
    } finally {
      executor.releaseQuery(shape);
      executor.releaseQuery(rollback);
      executor.releaseQuery(clear);
      executor.releaseQuery(begin);
      prepared.close();
    }
  }

  /**
   * The rows of a query.
   *
   * @param clear whether the session is unchanged; if not, the session must be closed
   */
  record Result(ResultSet rows, boolean clear) {}

  /**
   * Returns SQL from which the driver creates the parameter list. It contains a placeholder
   * statement for each statement that will be sent, with the same number of parameters.
   */
  private static String shape(boolean begins, int parameters, boolean checked) {
    String marks = "?,".repeat(parameters);
    return (begins ? "BEGIN; SELECT " : "SELECT ")
        + (checked ? marks + "?" : marks + "0; SELECT ?; SELECT")
        + "; ROLLBACK";
  }

  /**
   * Collects the rows of the query. If another statement returns rows, these rows show whether the
   * session is unchanged. The last such statement counts.
   */
  private static final class Answer extends ResultHandlerBase {
    private final Query query;
    private Field[] fields = {};
    private List<Tuple> rows = List.of();
    private boolean clear;

    Answer(Query query) {
      this.query = query;
    }

    @Override
    public void handleResultRows(
        Query from, Field[] fields, List<Tuple> rows, @Nullable ResultCursor cursor) {
      if (from.equals(query)) {
        this.fields = fields;
        this.rows = rows;
      } else {
        clear = rows.stream().allMatch(row -> Arrays.equals(row.get(0), FALSE));
      }
    }

    /** Removes the row for the check, and returns whether the check succeeded. */
    boolean removeCheck() {
      int last = fields.length - 1;
      if (last < 0 || rows.isEmpty()) {
        return false;
      }
      fields = Arrays.copyOf(fields, last);
      Tuple check = rows.remove(rows.size() - 1);
      return Arrays.equals(check.get(last), TRUE);
    }

    @Override
    public void handleWarning(SQLWarning warning) {
      // The warning is ignored, because it may contain data.
    }
  }

  @Override
  public Query[] getSubqueries() {
    return statements;
  }

  @Override
  public ParameterList createParameterList() {
    throw new UnsupportedOperationException();
  }

  @Override
  public String toString(@Nullable ParameterList parameters) {
    return getNativeSql();
  }

  @Override
  public String toString(@Nullable ParameterList parameters, SqlSerializationContext context) {
    return getNativeSql();
  }

  @Override
  public String getNativeSql() {
    return Arrays.toString(statements);
  }

  @Override
  public @Nullable SqlCommand getSqlCommand() {
    return null;
  }

  @Override
  public void close() {
    // The driver's cache closes the statements.
  }

  @Override
  public boolean isStatementDescribed() {
    return false;
  }

  @Override
  public boolean isEmpty() {
    return false;
  }

  @Override
  public int getBatchSize() {
    return 0;
  }

  @Override
  public @Nullable Map<String, Integer> getResultSetColumnNameIndexMap() {
    return null;
  }
}
