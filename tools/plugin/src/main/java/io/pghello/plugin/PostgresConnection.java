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
 * The operations of {@link PostgresPlugin#execute} on one connection, with types. All of them throw
 * {@link PostgresException}, are checked by the connection's permissions, and open the connection
 * again if it was closed.
 *
 * <p>An operation takes one round trip; on a read-only connection two, as a read-only transaction
 * is rolled back after it, and so does a change that returns rows, for its commit. The fifth run of
 * a query takes one more. Values are what {@link SqlStatement#of} takes. Conditions are values by
 * column, or operators by column, as in {@code Map.of("age", Map.of("gte", 18))}.
 *
 * <p>Immutable and thread-safe.
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

  /** Action of a batch on a record whose row is there already. */
  public enum OnConflict {
    /** The table keeps its row. */
    IGNORE,
    /** The row gets the record's values; of records with the same key, the last one's. */
    UPDATE
  }

  /**
   * Result of a batch.
   *
   * @param rowCount how many rows were inserted or updated
   * @param ignored how many records were there already, and changed nothing
   * @param duplicates how many records were left out for later ones with the same key
   */
  public record BatchResult(long rowCount, long ignored, long duplicates) {}

  /** Returns the id. */
  public String id() {
    return id;
  }

  /** Opens the connection, unless it is open. */
  public void connect() {
    plugin.open(id, config);
  }

  /** Closes the connection; see {@link PostgresPlugin#disconnect}. */
  public void disconnect() {
    plugin.disconnect(id);
  }

  /**
   * Returns whether its role, or one that it can become, owned tables or views when the connection
   * was opened, which it opens if need be. Its owner may change a table in a transaction that
   * writes, and row security does not bound it.
   */
  public boolean ownsTables() {
    return plugin.ownsTables(id, config);
  }

  /** Returns whether it is open and the server answers, in a round trip. */
  public boolean isConnected() {
    return plugin.isConnected(id);
  }

  /** Returns this with another time-out than the configuration's, 1 ms to an hour. */
  public PostgresConnection withTimeout(Duration timeout) {
    return new PostgresConnection(plugin, id, config, timeout.toMillis(), transactionId);
  }

  /**
   * Returns this for statements of a transaction, and for {@link #ping}. It begins no other: {@link
   * #transaction}, {@link #beginTransaction} and, by {@link #call}, {@code getStats} are refused.
   *
   * @param transaction what {@link #beginTransaction} returned
   */
  public PostgresConnection in(String transaction) {
    Objects.requireNonNull(transaction, "transaction");
    return new PostgresConnection(plugin, id, config, timeoutMillis, transaction);
  }

  /** Runs a query, and returns its rows, as many as the permissions allow. */
  public QueryResult query(String sql, @Nullable Object... params) {
    return result(sql("query", SqlStatement.of(sql, params)));
  }

  /** Runs a query, and returns its first row. */
  public Optional<ObjectNode> queryOne(String sql, @Nullable Object... params) {
    return row(sql("queryOne", SqlStatement.of(sql, params)));
  }

  /** Runs a query, and returns the first value of its first row; JSON's null if there is none. */
  public JsonNode queryValue(String sql, @Nullable Object... params) {
    return sql("queryValue", SqlStatement.of(sql, params));
  }

  /** Runs any statement. */
  public QueryResult execute(String sql, @Nullable Object... params) {
    return result(sql("execute", SqlStatement.of(sql, params)));
  }

  /** Runs statements in one transaction, all or none, and returns what each did. */
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
   * Begins a transaction, which keeps a connection of the pool until it is committed, rolled back,
   * or {@link PluginContext#transactionLease()} is over.
   *
   * @return its id, for {@link #in}, {@link #commit} and {@link #rollback}
   */
  public String beginTransaction(Isolation isolation) {
    ObjectNode parameters = Json.object().put("isolationLevel", isolation.name());
    return call("beginTransaction", parameters).get("transactionId").textValue();
  }

  /**
   * Commits a transaction; throws if it was rolled back instead. On a connection that only reads,
   * it ends with a rollback.
   */
  public void commit(String transaction) {
    var unused = call("commit", Json.object().put("transactionId", transaction));
  }

  /** Rolls a transaction back. */
  public void rollback(String transaction) {
    var unused = call("rollback", Json.object().put("transactionId", transaction));
  }

  /** Inserts a row, and returns it as the table has it. */
  public ObjectNode insert(String table, Map<String, ?> data) {
    return (ObjectNode) call("insert", of(table).set("data", Json.of(data)));
  }

  /** Updates the rows of a condition that is not empty, and returns how many they were. */
  public long update(String table, Map<String, ?> data, Map<String, ?> where) {
    ObjectNode parameters = of(table).set("data", Json.of(data));
    return rowCount("update", parameters.set("where", Json.of(where)));
  }

  /** Updates all rows of a table, and returns how many they were. */
  public long updateAll(String table, Map<String, ?> data) {
    ObjectNode parameters = of(table).set("data", Json.of(data));
    return rowCount("update", parameters.put("all", true));
  }

  /** Deletes the rows of a condition that is not empty, and returns how many they were. */
  public long delete(String table, Map<String, ?> where) {
    return rowCount("delete", of(table).set("where", Json.of(where)));
  }

  /** Deletes all rows of a table, and returns how many they were. */
  public long deleteAll(String table) {
    return rowCount("delete", of(table).put("all", true));
  }

  /** Finds the rows of a condition, all if it is empty, in any order. */
  public QueryResult find(String table, Map<String, ?> where) {
    return find(table, where, FindOptions.all());
  }

  /** Finds the rows of a condition, all if it is empty, as options say. */
  public QueryResult find(String table, Map<String, ?> where, FindOptions options) {
    ObjectNode parameters = of(table).set("where", Json.of(where));
    options.addTo(parameters);
    return result(call("find", parameters));
  }

  /** Finds the first row of a condition. */
  public Optional<ObjectNode> findOne(String table, Map<String, ?> where) {
    return row(call("findOne", of(table).set("where", Json.of(where))));
  }

  /** Counts the rows of a condition, all if it is empty. */
  public long count(String table, Map<String, ?> where) {
    return call("count", of(table).set("where", Json.of(where))).get("count").longValue();
  }

  /**
   * Inserts rows, all or none, and returns how many. A record that is there already is an error.
   *
   * @param records at least one, all with the same columns
   */
  public long batchInsert(String table, List<? extends Map<String, ?>> records) {
    return rowCount("batchInsert", of(table).set("records", Json.of(records)));
  }

  /**
   * Inserts rows, all or none, but for those that are there already.
   *
   * @param records at least one, all with the same columns
   * @param columns what says which row it is, with a unique index; none for the primary key
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

  /** Creates a table of a schema, as the guide's page describes it. */
  public void createTable(String table, JsonNode schema) {
    var unused = call("createTable", of(table).set("schema", schema));
  }

  /** Alters a table, all alterations or none. */
  public void alterTable(String table, JsonNode alterations) {
    var unused = call("alterTable", of(table).set("alterations", alterations));
  }

  /** Drops a table; what depends on it prevents that. */
  public void dropTable(String table) {
    var unused = call("dropTable", of(table));
  }

  /** Returns the tables and views that the role may use. */
  public List<String> listTables() {
    return Json.elements(call("listTables", Json.object())).map(JsonNode::textValue).toList();
  }

  /** Describes a table: columns, constraints, indexes, comments. */
  public ObjectNode describeTable(String table) {
    return (ObjectNode) call("describeTable", of(table));
  }

  /**
   * Returns whether the server answers, in a round trip.
   *
   * @throws PostgresException if nobody asks it, as the call or the configuration is wrong, not
   *     allowed, or of a transaction that has failed or is gone
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

  /** Returns what the connection has and did, without a round trip. */
  public ConnectionStats getStats() {
    return Objects.requireNonNull(
        plugin.stats().getOrDefault(id, new ConnectionStats(0, 0, 0, 0, 0, 0, 0, 0, 0)));
  }

  /**
   * Does any operation.
   *
   * @param operation one of {@link PostgresPlugin#operations()}
   * @param parameters as its schema says
   * @return what its schema says
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
