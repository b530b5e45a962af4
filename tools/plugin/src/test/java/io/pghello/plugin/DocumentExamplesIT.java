// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.config;
import static io.pghello.plugin.Plugins.json;
import static io.pghello.plugin.Plugins.plugin;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.plugin.PostgresConnection.BatchResult;
import io.pghello.plugin.PostgresConnection.OnConflict;
import io.pghello.testkit.PgHelloTest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Examples that users of similar plugins know, called through {@code execute} with the same
 * parameters.
 */
@PgHelloTest(create = false)
class DocumentExamplesIT {
  private final PostgresPlugin pluginManager = plugin(Permissions.all());
  private ObjectNode config = Plugins.JSON.createObjectNode();

  @BeforeEach
  void createTables(TestDatabase database, DataSource source) {
    config = config(database);
    Plugins.run(
        source,
        "create table users (id int primary key, username text, email text, age int, status text,"
            + " created_at timestamptz default now())",
        "insert into users values (123, 'ada', 'ada@example.org', 36, 'active'),"
            + " (7, 'bob', 'bob@example.org', 17, 'active')",
        "create table user_events (user_id int, event_type text, timestamp timestamptz)",
        "create table inventory (product_id text primary key, quantity int check (quantity >= 0))",
        "insert into inventory values ('prod-001', 8)",
        "create table orders (id serial, product_id text, quantity int, user_id text)",
        "create table accounts (id int primary key, balance numeric(10,2))",
        "insert into accounts values (1, 500), (2, 0)");
  }

  @AfterEach
  void close() {
    pluginManager.close();
  }

  private ObjectNode execute(String operation, JsonNode parameters) {
    return pluginManager.execute("user-123:production-db", config, operation, parameters);
  }

  private JsonNode succeed(String operation, JsonNode parameters) {
    ObjectNode answer = execute(operation, parameters);
    assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
    assertThat(answer.get("durationMillis").doubleValue()).isPositive();
    return answer.get("data");
  }

  @Test
  void beginsWithAPlugin() {
    // region create
    PluginContext context =
        PluginContext.defaults().withPermissions(Permissions.read().withSql(true));
    PostgresPlugin plugin = PostgresPlugin.initialize(context);
    PostgresConnection connection = plugin.connect("user-123:production-db", config);
    QueryResult users = connection.query("SELECT * FROM users WHERE id = $1", 123);
    // call once, at shutdown
    plugin.close();
    // endregion
    assertThat(users.rows().get(0).get("username").textValue()).isEqualTo("ada");
  }

  @Test
  void findsInOrder() {
    // region find
    PostgresPlugin plugin = PostgresPlugin.initialize(PluginContext.defaults());
    ObjectNode answer =
        plugin.execute(
            "user-123:production-db",
            config,
            "find",
            json(
                """
                {
                  'table': 'users',
                  'where': {'status': 'active', 'age': {'gte': 16}},
                  'fields': ['username', 'age'],
                  'orderBy': ['status', {'column': 'age', 'desc': true}],
                  'limit': 10
                }
                """));
    // endregion
    try (plugin) {
      assertThat(answer.at("/data/rows").toString())
          .isEqualTo("[{\"username\":\"ada\",\"age\":36},{\"username\":\"bob\",\"age\":17}]");
    }
  }

  @Test
  void findsWithTypes() {
    // region findTyped
    PostgresPlugin plugin = PostgresPlugin.initialize(PluginContext.defaults());
    PostgresConnection connection = plugin.connect("user-123:production-db", config);
    QueryResult found =
        connection.find(
            "users",
            Map.of("status", "active", "age", Map.of("gte", 16)),
            FindOptions.all()
                .fields("username", "age")
                .orderBy("status")
                .orderByDesc("age")
                .limit(10));
    // endregion
    try (plugin) {
      assertThat(found.rows().toString())
          .isEqualTo("[{\"username\":\"ada\",\"age\":36}, {\"username\":\"bob\",\"age\":17}]");
      FindOptions options = FindOptions.all().orderBy("id");
      assertThat(connection.find("users", Map.of(), options.limit(1)).rows())
          .extracting(row -> row.get("id").intValue())
          .containsExactly(7);
      assertThat(connection.find("users", Map.of(), options.offset(1)).rows())
          .extracting(row -> row.get("id").intValue())
          .containsExactly(123);
      assertThat(connection.find("users", Map.of(), FindOptions.all().limit(0)).rows()).isEmpty();
    }
  }

