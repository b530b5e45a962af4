// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.config;
import static io.pghello.plugin.Plugins.json;
import static io.pghello.plugin.Plugins.plugin;
import static io.pghello.plugin.Plugins.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Provokes each error of the troubleshooting table, and others, and checks the code and the remedy.
 */
@PgHelloTest(create = false)
class TroubleshootingIT {
  private final PostgresPlugin plugin = plugin(Permissions.all());

  @AfterEach
  void close() {
    plugin.close();
  }

  private JsonNode error(JsonNode config, String operation, @Nullable JsonNode parameters) {
    ObjectNode answer = plugin.execute(Plugins.ID, config, operation, parameters);
    assertThat(answer.get("success").booleanValue()).as(answer.toString()).isFalse();
    assertThat(answer.toString())
        .doesNotContain("authentication failed", "secret", "FATAL", "ERROR");
    return answer.get("error");
  }

  private static void expect(JsonNode error, String code, String reason, String remedy) {
    assertThat(error.get("code").textValue()).isEqualTo("POSTGRES_" + code);
    assertThat(error.at("/details/reason").asText("")).isEqualTo(reason);
    assertThat(error.at("/details/remedy").textValue()).contains(remedy);
  }

  @Test
  void connectionRefused(TestDatabase database) {
    JsonNode error = error(config(database).put("port", 1), "ping", null);
    expect(error, "CONNECTION_FAILED", "refused", "Check host and port, the firewall");
  }

  @Test
  void unknownHost(TestDatabase database) {
    JsonNode error = error(config(database).put("host", "no.such.host.invalid"), "ping", null);
    expect(error, "CONNECTION_FAILED", "unknownHost", "Check host");
  }

  @Test
  void unknownDatabase(TestDatabase database) {
    JsonNode error = error(config(database).put("database", "nope"), "ping", null);
    expect(error, "CONNECTION_FAILED", "noDatabase", "name of the database");
  }

  @Test
  void authenticationFailed(TestDatabase database) {
    ObjectNode config = config(database).put("password", "secret");
    expect(error(config, "ping", null), "AUTH_FAILED", "credentials", "user and password");
    config.remove("password");
    expect(error(config, "ping", null), "AUTH_FAILED", "credentials", "user and password");
  }

  /**
   * Cancels a call during a single statement, in a transaction by id, and before the call has
   * begun.
   */
  @Test
  void cancelsCall(TestDatabase database, DataSource source) throws Exception {
    ObjectNode config = config(database);
    String id =
        plugin
            .execute(Plugins.ID, config, "beginTransaction", null)
            .at("/data/transactionId")
            .textValue();
    ObjectNode alone = sql("select pg_sleep(600)").put("timeout", 30_000);
    ObjectNode within = alone.deepCopy().put("transactionId", id);
    for (ObjectNode slow : List.of(alone, within)) {
      var cancellation = new CompletableFuture<Void>();
      CompletableFuture<ObjectNode> answer =
          CompletableFuture.supplyAsync(() -> answer(config, slow, cancellation));
      Waits.until(() -> sleeping(source) == 1);
      cancellation.complete(null);
      assertThat(answer.get(1, TimeUnit.MINUTES).at("/error/code").textValue())
          .isEqualTo("POSTGRES_QUERY_TIMEOUT");
      assertThat(sleeping(source)).isZero();
    }
    CompletableFuture<Void> before = CompletableFuture.completedFuture(null);
    assertThat(answer(config, alone, before).at("/error/code").textValue())
        .isEqualTo("POSTGRES_QUERY_TIMEOUT");
    assertThat(plugin.execute(Plugins.ID, config, "ping", null).get("success").booleanValue())
        .isTrue();
  }

  private ObjectNode answer(JsonNode config, JsonNode query, CompletableFuture<Void> cancellation) {
    var answers = new ArrayList<ObjectNode>();
    plugin.execute(Plugins.ID, config, "query", query, cancellation, answers::add);
    assertThat(answers).hasSize(1);
    return answers.get(0);
  }

