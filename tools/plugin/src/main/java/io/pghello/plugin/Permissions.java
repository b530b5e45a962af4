// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.ParameterSchema;
import io.pghello.plugin.internal.operations.OperationDescriptions;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Permissions and limits of a connection. Pass them to {@link
 * PluginContext#withPermissions(Permissions)}.
 *
 * <pre>{@code
 * Permissions permissions =
 *     Permissions.read()
 *         .withTables("users", "orders")
 *         .withMaxRows(100);
 * }</pre>
 *
 * <p>Immutable. The permissions restrict the operations of the plugin, but not the SQL that callers
 * pass to these operations. Only the privileges of the login role limit the objects that this SQL
 * can access, so grant the role only the privileges that it needs.
 *
 * @param readOnly whether the connection is read-only: writing operations are rejected, and all
 *     reads run in read-only transactions
 * @param sql whether operations that accept SQL are allowed
 * @param operations the allowed operations; null for all
 * @param tables the tables that operations may name, spelled as callers pass them; null for all
 * @param maxRows the maximum number of rows in a result, 1 to 1,000,000
 * @param maxBytes the maximum size of the results of a call, in bytes sent by the server, 1,000 to
 *     64 MiB
 * @param maxTimeout the maximum timeout that a call can request, 1 ms to 1 hour; null for the
 *     configuration's {@code queryTimeout}
 * @param privileged whether a read-only connection may log in as a privileged role, such as a
 *     superuser, that can make changes that a rollback does not undo; ignored if {@code readOnly}
 *     is false
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
   * @throws IllegalArgumentException if a limit is out of range, or if tables are listed although
   *     SQL is allowed, because a list cannot restrict SQL
   */
  public Permissions {
    require("maxRows", maxRows);
    require("maxBytes", maxBytes);
    if (maxTimeout != null) {
      require("maxTimeout", maxTimeout.toMillis());
    }
    if (sql && tables != null) {
      throw new IllegalArgumentException(
          "a list of tables cannot restrict SQL: grant the role privileges only on these tables, "
              + "or do not allow SQL");
    }
    operations = operations == null ? null : Set.copyOf(operations);
    tables = tables == null ? null : Set.copyOf(tables);
  }

  private static void require(String member, long value) {
    JsonNode limits = SCHEMA.get("properties").get(member);
    require(member, value, limits.get("minimum").longValue(), limits.get("maximum").longValue());
  }

  static void require(String what, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          what + " must be between " + least + " and " + most + ", but is " + value);
    }
  }

  /** Returns the defaults: read-only operations, no SQL, 1,000 rows. */
  public static Permissions read() {
    return new Permissions(true, false, null, null, MAX_ROWS, MAX_BYTES, null, false);
  }

  /** Returns permissions to read and write rows, but not to run SQL or change tables. */
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

  /** Returns permissions for all operations and SQL, restricted only by the role's privileges. */
  public static Permissions all() {
    return new Permissions(false, true, null, null, MAX_ROWS, MAX_BYTES, null, false);
  }

  /**
   * Parses permissions from a JSON object with members named like the components of this record. If
   * {@code readOnly} is true or missing, missing members have the values of {@link #read()}. If
   * {@code readOnly} is false, they have the values of {@link #all()} if {@code sql} is true, and
   * the values of {@link #write()} otherwise.
   *
   * @param json the object; {@code maxTimeout} is in milliseconds
   * @throws PostgresException if a member or an operation is unknown or invalid, or if tables are
   *     listed although SQL is allowed
   */
  public static Permissions of(JsonNode json) {
    ParameterSchema.check(SCHEMA, json, "permissions", Code.BAD_CONFIG);
    boolean readOnly = json.path("readOnly").asBoolean(true);
    boolean sql = json.path("sql").asBoolean();
    Permissions base = readOnly ? read() : sql ? all() : write();
    Set<String> operations = json.has("operations") ? names(json, "operations") : base.operations;
    if (operations != null && !OperationDescriptions.names().containsAll(operations)) {
      throw Failures.of(
          Code.BAD_CONFIG,
          "permissions.operations: valid operations are "
              + String.join(", ", OperationDescriptions.names())
              + ".");
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

  /** Returns a copy that allows or rejects SQL. */
  public Permissions withSql(boolean sql) {
    return new Permissions(
        readOnly, sql, operations, tables, maxRows, maxBytes, maxTimeout, privileged);
  }

  /** Returns a copy that allows only these operations. */
  public Permissions withOperations(String... operations) {
    return new Permissions(
        readOnly, sql, Set.of(operations), tables, maxRows, maxBytes, maxTimeout, privileged);
  }

  /** Returns a copy that allows only these tables, e.g. {@code users} or {@code app.users}. */
  public Permissions withTables(String... tables) {
    return new Permissions(
        readOnly, sql, operations, Set.of(tables), maxRows, maxBytes, maxTimeout, privileged);
  }

  /** Returns a copy with a different {@code maxRows}. */
  public Permissions withMaxRows(int maxRows) {
    return new Permissions(
        readOnly, sql, operations, tables, maxRows, maxBytes, maxTimeout, privileged);
  }

  /** Returns a copy with a different {@code maxBytes}. */
  public Permissions withMaxBytes(int maxBytes) {
    return new Permissions(
        readOnly, sql, operations, tables, maxRows, maxBytes, maxTimeout, privileged);
  }

  /** Returns a copy with a different {@code maxTimeout}. */
  public Permissions withMaxTimeout(Duration maxTimeout) {
    return new Permissions(
        readOnly, sql, operations, tables, maxRows, maxBytes, maxTimeout, privileged);
  }

  /** Returns a copy that accepts or rejects privileged roles on read-only connections. */
  public Permissions withPrivileged(boolean privileged) {
    return new Permissions(
        readOnly, sql, operations, tables, maxRows, maxBytes, maxTimeout, privileged);
  }
}
