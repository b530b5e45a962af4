// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.Schema;
import io.pghello.plugin.internal.operations.OperationTable;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Permissions and limits of a connection. Immutable.
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
  private static final int MAX_BYTES = 64 << 20;
  private static final JsonNode SCHEMA = Json.resource(Permissions.class, "permissions.json");

  /**
   * Copies the sets.
   *
   * @throws IllegalArgumentException if a limit is out of range, or if tables are listed while SQL
   *     is allowed, which a list cannot bound
   */
  public Permissions {
    require("maxRows", maxRows);
    require("maxBytes", maxBytes);
    if (maxTimeout != null) {
      require("maxTimeout", maxTimeout.toMillis());
    }
    if (sql && tables != null) {
      throw new IllegalArgumentException(
          "a list of tables does not bound SQL: grant the role these tables alone, or allow no"
              + " SQL");
    }
    operations = operations == null ? null : Set.copyOf(operations);
    tables = tables == null ? null : Set.copyOf(tables);
  }

  private static void require(String member, long value) {
    JsonNode limits = SCHEMA.get("properties").get(member);
    PluginContext.require(
        member, value, limits.get("minimum").longValue(), limits.get("maximum").longValue());
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
            ("insert update delete batchInsert find findOne count listTables describeTable"
                    + " beginTransaction commit rollback ping getStats")
                .split(" ")),
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

  /**
   * Returns permissions of an object of JSON, whose members are named as those of this record. What
   * it leaves out is as {@link #read()} has it; where {@code readOnly} is false, as {@link
   * #write()} has it, or with {@code sql} as {@link #all()} has it.
   *
   * @param json {@code maxTimeout} is in milliseconds
   * @throws PostgresException if a member is unknown or wrong, an operation is unknown, or tables
   *     are listed while SQL is allowed
   */
  public static Permissions of(JsonNode json) {
    Schema.check(SCHEMA, json, "permissions", Code.BAD_CONFIG);
    boolean readOnly = json.path("readOnly").asBoolean(true);
    boolean sql = json.path("sql").asBoolean();
    Permissions base = readOnly ? read() : sql ? all() : write();
    Set<String> operations = json.has("operations") ? names(json, "operations") : base.operations;
    if (operations != null && !OperationTable.names().containsAll(operations)) {
      throw Failures.of(
          Code.BAD_CONFIG,
          "permissions.operations: there are " + String.join(", ", OperationTable.names()) + ".");
    }
    try {
      return new Permissions(
          readOnly,
          sql,
          operations,
          json.has("tables") ? names(json, "tables") : null,
          json.path("maxRows").asInt(MAX_ROWS),
          json.path("maxBytes").asInt(MAX_BYTES),
          json.has("maxTimeout") ? Duration.ofMillis(json.get("maxTimeout").longValue()) : null,
          json.path("privileged").asBoolean());
    } catch (IllegalArgumentException e) {
      throw Failures.of(Code.BAD_CONFIG, "permissions: " + e.getMessage() + ".");
    }
  }

  private static Set<String> names(JsonNode json, String member) {
    return Json.elements(json.get(member))
        .map(JsonNode::textValue)
        .collect(Collectors.toUnmodifiableSet());
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