  @Test
  void changesWithTypes() {
    // region change
    PluginContext context = PluginContext.defaults().withPermissions(Permissions.write());
    PostgresPlugin plugin = PostgresPlugin.initialize(context);
    PostgresConnection connection = plugin.connect("user-123:production-db", config);
    List<Map<String, Object>> records =
        List.of(Map.of("id", 7, "age", 18), Map.of("id", 8, "age", 40));
    BatchResult batch = connection.batchInsert("users", records, OnConflict.UPDATE, "id");
    long updated = connection.update("users", Map.of("status", "new"), Map.of("id", 8));
    long deleted = connection.delete("users", Map.of("age", Map.of("lt", 18)));
    long all = connection.updateAll("users", Map.of("status", "active"));
    // endregion
    try (plugin) {
      assertThat(batch).isEqualTo(new BatchResult(2, 0, 0));
      assertThat(updated).isEqualTo(1);
      assertThat(deleted).isZero();
      assertThat(all).isEqualTo(3);
      assertThat(connection.find("users", Map.of("id", 7)).rows().get(0).get("age").intValue())
          .isEqualTo(18);
      assertThat(connection.batchInsert("users", records, OnConflict.IGNORE))
          .isEqualTo(new BatchResult(0, 2, 0));
      assertThat(connection.deleteAll("users")).isEqualTo(3);
      assertThat(connection.deleteAll("users")).isZero();
    }
  }

  @Test
  void rejectsUnorderedOrderBy() {
    JsonNode unordered = json("{'table': 'users', 'orderBy': {'status': 'asc', 'age': 'desc'}}");
    ObjectNode refused = execute("find", unordered);
    assertThat(refused.at("/error/code").textValue()).isEqualTo("POSTGRES_BAD_REQUEST");
    assertThat(refused.at("/error/message").textValue()).contains("JSON objects are unordered");
    for (String wrong :
        new String[] {"[1]", "[{}]", "[{'column': 'age', 'desc': 'yes'}]", "'age'"}) {
      assertThat(
              execute("find", json("{'table': 'users', 'orderBy': " + wrong + "}"))
                  .at("/error/code")
                  .textValue())
          .as(wrong)
          .isEqualTo("POSTGRES_BAD_REQUEST");
    }
  }

  @Test
  void createsATableThatReferencesAnother() {
    // region createTable
    PluginContext context = PluginContext.defaults().withPermissions(Permissions.all());
    PostgresPlugin plugin = PostgresPlugin.initialize(context);
    ObjectNode created =
        plugin.execute(
            "user-123:production-db",
            config,
            "createTable",
            json(
                """
                {
                  'table': 'notes',
                  'schema': {
                    'columns': [
                      {'name': 'id', 'type': 'bigserial', 'primaryKey': true},
                      {'name': 'user_id', 'type': 'int', 'references': {'table': 'users', 'column': 'id'}},
                      {'name': 'written', 'type': 'timestamptz', 'default': {'fn': 'now'}}
                    ]
                  }
                }
                """));
    // endregion
    plugin.close();
    assertThat(created.get("success").booleanValue()).as(created.toString()).isTrue();
    assertThat(
            execute("insert", json("{'table': 'notes', 'data': {'user_id': 999}}"))
                .at("/error/code")
                .textValue())
        .isEqualTo("POSTGRES_CONSTRAINT_VIOLATED");
  }