  /**
   * After an error, returning the connection takes a round trip. The response does not wait for it.
   */
  @Test
  void respondsBeforeReturningTheConnection(TestDatabase database, WireProxy proxy)
      throws Exception {
    ObjectNode config = config(database, proxy).put("max", 1);
    try (PostgresPlugin reader = plugin(Permissions.read().withSql(true))) {
      PostgresConnection connection = reader.connect("r", config);
      assertThat(connection.ping()).isTrue();
      for (String query : List.of("select 7 as a", "select nope")) {
        proxy.assertRoundTrips(
            query.contains("7") ? 1 : 2,
            () -> {
              long before = proxy.roundTrips();
              reader.execute(
                  "r",
                  config,
                  "query",
                  sql(query),
                  null,
                  answer -> {
                    assertThat(answer.get("success").booleanValue()).isEqualTo(query.contains("7"));
                    assertThat(proxy.roundTrips() - before).isEqualTo(1);
                    assertThat(connection.getStats().idle()).isZero();
                  });
            });
        assertThat(connection.getStats().idle()).isEqualTo(1);
      }
      assertThatIllegalStateException()
          .isThrownBy(
              () ->
                  reader.execute(
                      "r",
                      config,
                      "query",
                      sql("select 7"),
                      null,
                      answer -> {
                        throw new IllegalStateException();
                      }));
      assertThat(connection.getStats().idle()).isEqualTo(1);
      // A retry uses a new connection, but there is only one.
      proxy.resetConnections();
      assertThat(
              reader.execute("r", config, "query", sql("select 7")).get("success").booleanValue())
          .isTrue();
    }
  }

  /**
   * The fault that ended one connection has also ended others, and a retry would borrow one of
   * these from the pool.
   */
  @Test
  void retriesReadOnNewConnection(TestDatabase database, WireProxy proxy) {
    PostgresConnection connection = plugin.connect("two", config(database, proxy));
    String transaction = connection.beginTransaction(Isolation.READ_COMMITTED);
    assertThat(connection.ping()).isTrue();
    connection.rollback(transaction);
    assertThat(connection.getStats().idle()).isEqualTo(2);
    proxy.resetConnections();
    assertThat(connection.ping()).isTrue();
  }

