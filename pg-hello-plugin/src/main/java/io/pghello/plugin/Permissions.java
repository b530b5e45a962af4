// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a connection may do. Immutable.
 *
 * <p>These bound what the plugin sends. What SQL may reach is bounded by the role that the
 * connection logs in as, and by nothing else: give it no more than it needs.
 *
 * @param readOnly whether operations that write are refused, and reads run in read-only
 *     transactions
 * @param sql whether operations may take SQL
 * @param operations the operations that may be called; null for all
 * @param tables the tables that operations may name, as callers write them; null for all
 * @param maxRows the most rows of a result, 1 to 1,000,000
 */
public record Permissions(
    boolean readOnly,
    boolean sql,
    @Nullable Set<String> operations,
    @Nullable Set<String> tables,
    int maxRows) {
  private static final int MAX_ROWS = 1_000;
  private static final int MAX_ROWS_LIMIT = 1_000_000;

  /**
   * Copies the sets.
   *
   * @throws IllegalArgumentException if the number of rows is out of range, or if tables are listed
   *     while SQL is allowed, which a list cannot bound
   */
  public Permissions {
    if (maxRows < 1 || maxRows > MAX_ROWS_LIMIT) {
      throw new IllegalArgumentException(
          "maxRows must be between 1 and " + MAX_ROWS_LIMIT + ", but is " + maxRows);
    }
    if (sql && tables != null) {
      throw new IllegalArgumentException(
          "a list of tables does not bound SQL: grant the role these tables alone, or allow no SQL");
    }
    operations = operations == null ? null : Set.copyOf(operations);
    tables = tables == null ? null : Set.copyOf(tables);
  }

  /** Returns the default: operations that read, no SQL, 1,000 rows. */
  public static Permissions read() {
    return new Permissions(true, false, null, null, MAX_ROWS);
  }

  /** Returns permissions for reads and writes of rows; no SQL, and no change of tables. */
  public static Permissions write() {
    return new Permissions(
        false,
        false,
        Set.of(
            "insert",
            "update",
            "delete",
            "batchInsert",
            "find",
            "findOne",
            "count",
            "listTables",
            "describeTable",
            "beginTransaction",
            "commit",
            "rollback",
            "ping",
            "getStats"),
        null,
        MAX_ROWS);
  }

  /** Returns permissions for all operations, with SQL: what the role may do, callers may do. */
  public static Permissions all() {
    return new Permissions(false, true, null, null, MAX_ROWS);
  }

  /** Returns these, with or without SQL. */
  public Permissions withSql(boolean sql) {
    return new Permissions(readOnly, sql, operations, tables, maxRows);
  }

  /** Returns these for some operations alone. */
  public Permissions withOperations(String... operations) {
    return new Permissions(readOnly, sql, Set.of(operations), tables, maxRows);
  }

  /** Returns these for some tables alone, as in {@code users} or {@code app.users}. */
  public Permissions withTables(String... tables) {
    return new Permissions(readOnly, sql, operations, Set.of(tables), maxRows);
  }

  /** Returns these with another limit of rows. */
  public Permissions withMaxRows(int maxRows) {
    return new Permissions(readOnly, sql, operations, tables, maxRows);
  }
}
