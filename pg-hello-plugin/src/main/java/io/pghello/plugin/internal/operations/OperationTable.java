// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import static io.pghello.plugin.internal.operations.Schema.any;
import static io.pghello.plugin.internal.operations.Schema.array;
import static io.pghello.plugin.internal.operations.Schema.bool;
import static io.pghello.plugin.internal.operations.Schema.choice;
import static io.pghello.plugin.internal.operations.Schema.integer;
import static io.pghello.plugin.internal.operations.Schema.map;
import static io.pghello.plugin.internal.operations.Schema.nullable;
import static io.pghello.plugin.internal.operations.Schema.number;
import static io.pghello.plugin.internal.operations.Schema.object;
import static io.pghello.plugin.internal.operations.Schema.text;
import static io.pghello.plugin.internal.operations.Schema.with;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.ConnectionStats;
import io.pghello.plugin.Isolation;
import io.pghello.plugin.Permissions;
import io.pghello.plugin.PluginOperation;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.pool.Pool;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Transactions;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** All operations, what they take and answer, and who may call them. Thread-safe. */
public final class OperationTable {
  private static final long TIMEOUT_MAX = 3_600_000;
  private static final String[] ISOLATIONS =
      Arrays.stream(Isolation.values()).map(Isolation::name).toArray(String[]::new);

  private final Map<String, Operation> operations = new LinkedHashMap<>();

  /** Creates the table. */
  public OperationTable(Runner runner, Transactions transactions) {
    var queries = new Queries(runner);
    var rows = new Rows(runner);
    var batch = new BatchInsert(runner);
    var tables = new Tables(runner);
    var control = new Control(runner, transactions);

    ObjectNode sql = with(object(), "sql!", text("One statement, with $1, $2 … for its values."));
    with(sql, "params", array("The values of $1, $2 …", any("Any JSON.")));
    queries(queries, sql);
    add(
        "execute",
        "Runs any statement; one with RETURNING returns rows.",
        true,
        true,
        common(sql.deepCopy()),
        rowsResult(),
        queries::execute);
    ObjectNode list = array("Statements, of which all are done or none.", sql);
    add(
        "transaction",
        "Runs statements in one transaction; on a connection that only reads, queries.",
        false,
        true,
        with(
            with(timed(object()), "operations!", list.put("minItems", 1)),
            "isolationLevel",
            choice(
                "Default: the server's, which is READ_COMMITTED unless configured.", ISOLATIONS)),
        with(object(), "results!", array("One for each statement.", rowsResult())),
        queries::transaction);
    control(control);
    rows(rows, batch);
    tables(tables);
    reads(
        "ping",
        "Asks the server for a sign of life.",
        common(object()),
        with(object(), "alive!", bool("true")),
        control::ping);
    reads("getStats", "Returns what the pool has and did.", object(), stats(), control::stats);
  }

  private void queries(Queries queries, ObjectNode sql) {
    add(
        "query",
        "Runs a query, and returns its rows.",
        false,
        true,
        common(sql.deepCopy()),
        rowsResult(),
        queries::query);
    add(
        "queryOne",
        "Runs a query, and returns its first row, or null.",
        false,
        true,
        common(sql.deepCopy()),
        row(),
        queries::queryOne);
    add(
        "queryValue",
        "Runs a query, and returns the first value of its first row, or null.",
        false,
        true,
        common(sql.deepCopy()),
        any("Any JSON."),
        queries::queryValue);
  }

  private void control(Control control) {
    ObjectNode id = with(object(), "transactionId!", text("What beginTransaction returned."));
    reads(
        "beginTransaction",
        "Begins a transaction, and returns its id.",
        with(
            timed(object()),
            "isolationLevel",
            choice(
                "Default: the server's, which is READ_COMMITTED unless configured.", ISOLATIONS)),
        with(object(), "transactionId!", text("For other operations, commit and rollback.")),
        control::begin);
    reads(
        "commit",
        "Commits a transaction.",
        timed(id.deepCopy()),
        with(object(), "committed!", bool("true")),
        control::commit);
    reads(
        "rollback",
        "Rolls a transaction back.",
        timed(id.deepCopy()),
        with(object(), "rolledBack!", bool("true")),
        control::rollback);
  }

  private void rows(Rows rows, BatchInsert batch) {
    ObjectNode where =
        map(
            "Values by column, all of which must equal; or operators by column, as in"
                + " {\"age\": {\"gte\": 18}}: eq, ne, lt, lte, gt, gte, like, ilike, in, notIn; or"
                + " $and, $or, $not.");
    ObjectNode data = map("Values by column.");
    ObjectNode all = bool("Says that all rows are meant, without where.");
    ObjectNode changed = with(object(), "rowCount!", number("How many rows were changed."));
    writes(
        "insert",
        "Inserts a row, and returns it as the table has it.",
        with(table(), "data!", data),
        row(),
        rows::insert);
    writes(
        "update",
        "Updates rows.",
        with(with(with(table(), "data!", data), "where", where), "all", all),
        changed,
        rows::update);
    writes(
        "delete",
        "Deletes rows.",
        with(with(table(), "where", where), "all", all),
        changed,
        rows::delete);
    ObjectNode one = with(table(), "where", where);
    with(one, "fields", array("Columns; default: all.", text("A column.")).put("minItems", 1));
    with(
        one,
        "orderBy",
        map("Columns in their order, with asc or desc.", choice("The order.", "asc", "desc")));
    ObjectNode many = with(one.deepCopy(), "limit", integer("The most rows.", 0, 1_000_000));
    with(many, "offset", integer("Rows to leave out.", 0, Long.MAX_VALUE));
    reads("find", "Finds rows.", many, rowsResult(), rows::find);
    reads("findOne", "Finds the first row, or null.", one, row(), rows::findOne);
    reads(
        "count",
        "Counts rows.",
        with(table(), "where", where),
        with(object(), "count!", number("How many.")),
        rows::count);

    ObjectNode parameters =
        with(
            table(),
            "records!",
            array("Rows, all with the same columns.", data).put("minItems", 1));
    with(parameters, "conflictStrategy", choice("Default: a conflict fails.", "ignore", "update"));
    with(
        parameters,
        "conflictColumns",
        array(
                "What must be unique; default: the primary key. Without one, ignore takes any"
                    + " conflict.",
                text("A column."))
            .put("minItems", 1));
    ObjectNode result = changed.deepCopy();
    with(result, "ignored!", number("How many rows were there already."));
    with(result, "duplicates!", number("How many were replaced by later ones of the same key."));
    writes("batchInsert", "Inserts many rows, all or none.", parameters, result, batch::insert);
  }

