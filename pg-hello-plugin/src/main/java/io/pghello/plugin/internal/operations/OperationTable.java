// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.Permissions;
import io.pghello.plugin.PluginOperation;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.pool.Pool;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Transactions;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * All operations, what they take and answer, and who may call them. What callers see of them is in
 * {@code operations.json}. Thread-safe.
 */
public final class OperationTable {
  private static final long TIMEOUT_MAX = 3_600_000;

  private final Map<String, Operation> operations = new LinkedHashMap<>();

  /** Creates the table. */
  public OperationTable(Runner runner, Transactions transactions) {
    Map<String, Operation.Handler> handlers = handlers(runner, transactions);
    JsonNode file = Json.resource(OperationTable.class, "operations.json");
    for (JsonNode given : Schema.resolved(file.get("operations"), file.get("definitions"))) {
      PluginOperation about = about((ObjectNode) given);
      Operation.Handler handler = Objects.requireNonNull(handlers.remove(about.name()));
      operations.put(about.name(), new Operation(about, about.parameters(), handler));
    }
    if (!handlers.isEmpty()) {
      throw new IllegalStateException("not described: " + handlers.keySet());
    }
  }

  private static Map<String, Operation.Handler> handlers(Runner runner, Transactions transactions) {
    var handlers = new HashMap<String, Operation.Handler>();
    var queries = new Queries(runner);
    handlers.put("query", queries::query);
    handlers.put("queryOne", queries::queryOne);
    handlers.put("queryValue", queries::queryValue);
    handlers.put("execute", queries::execute);
    handlers.put("transaction", queries::transaction);
    var control = new Control(runner, transactions);
    handlers.put("beginTransaction", control::begin);
    handlers.put("commit", control::commit);
    handlers.put("rollback", control::rollback);
    handlers.put("ping", control::ping);
    handlers.put("getStats", control::stats);
    var rows = new Rows(runner);
    handlers.put("insert", rows::insert);
    handlers.put("update", rows::update);
    handlers.put("delete", rows::delete);
    handlers.put("find", rows::find);
    handlers.put("findOne", rows::findOne);
    handlers.put("count", rows::count);
    handlers.put("batchInsert", new BatchInsert(runner)::insert);
    var tables = new Tables(runner);
    handlers.put("createTable", tables::create);
    handlers.put("alterTable", tables::alter);
    handlers.put("dropTable", tables::drop);
    handlers.put("listTables", tables::list);
    handlers.put("describeTable", tables::describe);
    return handlers;
  }

  /** Returns an operation, with the parameters that all of its kind have. */
  private static PluginOperation about(ObjectNode given) {
    ObjectNode parameters = (ObjectNode) given.get("parameters");
    String within = given.path("within").asText();
    if (!within.isEmpty()) {
      parameters
          .withObject("/properties/timeout")
          .put("description", "Milliseconds.")
          .put("type", "integer")
          .put("minimum", 1)
          .put("maximum", TIMEOUT_MAX);
    }
    if (within.equals("transaction")) {
      parameters
          .withObject("/properties/transactionId")
          .put("description", "What beginTransaction returned.")
          .put("type", "string");
    }
    return new PluginOperation(
        given.get("name").textValue(),
        given.get("description").textValue(),
        given.path("writes").asBoolean(),
        given.path("needsSql").asBoolean(),
        parameters,
        (ObjectNode) given.get("result"));
  }

  /** Returns what callers see of the operations. */
  public List<PluginOperation> list() {
    return operations.values().stream().map(Operation::about).toList();
  }

  /**
   * Does an operation.
   *
   * @param cancellation cancels what it runs once it completes; null if nobody does
   * @throws PostgresException if it fails, or is not allowed
   */
  public JsonNode run(
      Pool pool,
      Permissions permissions,
      String name,
      JsonNode parameters,
      @Nullable CompletionStage<?> cancellation) {
    Operation operation = operations.get(name);
    if (operation == null) {
      throw Failures.withRemedy(
          Code.BAD_REQUEST,
          "There is no such operation.",
          "There are " + String.join(", ", operations.keySet()) + ".");
    }
    requirePermission(operation.about(), permissions);
    Schema.check(operation.parameters(), parameters, "parameters");
    requireTable(permissions.tables(), parameters.path("table"));
    long timeout = timeout(pool, permissions, parameters.path("timeout"));
    String transaction = parameters.path("transactionId").textValue();
    var call = new Call(pool, permissions, timeout, transaction, cancellation);
    return operation.handler().run(call, (ObjectNode) parameters);
  }

  private static long timeout(Pool pool, Permissions permissions, JsonNode given) {
    long most = pool.config().maxTimeoutMillis(permissions);
    if (given.isMissingNode()) {
      return Math.min(pool.config().queryTimeoutMillis(), most);
    }
    if (given.longValue() > most) {
      throw Failures.withRemedy(
          Code.LIMIT_REACHED,
          "The connection allows a timeout of " + most + " ms at most.",
          "Ask for less, or have maxTimeout of its permissions raised, which is queryTimeout by"
              + " default.");
    }
    return given.longValue();
  }

  private static void requirePermission(PluginOperation operation, Permissions permissions) {
    Set<String> allowed = permissions.operations();
    String why = null;
    if (allowed != null && !allowed.contains(operation.name())) {
      why = "This operation is not among those of the connection.";
    } else if (operation.writes() && permissions.readOnly()) {
      why = "The connection is read-only.";
    } else if (operation.needsSql() && !permissions.sql()) {
      why = "The connection takes no SQL.";
    }
    if (why != null) {
      throw Failures.withRemedy(
          Code.NOT_ALLOWED,
          why,
          "Its permissions are the program's, by PluginContext.withPermissions, or those of the MCP"
              + " server's file.");
    }
  }

  /** Refuses a table that is not among those that are allowed. */
  static void requireTable(@Nullable Set<String> allowed, JsonNode table) {
    if (allowed != null && !table.isMissingNode() && !allowed.contains(table.textValue())) {
      throw Failures.withRemedy(
          Code.NOT_ALLOWED, "This table is not among those of the connection.", "See listTables.");
    }
  }
}
