// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.Permissions;
import io.pghello.plugin.PluginOperation;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.ParameterSchema;
import io.pghello.plugin.internal.Records;
import io.pghello.plugin.internal.pool.Pool;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Caller;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Transactions;
import io.pghello.plugin.internal.sql.CrudSql;
import io.pghello.plugin.internal.sql.DdlSql;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * The table of all operations, which are described by {@link OperationDescriptions}. Each operation
 * receives its parameters as a record. Thread-safe.
 */
public final class OperationTable {
  private final Map<String, Operation> operations = new HashMap<>();

  /** Creates the table. */
  public OperationTable(Runner runner, Transactions transactions) {
    var queries = new Queries(runner);
    put("query", SqlStatement.class, queries::query);
    put("queryOne", SqlStatement.class, queries::queryOne);
    put("queryValue", SqlStatement.class, queries::queryValue);
    put("execute", SqlStatement.class, queries::execute);
    put("transaction", Queries.Several.class, queries::transaction);
    var control = new TransactionOperations(runner, transactions);
    put("beginTransaction", TransactionOperations.Begin.class, control::begin);
    put("commit", TransactionOperations.Nothing.class, control::commit);
    put("rollback", TransactionOperations.Nothing.class, control::rollback);
    put("ping", TransactionOperations.Nothing.class, control::ping);
    put("getStats", TransactionOperations.Nothing.class, control::stats);
    var rows = new Rows(runner);
    put("insert", CrudSql.Change.class, rows::insert);
    put("update", CrudSql.Change.class, rows::update);
    put("delete", CrudSql.Change.class, rows::delete);
    put("find", CrudSql.Find.class, rows::find);
    put("findOne", CrudSql.Find.class, rows::findOne);
    put("count", CrudSql.Find.class, rows::count);
    put("batchInsert", BatchInsert.Batch.class, new BatchInsert(runner)::insert);
    var tables = new Tables(runner);
    put("createTable", DdlSql.Create.class, tables::create);
    put("alterTable", DdlSql.Alter.class, tables::alter);
    put("dropTable", DdlSql.Drop.class, tables::drop);
    put("listTables", TransactionOperations.Nothing.class, tables::list);
    put("describeTable", Tables.Describe.class, tables::describe);
  }

  /**
   * An operation.
   *
   * @param about the description for callers
   * @param schema the schema that validates parameters; not exposed to callers
   * @param type the record type for the validated parameters
   * @param handler the function that runs the operation, and returns a result that matches the
   *     operation's result schema
   */
  private record Operation(
      PluginOperation about,
      ObjectNode schema,
      Class<? extends Record> type,
      BiFunction<Call, JsonNode, JsonNode> handler) {}

  private <P extends Record> void put(
      String name, Class<P> type, BiFunction<Call, P, JsonNode> handler) {
    PluginOperation about = OperationDescriptions.of(name);
    Function<JsonNode, P> reader = Records.reader(type);
    BiFunction<Call, JsonNode, JsonNode> work =
        (call, parameters) -> handler.apply(call, reader.apply(parameters));
    operations.put(name, new Operation(about, about.parameters(), type, work));
  }

  /** Returns the parameter types of the operations, by name. */
  Map<String, Class<? extends Record>> types() {
    var types = new HashMap<String, Class<? extends Record>>();
    operations.forEach((name, operation) -> types.put(name, operation.type()));
    return types;
  }

  /**
   * Runs an operation.
   *
   * @throws PostgresException if the operation fails or is not allowed
   */
  public JsonNode run(
      Pool pool, Permissions permissions, String name, JsonNode parameters, Caller caller) {
    Operation operation = operations.get(name);
    if (operation == null) {
      throw Failures.withRemedy(
          Code.BAD_REQUEST,
          "There is no such operation.",
          "Valid operations are " + String.join(", ", OperationDescriptions.names()) + ".");
    }
    operation
        .about()
        .rejection(permissions)
        .ifPresent(
            reason -> {
              throw Failures.withRemedy(
                  Code.NOT_ALLOWED,
                  reason,
                  "Extend the permissions in PluginContext.withPermissions, or for the MCP server in"
                      + " its configuration file.");
            });
    ParameterSchema.check(operation.schema(), parameters, "parameters", Code.BAD_REQUEST);
    Tables.requireTable(permissions.tables(), parameters.path("table").textValue());
    long timeout = timeout(pool, permissions, parameters.path("timeout"));
    String transaction = parameters.path("transactionId").textValue();
    var call = new Call(pool, permissions, timeout, transaction, caller);
    return operation.handler().apply(call, parameters);
  }

  private static long timeout(Pool pool, Permissions permissions, JsonNode given) {
    long most = pool.config().maxTimeoutMillis(permissions);
    if (given.isMissingNode()) {
      return Math.min(pool.config().queryTimeoutMillis(), most);
    }
    if (given.longValue() > most) {
      throw Failures.withRemedy(
          Code.LIMIT_REACHED,
          "The connection allows a maximum timeout of " + most + " ms.",
          "Request a shorter timeout, or increase maxTimeout in its permissions "
              + "(default: queryTimeout).");
    }
    return given.longValue();
  }
}