  private void tables(Tables tables) {
    ObjectNode references = with(object(), "table!", text("A table."));
    with(references, "column", text("Its column; default: its primary key."));
    ObjectNode column = with(object(), "name!", text("Its name."));
    column(column, references);
    with(column, "primaryKey", bool("Whether it is the primary key."));
    with(column, "comment", text("A comment."));
    with(column, "type!", text("As in varchar(50)."));
    ObjectNode names = array("Columns.", text("A column.")).put("minItems", 1);
    ObjectNode schema = with(object(), "columns!", array("Columns.", column).put("minItems", 1));
    with(schema, "primaryKey", names);
    with(schema, "unique", array("Sets of columns.", names));
    with(schema, "comment", text("A comment."));
    ObjectNode created = with(object(), "done!", bool("true"));
    writes(
        "createTable",
        "Creates a table.",
        with(with(table(), "schema!", schema), "ifNotExists", bool("Whether it may exist.")),
        created,
        tables::create);
    ObjectNode alteration =
        with(
            object(),
            "action!",
            choice(
                "What to do.",
                "addColumn",
                "dropColumn",
                "renameColumn",
                "setType",
                "setDefault",
                "dropDefault",
                "setNotNull",
                "dropNotNull",
                "addUnique"));
    column(with(alteration, "name!", text("The column.")), references);
    with(alteration, "to", text("The new name."));
    with(alteration, "type", text("As in varchar(50)."));
    writes(
        "alterTable",
        "Alters a table, all alterations or none.",
        with(table(), "alterations!", array("Alterations.", alteration).put("minItems", 1)),
        created,
        tables::alter);
    writes(
        "dropTable",
        "Drops a table on which nothing depends.",
        with(table(), "ifExists", bool("Whether it may be missing.")),
        created,
        tables::drop);
    reads(
        "listTables",
        "Lists the tables and views that the role may use.",
        common(object()),
        array("Names, with the schema where it is needed.", text("A table.")),
        tables::list);
    reads(
        "describeTable",
        "Describes a table.",
        table(),
        map("Columns, keys, checks, indexes and comments."),
        tables::describe);
  }

  private static void column(ObjectNode column, ObjectNode references) {
    with(column, "nullable", bool("Default: true."));
    with(column, "default", any("A value, or {\"fn\": \"now\"} and the like."));
    with(column, "unique", bool("Whether values are unique."));
    with(column, "identity", bool("Whether the server numbers rows."));
    with(column, "references", references);
  }

  private static ObjectNode table() {
    return common(with(object(), "table!", text("TABLE, or SCHEMA.TABLE.")));
  }

  private static ObjectNode common(ObjectNode parameters) {
    return with(timed(parameters), "transactionId", text("What beginTransaction returned."));
  }

  private static ObjectNode timed(ObjectNode parameters) {
    return with(parameters, "timeout", integer("Milliseconds.", 1, TIMEOUT_MAX));
  }

  private static ObjectNode row() {
    return nullable(map("A row: values by column."));
  }

  private static ObjectNode rowsResult() {
    ObjectNode result = with(object(), "rows!", array("Rows.", map("Values by column.")));
    with(result, "rowCount!", number("How many there are, or were changed."));
    return with(result, "truncated!", bool("Whether the limit of rows cut others off."));
  }

  private static ObjectNode stats() {
    ObjectNode stats = object();
    for (RecordComponent known : ConnectionStats.class.getRecordComponents()) {
      String what = known.getType() == double.class ? "Milliseconds." : "A count.";
      with(stats, known.getName() + "!", number(what));
    }
    return stats;
  }

  private void reads(
      String name,
      String description,
      ObjectNode parameters,
      ObjectNode result,
      Operation.Handler handler) {
    add(name, description, false, false, parameters, result, handler);
  }

  private void writes(
      String name,
      String description,
      ObjectNode parameters,
      ObjectNode result,
      Operation.Handler handler) {
    add(name, description, true, false, parameters, result, handler);
  }

  private void add(
      String name,
      String description,
      boolean writes,
      boolean needsSql,
      ObjectNode parameters,
      ObjectNode result,
      Operation.Handler handler) {
    var about = new PluginOperation(name, description, writes, needsSql, parameters, result);
    operations.put(name, new Operation(about, about.parameters(), handler));
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
    long timeout = parameters.path("timeout").asLong(pool.config().queryTimeoutMillis());
    String transaction = parameters.path("transactionId").textValue();
    var call = new Call(pool, permissions, timeout, transaction, cancellation);
    return operation.handler().run(call, (ObjectNode) parameters);
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
          Code.NOT_ALLOWED, why, "Have its permissions extended where they are given.");
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