  private static int sleeping(DataSource source) throws SQLException {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "select count(*) from pg_stat_activity where state = 'active' and"
                    + " datname = current_database() and pid <> pg_backend_pid() and"
                    + " query like '%pg_sleep(600)%'")) {
      result.next();
      return result.getInt(1);
    }
  }

  /** Repeated rejected logins would lock the account. */
  @Test
  void suspendsLoginsAfterRejectedPassword(TestDatabase database, WireProxy proxy) {
    ObjectNode config = config(database, proxy).put("password", "secret");
    for (int i = 0; i < 20; i++) {
      expect(error(config, "ping", null), "AUTH_FAILED", "credentials", "user and password");
    }
    assertThat(proxy.connections()).isEqualTo(1);
  }

  /** A pool with an outdated password attempts only one login as well. */
  @Test
  void suspendsLoginsAfterPasswordChange(TestDatabase database, WireProxy proxy) {
    Plugins.run(
        database.superuserDataSource(),
        "create role changing login password 'first'",
        "grant all on database " + database.name() + " to changing");
    ObjectNode config =
        config(database, proxy)
            .put("user", "changing")
            .put("password", "first")
            .put("connectionTimeoutMillis", 1_000);
    try {
      plugin.execute(Plugins.ID, config, "ping", null);
      long before = proxy.connections();
      Plugins.run(
          database.superuserDataSource(),
          "alter role changing password 'second'",
          "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'changing'");
      for (int i = 0; i < 4; i++) {
        error(config, "ping", null);
      }
      expect(error(config, "ping", null), "AUTH_FAILED", "credentials", "user and password");
      assertThat(proxy.connections() - before).isLessThanOrEqualTo(1);
    } finally {
      plugin.close();
      Plugins.run(
          database.superuserDataSource(),
          "revoke all on database " + database.name() + " from changing",
          "drop role changing");
    }
  }

  @Test
  void connectionTimeout(TestDatabase database, WireProxy proxy) {
    proxy.pause();
    JsonNode error =
        error(config(database, proxy).put("connectionTimeoutMillis", 1_000), "ping", null);
    expect(error, "CONNECTION_FAILED", "timeout", "Increase connectionTimeoutMillis");
  }

  @Test
  @Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
  void timesOutIfServerStallsAfterLogin(TestDatabase database) throws Exception {
    ObjectNode config = config(database).put("connectionTimeoutMillis", 1_000);
    try (var server = new StallingServer(config.get("port").intValue(), "IntervalStyle")) {
      JsonNode error = error(config.put("port", server.port()), "ping", null);
      expect(error, "CONNECTION_FAILED", "timeout", "Increase connectionTimeoutMillis");
      assertThat(server.hasStalled()).isTrue();
    }
  }

  /** The password file of the program's user must not be used for its callers. */
  @Test
  void ignoresPasswordFile(TestDatabase database, @TempDir Path folder) throws IOException {
    ObjectNode config = config(database);
    Path file = folder.resolve("passwords");
    Files.writeString(file, "*:*:*:*:" + config.remove("password").textValue());
    System.setProperty("org.postgresql.pgpassfile", file.toString());
    try {
      expect(error(config, "ping", null), "AUTH_FAILED", "credentials", "user and password");
    } finally {
      System.clearProperty("org.postgresql.pgpassfile");
    }
  }

  @Test
  void poolExhausted(TestDatabase database) throws Exception {
    ObjectNode config = config(database).put("max", 1).put("connectionTimeoutMillis", 1_000);
    PostgresConnection connection = plugin.connect(Plugins.ID, config);
    var running =
        CompletableFuture.supplyAsync(
            () -> plugin.execute(Plugins.ID, config, "query", sql("select pg_sleep(600)")));
    Waits.until(() -> connection.getStats().total() - connection.getStats().idle() == 1);
    JsonNode error = error(config, "ping", null);
    expect(error, "POOL_EXHAUSTED", "", "Increase pool.max");
    assertThat(error.at("/details/retryable").booleanValue()).isTrue();
    plugin.disconnect(Plugins.ID);
    assertThat(running.get(60, TimeUnit.SECONDS).get("success").booleanValue()).isFalse();
  }

  @Test
  void queryTimeout(TestDatabase database) {
    ObjectNode slow = sql("select pg_sleep(600)").put("timeout", 300);
    ObjectNode config = config(database).put("max", 1);
    JsonNode error = error(config, "query", slow);
    expect(error, "QUERY_TIMEOUT", "", "increase timeout");
    assertThat(error.at("/details/sqlState").textValue()).isEqualTo("57014");
    for (int i = 0; i < 20; i++) {
      ObjectNode next = plugin.execute(Plugins.ID, config, "queryValue", sql("select 1"));
      assertThat(next.get("data")).hasToString("1");
    }
    ObjectNode several = Plugins.JSON.createObjectNode().put("timeout", 300);
    several
        .putArray("operations")
        .add(sql("select 1"))
        .add(sql("do $$ begin perform pg_sleep(600); end $$"));
    expect(error(config, "transaction", several), "QUERY_TIMEOUT", "", "increase timeout");
  }

  @Test
  void queryTimeoutOfTheConfiguration(TestDatabase database) {
    ObjectNode config = config(database);
    config.putObject("options").put("queryTimeout", 300);
    expect(error(config, "query", sql("select pg_sleep(600)")), "QUERY_TIMEOUT", "", "timeout");
  }

  @Test
  void serverFull(TestDatabase database) {
    Plugins.run(
        database.superuserDataSource(),
        "alter database " + database.name() + " connection limit 0");
    expect(
        error(config(database), "ping", null), "TOO_MANY_CONNECTIONS", "full", "max_connections");
  }

  @Test
  void configurationChanged(TestDatabase database) {
    ObjectNode config = config(database);
    plugin.connect(Plugins.ID, config);
    JsonNode error = error(config.deepCopy().put("max", 3), "ping", null);
    expect(error, "CONFIG_CHANGED", "", "Disconnect it first");
    assertThat(plugin.execute(Plugins.ID, config, "ping", null).get("success").booleanValue())
        .isTrue();
    assertThat(plugin.execute(Plugins.ID, null, "ping", null).get("success").booleanValue())
        .isTrue();
    expect(errorOf("other", null), "NOT_CONNECTED", "", "configuration");
  }

  private JsonNode errorOf(String id, @Nullable JsonNode config) {
    return plugin.execute(id, config, "ping", null).get("error");
  }

  @Test
  void reportsServerErrors(TestDatabase database, DataSource source) {
    Plugins.run(
        source,
        "create table t (a int primary key, b text not null check (b <> 'x'))",
        "insert into t values (1, 'secret')");
    Map<String, List<String>> expected =
        Map.of(
            "insert into t values (1, 'secret')", List.of("CONSTRAINT_VIOLATED", "23505"),
            "insert into t values (2, null)", List.of("CONSTRAINT_VIOLATED", "23502"),
            "insert into t values (2, 'x')", List.of("CONSTRAINT_VIOLATED", "23514"),
            "select * from nope", List.of("BAD_SQL", "42P01"),
            "select nope from t", List.of("BAD_SQL", "42703"),
            "selec 1", List.of("BAD_SQL", "42601"),
            "select 'secret'::int", List.of("BAD_VALUE", "22P02"),
            "select 1/0", List.of("BAD_VALUE", "22012"),
            "create role secret", List.of("NOT_ALLOWED", "42501"),
            "select * from pg_authid", List.of("NOT_ALLOWED", "42501"));
    expected.forEach(
        (statement, codes) -> {
          JsonNode error = error(config(database), "execute", sql(statement));
          assertThat(error.get("code").textValue())
              .as(statement)
              .isEqualTo("POSTGRES_" + codes.get(0));
          assertThat(error.at("/details/sqlState").textValue()).isEqualTo(codes.get(1));
        });
    JsonNode error = error(config(database), "query", sql("select 1 as a,\n nope from t"));
    assertThat(error.at("/details/position").intValue()).isEqualTo(17);
    Map.of(
            "insert into t (a) values (3)\n returning nope", 41,
            "with d as (delete from t where nope = 1) select 1", 32,
            "with d as (delete from t where a = $1) select nope", 47,
            "((with d as (delete from t returning *)\n table nope))", 48)
        .forEach(
            (statement, position) -> {
              ObjectNode call = statement.contains("$1") ? sql(statement, 1) : sql(statement);
              assertThat(
                      error(config(database), "execute", call).at("/details/position").intValue())
                  .as(statement)
                  .isEqualTo(position);
            });
    error =
        error(config(database), "insert", json("{'table': 't', 'data': {'a': 1, 'b': 'secret'}}"));
    assertThat(error.at("/details/constraint").textValue()).isEqualTo("t_pkey");
  }

  @Test
  void namesTheObjectOfMissingPrivileges(TestDatabase database) {
    Plugins.run(
        database.superuserDataSource(),
        "create table orders (id serial, total int)",
        "grant select, insert on orders to public",
        "create schema closed",
        "select lo_create(12345)",
        "create function denied() returns int language sql as 'select 1'",
        "revoke execute on function denied from public");
    JsonNode insert = json("{'table': 'orders', 'data': {'total': 1}}");
    JsonNode error = error(config(database), "insert", insert);
    expect(error, "NOT_ALLOWED", "", "such as the sequence of a column");
    assertThat(error.at("/details/object").textValue()).isEqualTo("sequence orders_id_seq");
    Map.of(
            "select * from pg_authid", "table pg_authid",
            "select * from closed.t", "schema closed",
            "select denied()", "function denied",
            "select nextval('orders_id_seq')", "sequence orders_id_seq",
            "select setval('orders_id_seq', 7)", "sequence orders_id_seq",
            "select lo_get(12345)", "large object 12345",
            "alter table orders add x int", "table orders")
        .forEach(
            (statement, object) ->
                assertThat(
                        error(config(database), "execute", sql(statement))
                            .at("/details/object")
                            .textValue())
                    .as(statement)
                    .isEqualTo(object));
    for (String statement :
        List.of(
            "create role secret",
            "do $$ begin raise insufficient_privilege using message ="
                + " 'permission denied for table secret'; end $$")) {
      error = error(config(database), "execute", sql(statement));
      assertThat(error.at("/details/sqlState").textValue()).isEqualTo("42501");
      assertThat(error.toString()).doesNotContain("secret").doesNotContain("\"object\"");
    }
  }

  @Test
  void limitsOfPools(TestDatabase database) {
    try (PostgresPlugin small =
        PostgresPlugin.initialize(PluginContext.defaults().withLimits(2, 15))) {
      ObjectNode config = config(database).put("max", 5);
      small.connect("one", config);
      small.connect("two", config);
      small.connect("three", config);
      assertThat(small.stats()).containsOnlyKeys("two", "three");
      expect(
          small.execute("four", config.deepCopy().put("max", 16), "ping", null).get("error"),
          "LIMIT_REACHED",
          "",
          "Decrease pool.max");
      assertThat(small.stats()).containsOnlyKeys("two", "three");
      String id = small.connect("two", config).beginTransaction(Isolation.READ_COMMITTED);
      expect(
          small.execute("four", config.deepCopy().put("max", 11), "ping", null).get("error"),
          "LIMIT_REACHED",
          "",
          "Decrease pool.max");
      assertThat(small.stats()).containsOnlyKeys("two", "three");
      assertThat(
              small
                  .execute("four", config.deepCopy().put("max", 10), "ping", null)
                  .get("success")
                  .booleanValue())
          .isTrue();
      assertThat(small.stats()).containsOnlyKeys("two", "four");
      small.connect("two", config).rollback(id);
    }
    try (PostgresPlugin large =
        PostgresPlugin.initialize(PluginContext.defaults().withLimits(50, 10_000))) {
      ObjectNode config = config(database).put("max", 1_000);
      expect(
          large.execute("large", config, "ping", null).get("error"),
          "LIMIT_REACHED",
          "",
          "max_connections");
    }
  }

  @Test
  void closesUnusedPools(TestDatabase database) throws Exception {
    try (PostgresPlugin brief =
        PostgresPlugin.initialize(
            PluginContext.defaults().withPoolIdleTimeout(Duration.ofMillis(200)))) {
      PostgresConnection connection = brief.connect(Plugins.ID, config(database));
      Waits.until(() -> brief.stats().isEmpty());
      assertThat(connection.ping()).isTrue();
      Waits.until(() -> brief.stats().isEmpty());
    }
  }

  @Test
  void waitsForStartingServer() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase()) {
      ObjectNode config = config(database);
      config.putObject("options").put("reconnectInterval", 200).put("maxReconnectAttempts", 100);
      server.stop();
      var connected =
          CompletableFuture.supplyAsync(() -> plugin.connect(Plugins.ID, config).ping());
      server.startAgain();
      assertThat(connected.get(60, TimeUnit.SECONDS)).isTrue();
      plugin.close();
    }
  }

  @Test
  void retriesReadOnceAfterKill(TestDatabase database) {
    try (PostgresPlugin reader = plugin(Permissions.read().withSql(true))) {
      PostgresConnection connection = reader.connect(Plugins.ID, config(database).put("max", 1));
      assertThat(connection.queryValue("select 1").intValue()).isEqualTo(1);
      Plugins.run(
          database.superuserDataSource(),
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name ="
              + " 'pg-hello-plugin' and datname = current_database()");
      assertThat(connection.queryValue("select 1").intValue()).isEqualTo(1);
      assertThat(connection.getStats().errorCount()).isZero();
    }
  }

  @Test
  void doesNotRepeatWriteOnLostConnection(TestDatabase database, DataSource source)
      throws Exception {
    Plugins.run(source, "create table t (a int)");
    JsonNode insert = json("{'table': 't', 'data': {'a': 1}}");
    cutAfter("INSERT INTO", database, "insert", insert);
  }

  /**
   * Cuts the connection after the statement was sent, so that the validation query of the pool is
   * not affected.
   */
  private void cutAfter(String text, TestDatabase database, String operation, JsonNode parameters)
      throws Exception {
    ObjectNode config = config(database);
    try (var server = new StallingServer(config.get("port").intValue(), text)) {
      config.put("port", server.port());
      PostgresConnection connection = plugin.connect(Plugins.ID, config);
      var write =
          CompletableFuture.supplyAsync(
              () -> plugin.execute(Plugins.ID, config, operation, parameters));
      Waits.until(server::hasStalled);
      server.cutAndServe();
      expect(
          write.get(60, TimeUnit.SECONDS).get("error"),
          "OUTCOME_UNKNOWN",
          "",
          "before you repeat it");
      // This call gets a new connection, so a retry would have succeeded.
      assertThat(connection.count("t", Map.of())).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"query", "queryOne", "queryValue", "execute"})
  void doesNotRepeatQueryThatMayWrite(String operation, TestDatabase database, DataSource source)
      throws Exception {
    Plugins.run(
        source,
        "create table t (a int)",
        "create function charge_card(a int) returns int language sql as"
            + " 'insert into t values (a) returning a'");
    cutAfter("charge_card", database, operation, sql("select charge_card($1)", 1));
  }

  @Test
  void closedPlugin(TestDatabase database) {
    plugin.close();
    assertThat(error(config(database), "ping", null).get("code").textValue())
        .isEqualTo("POSTGRES_CLOSED");
  }
}