  @Test
  void queriesWithAParameter() {
    // region query
    ObjectNode result =
        pluginManager.execute(
            "user-123:production-db",
            config,
            "query",
            json(
                """
                {
                  'sql': 'SELECT * FROM users WHERE id = $1',
                  'params': [123],
                  'timeout': 5000
                }
                """));
    // endregion
    assertThat(result.at("/data/rows/0/username").textValue()).isEqualTo("ada");
    assertThat(result.at("/data/rowCount").intValue()).isEqualTo(1);
    assertThat(result.at("/data/truncated").booleanValue()).isFalse();
  }

  @Test
  void runsATransaction() {
    // region transaction
    PluginContext context = PluginContext.defaults().withPermissions(Permissions.all());
    PostgresPlugin plugin = PostgresPlugin.initialize(context);
    JsonNode transaction =
        json(
            """
            {
              'operations': [
                {
                  'sql': 'UPDATE inventory SET quantity = quantity - $1 WHERE product_id = $2',
                  'params': [5, 'prod-001']
                },
                {
                  'sql': 'INSERT INTO orders (product_id, quantity, user_id) VALUES ($1, $2, $3)',
                  'params': ['prod-001', 5, 'user-123']
                }
              ],
              'isolationLevel': 'READ_COMMITTED'
            }
            """);
    ObjectNode done = plugin.execute("user-123:production-db", config, "transaction", transaction);
    // endregion
    plugin.close();
    assertThat(done.at("/data/results/0/rowCount").intValue()).isEqualTo(1);
    assertThat(done.at("/data/results/1/rowCount").intValue()).isEqualTo(1);
    ObjectNode second = execute("transaction", transaction);
    assertThat(second.at("/error/code").textValue()).isEqualTo("POSTGRES_CONSTRAINT_VIOLATED");
    assertThat(second.at("/error/details/constraint").textValue())
        .isEqualTo("inventory_quantity_check");
    assertThat(succeed("findOne", json("{'table': 'inventory'}")).get("quantity").intValue())
        .isEqualTo(3);
    assertThat(succeed("count", json("{'table': 'orders'}")).get("count").intValue()).isEqualTo(1);
  }

  @Test
  void movesMoney() {
    succeed(
        "transaction",
        json(
            """
            {'operations': [
              {'sql': 'UPDATE accounts SET balance = balance - $1 WHERE id = $2', 'params': [100, 1]},
              {'sql': 'UPDATE accounts SET balance = balance + $1 WHERE id = $2', 'params': [100, 2]}
            ]}
            """));
    assertThat(succeed("query", json("{'sql': 'select balance from accounts order by id'}")))
        .hasToString(
            "{\"rows\":[{\"balance\":400.00},{\"balance\":100.00}],\"rowCount\":2,\"truncated\":false}");
  }

  @Test
  void insertsABatch() {
    ArrayNode records = Plugins.JSON.createArrayNode();
    records
        .addObject()
        .put("user_id", 1)
        .put("event_type", "login")
        .put("timestamp", Instant.now().toString());
    records
        .addObject()
        .put("user_id", 2)
        .put("event_type", "purchase")
        .put("timestamp", Instant.now().toString());
    records
        .addObject()
        .put("user_id", 3)
        .put("event_type", "logout")
        .put("timestamp", Instant.now().toString());
    ObjectNode parameters =
        Plugins.JSON
            .createObjectNode()
            .put("table", "user_events")
            .put("conflictStrategy", "ignore");
    parameters.set("records", records);
    assertThat(succeed("batchInsert", parameters))
        .hasToString("{\"rowCount\":3,\"ignored\":0,\"duplicates\":0}");
  }

