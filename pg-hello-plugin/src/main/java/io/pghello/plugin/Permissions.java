// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import java.time.Duration;
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
 * @param maxBytes the most bytes that the results of a call may have as the server sends them,
 *     1,000 to 64 MiB
 * @param maxTimeout the longest time-out that a call may ask for, 1 ms to an hour; null for the
 *     configuration's {@code queryTimeout}
 * @param privileged whether a connection that only reads may log in as a role that can do what no
 *     rollback undoes, as a superuser; without effect where {@code readOnly} is false
 */
public record Permissions(
    boolean readOnly,
    boolean sql,
    @Nullable Set<String> operations,
    @Nullable Set<String> tables,
    int maxRows,
    int maxBytes,
    @Nullable Duration maxTimeout,
    boolean privileged) {
  private static final int MAX_ROWS = 1_000;
  private static final int MIN_BYTES = 1_000;
  private static final int MAX_BYTES = 64 << 20;
  private static final Duration MAX_TIMEOUT = Duration.ofHours(1);
  private static final int MAX_ROWS_LIMIT = 1_000_000;

  /**
   * Copies the sets.
   *
   * @throws IllegalArgumentException if a limit is out of range, or if tables are listed while SQL
   *     is allowed, which a list cannot bound
   */
  public Permissions {
    if (maxRows < 1 || maxRows > MAX_ROWS_LIMIT) {
      throw new IllegalArgumentException(
          "maxRows must be between 1 and " + MAX_ROWS_LIMIT + ", but is " + maxRows);
    }
    if (maxBytes < MIN_BYTES || maxBytes > MAX_BYTES) {
      throw new IllegalArgumentException(
          "maxBytes must be between " + MIN_BYTES + " and " + MAX_BYTES + ", but is " + maxBytes);
    }
    if (maxTimeout != null
        && (maxTimeout.toMillis() < 1 || maxTimeout.compareTo(MAX_TIMEOUT) > 0)) {
      throw new IllegalArgumentException(
          "maxTimeout must be between 1 and 3600000 ms, but is " + maxTimeout.toMillis());
    }
    if (sql && tables != null) {
      throw new IllegalArgumentException(
          "a list of tables does not bound SQL: grant the role these tables alone, or allow no"
              + " SQL");
    }
    operations = operations == null ? null : Set.copyOf(operations);
    tables = tables == null ? null : Set.copyOf(tables);
  }

  /** Returns the default: operations that read, no SQL, 1,000 rows. */
  public static Permissions read() {
    return new Permissions(true, false, null, null, MAX_ROWS, MAX_BYTES, null, false);
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
        MAX_ROWS,
        MAX_BYTES,
        null,
        false);
  }

  /** Returns permissions for all operations, with SQL: what the role may do, callers may do. */
  public static Permissions all() {
    return new Permissions(false, true, null, null, MAX_ROWS, MAX_BYTES, null, false);
  }

  /** Returns these, with or without SQL. */
  public Permissions withSql(boolean sql) {
    return new Permissions(
        readOnly, sql, operations, tables, maxRows, maxBytes, maxTimeout, privileged);
  }

  /** Returns these for some operations alone. */
  public Permissions withOperations(String... operations) {
    return new Permissions(
        readOnly, sql, Set.of(operations), tables, maxRows, maxBytes, maxTimeout, privileged);
  }

  /** Returns these for some tables alone, as in {@code users} or {@code app.users}. */
  public Permissions withTables(String... tables) {
    return new Permissions(
        readOnly, sql, operations, Set.of(tables), maxRows, maxBytes, maxTimeout, privileged);
  }

  /** Returns these with another limit of rows. */
  public Permissions withMaxRows(int maxRows) {
    return new Permissions(
        readOnly, sql, operations, tables, maxRows, maxBytes, maxTimeout, privileged);
  }

  /** Returns these with another limit of bytes. */
  public Permissions withMaxBytes(int maxBytes) {
    return new Permissions(
        readOnly, sql, operations, tables, maxRows, maxBytes, maxTimeout, privileged);
  }

  /** Returns these with another longest time-out. */
  public Permissions withMaxTimeout(Duration maxTimeout) {
    return new Permissions(
        readOnly, sql, operations, tables, maxRows, maxBytes, maxTimeout, privileged);
  }

  /** Returns these for a role with more power than a reader needs, or not. */
  public Permissions withPrivileged(boolean privileged) {
    return new Permissions(
        readOnly, sql, operations, tables, maxRows, maxBytes, maxTimeout, privileged);
  }
}
