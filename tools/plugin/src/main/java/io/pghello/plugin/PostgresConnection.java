// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.Records;
import io.pghello.plugin.internal.Texts;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs the operations of {@link PostgresPlugin#execute} on one connection, with typed methods.
 * {@link PostgresPlugin#connect(String, JsonNode)} creates it.
 *
 * <pre>{@code
 * ObjectNode user = connection.insert("users", Map.of("name", "Ada", "age", 36));
 * QueryResult adults = connection.find("users", Map.of("age", Map.of("gte", 18)));
 * long changed = connection.update("users", Map.of("age", 37), Map.of("name", "Ada"));
 * }</pre>
 *
 * <p>Immutable and thread-safe. All methods that run operations can throw {@link
 * PostgresException}, are subject to the connection's permissions, and reopen the connection if it
 * was closed.
 *
 * <ul>
 *   <li>Values are converted in the same way as by {@link SqlStatement#of}. Conditions map columns
 *       to values or to operators, e.g. {@code gte}.
 *   <li>On a read-only connection, a query takes one round trip.
 *   <li>On a connection that can write, a statement takes two round trips, because the session is
 *       reset afterwards. Frequent queries without side effects take one.
 *   <li>The fifth run of a query takes one or two additional round trips, because the plugin then
 *       examines the query.
 * </ul>
 */
public final class PostgresConnection {
  private static final Set<Code> NOT_ASKED =
      Set.of(
          Code.BAD_REQUEST,
          Code.BAD_CONFIG,
          Code.CONFIG_CHANGED,
          Code.NOT_ALLOWED,
          Code.TRANSACTION_FAILED);

  private static final Function<JsonNode, BatchResult> BATCH_RESULT =
      Records.reader(BatchResult.class);

  private final PostgresPlugin plugin;
  private final String id;
  private final JsonNode config;
  private final @Nullable Long timeoutMillis;
  private final @Nullable String transactionId;

  PostgresConnection(PostgresPlugin plugin, String id, JsonNode config) {
    this(plugin, id, config, null, null);
  }

  private PostgresConnection(
      PostgresPlugin plugin,
      String id,
      JsonNode config,
      @Nullable Long timeoutMillis,
      @Nullable String transactionId) {
    this.plugin = plugin;
    this.id = id;
    this.config = config;
    this.timeoutMillis = timeoutMillis;
    this.transactionId = transactionId;
  }

  /** Specifies how a batch handles records that already exist. */
  public enum OnConflict {
    /** Keeps the existing row. */
    IGNORE,
    /**
     * Updates the row with the record's values. If several records have the same key, only the last
     * one is used.
     */
    UPDATE
  }

  /**
   * Result of a batch.
   *
   * @param rowCount the number of inserted or updated rows
   * @param ignored the number of records that were ignored because they already existed
   * @param duplicates the number of records that were not used because a later record has the same
   *     key
   */
  public record BatchResult(long rowCount, long ignored, long duplicates) {}

  /** Returns the id of the connection. */
  public String id() {
    return id;
  }

  /** Opens the connection unless it is open. */
  public void connect() {
    plugin.open(id, config);
  }

  /** Closes the connection; see {@link PostgresPlugin#disconnect}. */
  public void disconnect() {
    plugin.disconnect(id);
  }

  /**
   * Returns whether the login role, or a role that it can become, owned tables or views when the
   * connection was opened. Opens the connection if necessary. The owner of a table can change the
   * table in a read-write transaction, and is not subject to its row-level security.
   */
  public boolean ownsTables() {
    return plugin.ownsTables(id, config);
  }

  /** Returns whether the connection is open and the server responds. Takes a round trip. */
  public boolean isConnected() {
    return plugin.isConnected(id);
  }

  /**
   * Returns a connection that uses this timeout instead of the configured one.
   *
   * @param timeout the timeout, 1 ms to 1 hour
   */
  public PostgresConnection withTimeout(Duration timeout) {
    return new PostgresConnection(plugin, id, config, timeout.toMillis(), transactionId);
  }

  /**
   * Returns an instance that runs statements and {@link #ping} in the given transaction. The
   * instance rejects {@link #transaction} and {@link #beginTransaction}. Its {@link #call} method
   * also rejects the operation {@code getStats}.
   *
   * @param transaction the id returned by {@link #beginTransaction}
   */
  public PostgresConnection inTransaction(String transaction) {
    Objects.requireNonNull(transaction, "transaction");
    return new PostgresConnection(plugin, id, config, timeoutMillis, transaction);
  }

  /** Runs a query, and returns its rows, up to the permissions' limit. */
  public QueryResult query(String sql, @Nullable Object... params) {
    return result(sql("query", SqlStatement.of(sql, params)));
  }

  /** Runs a query, and returns its first row. */
  public Optional<ObjectNode> queryOne(String sql, @Nullable Object... params) {
    return row(sql("queryOne", SqlStatement.of(sql, params)));
  }

  /** Runs a query, and returns the first value of its first row; JSON null if there is none. */
  public JsonNode queryValue(String sql, @Nullable Object... params) {
    return sql("queryValue", SqlStatement.of(sql, params));
  }

  /** Runs any statement. */
  public QueryResult execute(String sql, @Nullable Object... params) {
    return result(sql("execute", SqlStatement.of(sql, params)));
  }

  /** Runs the statements in a single transaction, and returns the result of each statement. */
  public List<QueryResult> transaction(Isolation isolation, SqlStatement... statements) {
    ObjectNode parameters = Json.object().put("isolationLevel", isolation.name());
    ArrayNode operations = parameters.putArray("operations");
    for (SqlStatement statement : statements) {
      operations.add(parameters(statement));
    }
    JsonNode results = call("transaction", parameters).get("results");
    return Json.elements(results).map(PostgresConnection::result).toList();
  }

  /**
   * Begins a transaction. The transaction holds a connection of the pool until it is committed or
   * rolled back, or its {@link PluginContext#transactionLease()} expires.
   *
   * @return the id of the transaction, for {@link #inTransaction}, {@link #commit} and {@link
   *     #rollback}
   */
  public String beginTransaction(Isolation isolation) {
    ObjectNode parameters = Json.object().put("isolationLevel", isolation.name());
    return call("beginTransaction", parameters).get("transactionId").textValue();
  }

  /**
   * Commits a transaction, or throws if the server rolled it back instead. On a read-only
   * connection, this method rolls back the transaction.
   */
  public void commit(String transaction) {
    var unused = call("commit", Json.object().put("transactionId", transaction));
  }

  /** Rolls back a transaction. */
  public void rollback(String transaction) {
    var unused = call("rollback", Json.object().put("transactionId", transaction));
  }

  /** Inserts a row, and returns it as stored. */
  public ObjectNode insert(String table, Map<String, ?> data) {
    return (ObjectNode) call("insert", of(table).set("data", Json.of(data)));
  }

  /** Updates the rows that match a non-empty condition, and returns their number. */
  public long update(String table, Map<String, ?> data, Map<String, ?> where) {
    ObjectNode parameters = of(table).set("data", Json.of(data));
    return rowCount("update", parameters.set("where", Json.of(where)));
  }

  /** Updates all rows of a table, and returns their number. */
  public long updateAll(String table, Map<String, ?> data) {
    ObjectNode parameters = of(table).set("data", Json.of(data));
    return rowCount("update", parameters.put("all", true));
  }

  /** Deletes the rows that match a non-empty condition, and returns their number. */
  public long delete(String table, Map<String, ?> where) {
    return rowCount("delete", of(table).set("where", Json.of(where)));
  }

  /** Deletes all rows of a table, and returns their number. */
  public long deleteAll(String table) {
    return rowCount("delete", of(table).put("all", true));
  }

  /** Finds the rows that match a condition, in any order. An empty condition matches all rows. */
  public QueryResult find(String table, Map<String, ?> where) {
    return find(table, where, FindOptions.all());
  }

  /** Finds the rows that match a condition, with options. An empty condition matches all rows. */
  public QueryResult find(String table, Map<String, ?> where, FindOptions options) {
    ObjectNode parameters = of(table).set("where", Json.of(where));
    options.addTo(parameters);
    return result(call("find", parameters));
  }

  /** Finds the first row that matches a condition. */
  public Optional<ObjectNode> findOne(String table, Map<String, ?> where) {
    return row(call("findOne", of(table).set("where", Json.of(where))));
  }

  /** Counts the rows that match a condition. An empty condition matches all rows. */
  public long count(String table, Map<String, ?> where) {
    return call("count", of(table).set("where", Json.of(where))).get("count").longValue();
  }

  /**
   * Inserts all records as rows, and returns their number. If one of the rows already exists,
   * inserts nothing and throws.
   *
   * @param records at least one record; all must have the same columns
   */
  public long batchInsert(String table, List<? extends Map<String, ?>> records) {
    return rowCount("batchInsert", of(table).set("records", Json.of(records)));
  }

  /**
   * Inserts records as rows, in one transaction. Handles records that already exist as specified by
   * {@code conflict}.
   *
   * @param records at least one record; all must have the same columns
   * @param conflict the way in which records that already exist are handled
   * @param columns the columns of a unique index that identify a row; none for the primary key
   */
  public BatchResult batchInsert(
      String table,
      List<? extends Map<String, ?>> records,
      OnConflict conflict,
      String... columns) {
    ObjectNode parameters = of(table).set("records", Json.of(records));
    parameters.put("conflictStrategy", Texts.camelCase(conflict));
    if (columns.length > 0) {
      parameters.set("conflictColumns", Json.of(columns));
    }
    return BATCH_RESULT.apply(call("batchInsert", parameters));
  }

  /** Creates a table. The plugin's guide describes the schema. */
  public void createTable(String table, JsonNode schema) {
    var unused = call("createTable", of(table).set("schema", schema));
  }

  /** Makes either all alterations to a table or, if one of them fails, none. */
  public void alterTable(String table, JsonNode alterations) {
    var unused = call("alterTable", of(table).set("alterations", alterations));
  }

  /** Drops a table. Fails if other objects depend on it. */
  public void dropTable(String table) {
    var unused = call("dropTable", of(table));
  }

  /** Returns the tables and views that the role can use. */
  public List<String> listTables() {
    return Json.elements(call("listTables", Json.object())).map(JsonNode::textValue).toList();
  }

  /** Returns the columns, constraints, indexes and comments of a table. */
  public ObjectNode describeTable(String table) {
    return (ObjectNode) call("describeTable", of(table));
  }

  /**
   * Returns whether the server responds. Takes a round trip.
   *
   * @throws PostgresException if no request was sent to the server, because the call or the
   *     configuration is invalid or not allowed, or because the transaction has failed or ended
   */
  public boolean ping() {
    try {
      return call("ping", Json.object()).get("alive").booleanValue();
    } catch (PostgresException e) {
      if (NOT_ASKED.contains(e.code())) {
        throw e;
      }
      return false;
    }
  }

  /** Returns the statistics of the connection. Takes no round trip. */
  public ConnectionStats getStats() {
    return Objects.requireNonNull(
        plugin.stats().getOrDefault(id, new ConnectionStats(0, 0, 0, 0, 0, 0, 0, 0, 0)));
  }

  /**
   * Runs any operation.
   *
   * @param operation one of {@link PostgresPlugin#operations()}
   * @param parameters the parameters, according to the operation's schema
   * @return the result, according to the operation's schema
   */
  public JsonNode call(String operation, JsonNode parameters) {
    if (!(parameters instanceof ObjectNode given)) {
      throw Failures.badRequest("parameters must be an object.");
    }
    ObjectNode all = Json.object();
    all.setAll(given);
    if (timeoutMillis != null && !operation.equals("getStats")) {
      all.put("timeout", timeoutMillis);
    }
    if (transactionId != null && !all.has("transactionId")) {
      all.put("transactionId", transactionId);
    }
    return plugin.call(id, config, operation, all);
  }

  private JsonNode sql(String operation, SqlStatement statement) {
    return call(operation, parameters(statement));
  }

  private static ObjectNode parameters(SqlStatement statement) {
    ObjectNode parameters = Json.object().put("sql", statement.sql());
    parameters.putArray("params").addAll(statement.params());
    return parameters;
  }

  private static ObjectNode of(String table) {
    return Json.object().put("table", table);
  }

  private long rowCount(String operation, ObjectNode parameters) {
    return call(operation, parameters).get("rowCount").longValue();
  }

  private static QueryResult result(JsonNode json) {
    return new QueryResult(
        Json.elements(json.get("rows")).map(ObjectNode.class::cast).toList(),
        json.get("rowCount").longValue(),
        json.get("truncated").booleanValue());
  }

  private static Optional<ObjectNode> row(JsonNode json) {
    return json.isNull() ? Optional.empty() : Optional.of((ObjectNode) json);
  }
}