  @Test
  void queriesAnalytics() {
    Plugins.run(
        pluginSource(),
        "insert into user_events select 123, case when g % 2 = 0 then 'login' else 'buy' end, now()"
            + " from generate_series(1, 10) g");
    ObjectNode parameters =
        Plugins.sql(
            """

                  WITH user_stats AS (
                    SELECT\s
                      user_id,
                      COUNT(*) as total_events,
                      COUNT(DISTINCT event_type) as unique_events,
                      MAX(timestamp) as last_event
                    FROM user_events\s
                    WHERE timestamp >= $1
                    GROUP BY user_id
                  )
                  SELECT\s
                    u.id,
                    u.username,
                    u.email,
                    COALESCE(us.total_events, 0) as total_events,
                    COALESCE(us.unique_events, 0) as unique_events,
                    us.last_event
                  FROM users u
                  LEFT JOIN user_stats us ON u.id = us.user_id
                  WHERE u.created_at >= $2
                  ORDER BY us.total_events DESC
                  LIMIT $3 OFFSET $4
            """,
            Instant.now().minus(Duration.ofDays(30)).toString(),
            Instant.now().minus(Duration.ofDays(90)).toString(),
            100,
            0);
    JsonNode rows = succeed("query", parameters.put("timeout", 30_000)).get("rows");
    assertThat(rows).hasSize(2);
    assertThat(rows.at("/0/total_events").intValue() + rows.at("/1/total_events").intValue())
        .isEqualTo(10);
  }

  private DataSource pluginSource() {
    var source = new org.postgresql.ds.PGSimpleDataSource();
    source.setServerNames(new String[] {config.get("host").textValue()});
    source.setPortNumbers(new int[] {config.get("port").intValue()});
    source.setDatabaseName(config.get("database").textValue());
    source.setUser(config.get("user").textValue());
    source.setPassword(config.get("password").textValue());
    return source;
  }

  @Test
  void migrates() {
    ObjectNode parameters = Plugins.JSON.createObjectNode();
    ArrayNode operations = parameters.putArray("operations");
    operations
        .addObject()
        .put(
            "sql",
            """

                      CREATE TABLE IF NOT EXISTS user_preferences (
                        id SERIAL PRIMARY KEY,
                        user_id INTEGER NOT NULL REFERENCES users(id),
                        theme VARCHAR(50) DEFAULT 'light',
                        notifications_enabled BOOLEAN DEFAULT true,
                        created_at TIMESTAMP DEFAULT NOW(),
                        updated_at TIMESTAMP DEFAULT NOW()
                      )
            """);
    operations
        .addObject()
        .put(
            "sql",
            """

                      CREATE INDEX IF NOT EXISTS idx_user_preferences_user_id\s
                      ON user_preferences(user_id)
            """);
    succeed("transaction", parameters);
    succeed("transaction", parameters);
    JsonNode table = succeed("describeTable", json("{'table': 'user_preferences'}"));
    assertThat(table.get("columns")).hasSize(6);
    assertThat(table.at("/columns/2/default").textValue()).isEqualTo("'light'::character varying");
    assertThat(table.get("indexes").toString()).contains("idx_user_preferences_user_id");
  }

  @Test
  void runsTheUnitTestOfTheDocument() {
    try (PostgresPlugin plugin =
        PostgresPlugin.initialize(
            PluginContext.defaults().withConfig(config).withPermissions(Permissions.all()))) {
      // region unit
      PostgresConnection connection = plugin.connect();
      QueryResult result = connection.query("SELECT 1 as test");
      assertThat(result.rows().get(0).get("test").intValue()).isEqualTo(1);
      // endregion
      assertThat(connection.isConnected()).isTrue();
      assertThat(
              connection
                  .query("SELECT * FROM users WHERE age > $1 AND status = $2", 18, "active")
                  .rows())
          .hasSize(1);
      plugin.closeAllConnections();
      assertThat(plugin.isConnected(PluginContext.DEFAULT_ID)).isFalse();
    }
  }

  @Test
  void returnsErrorsAsDocumented() {
    config.put("port", 1);
    ObjectNode answer = execute("query", json("{'sql': 'select 1'}"));
    assertThat(answer.get("success").booleanValue()).isFalse();
    ObjectNode error = (ObjectNode) answer.get("error");
    assertThat(error.get("code").textValue()).isEqualTo("POSTGRES_CONNECTION_FAILED");
    assertThat(error.get("message").textValue())
        .isEqualTo("Could not connect to PostgreSQL database");
    assertThat(error.at("/details/port").intValue()).isEqualTo(1);
    assertThat(error.get("details").has("originalError")).isFalse();
    assertThat(Instant.parse(error.get("timestamp").textValue())).isBeforeOrEqualTo(Instant.now());
  }
}
