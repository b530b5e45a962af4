// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import static io.pghello.mcp.Client.JSON;
import static io.pghello.mcp.Client.quoted;
import static io.pghello.mcp.Client.sql;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lost database servers, connections from a configuration file, and rejected configurations. */
@PgHelloTest(create = false)
class ServersIT {
  @TempDir private Path folder;

  private static String code(JsonNode answer) {
    return answer.at("/error/code").asText("");
  }

  @Test
  void survivesLostServer(TestDatabase database, WireProxy proxy, DataSource source)
      throws Exception {
    try (var client = new Client(Client.environment(database, proxy))) {
      client.initialize();
      assertThat(client.query("select 1").get("success").booleanValue()).isTrue();
      int running = client.begin("query", sql("select pg_sleep(600)").put("timeout", 30_000));
      Waits.untilSleeping(source, 1);
      // Reset the connections twice, because a read is retried once.
      proxy.resetConnections();
      Waits.untilSleeping(source, 2);
      proxy.resetConnections();
      JsonNode lost = client.result(running);
      assertThat(code(lost)).isEqualTo("POSTGRES_CONNECTION_FAILED");
      assertThat(lost.at("/error/details/reason").textValue()).isEqualTo("lost");
      assertThat(client.query("select 1").get("success").booleanValue()).isTrue();
      assertThat(client.end().status()).isZero();
    }
  }

  @Test
  void survivesRestart() {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createEmptyDatabase();
        var client = new Client(Client.environment(database))) {
      client.initialize();
      assertThat(client.query("select 1").get("success").booleanValue()).isTrue();
      server.stop();
      JsonNode away = client.query("select 1");
      assertThat(code(away)).as(away.toString()).isEqualTo("POSTGRES_CONNECTION_FAILED");
      assertThat(away.at("/error/details/remedy").textValue()).isNotEmpty();
      server.startAgain();
      assertThat(client.query("select 1").get("success").booleanValue()).isTrue();
    }
  }

  @Test
  void startsBeforeItsServer(TestDatabase database) {
    Map<String, String> environment = Client.environment(database);
    environment.put("PGPORT", "1");
    try (var client = new Client(environment)) {
      client.initialize();
      assertThat(code(client.query("select 1"))).isEqualTo("POSTGRES_CONNECTION_FAILED");
      Client.End end = client.end();
      assertThat(end.status()).isZero();
      assertThat(end.err())
          .contains("pg-hello-mcp: connection default: ", "Each call will try again.");
    }
  }

  /** An unresponsive server does not delay other connections. */
  @Test
  void startsWithUnresponsiveServer(TestDatabase database) throws Exception {
    ObjectNode connections = JSON.createObjectNode();
    try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      connections
          .putObject("silent")
          .putObject("config")
          .put("port", silent.getLocalPort())
          .put("user", "a")
          .put("connectionTimeoutMillis", 600_000);
      connections
          .putObject("good")
          .set("config", Client.config(database).put("password", password(database)));
      try (var client = new Client(Map.of(), "--config", file(connections).toString())) {
        client.initialize();
        JsonNode query = sql("select 7 as a").put("connection", "good");
        assertThat(client.call("query", query).at("/data/rows/0/a").intValue()).isEqualTo(7);
        assertThat(client.end().status()).isZero();
      }
    }
  }

  private static String password(TestDatabase database) {
    return Objects.requireNonNull(Client.environment(database).get("PGPASSWORD"));
  }

  private Path file(ObjectNode connections) throws IOException {
    ObjectNode all = JSON.createObjectNode();
    all.set("connections", connections);
    return Files.writeString(folder.resolve("config.json"), all.toString());
  }

  /** Each tool lists its connections. Tools that no connection allows do not exist. */
  @Test
  void readsConnectionsFromFile(TestDatabase database, DataSource source) throws Exception {
    Waits.run(source, "create table t (a int primary key)", "create table secret (a int)");
    String password = password(database);
    Files.writeString(folder.resolve("password"), password + "\n");
    ObjectNode connections = JSON.createObjectNode();
    ObjectNode reader = connections.putObject("reader");
    reader.set("config", Client.config(database));
    reader.withObject("/config/password").put("env", "READER_PASSWORD");
    ObjectNode writer = connections.putObject("writer");
    writer.set("config", Client.config(database));
    writer.withObject("/config/password").put("file", "password");
    writer.set(
        "permissions",
        quoted(
            "{'readOnly': false, 'tables': ['t'], 'maxRows': 2, 'operations': ['insert', 'find']}"));
    try (var client =
        new Client(Map.of("READER_PASSWORD", password), "--config", file(connections).toString())) {
      assertThat(client.initialize().get("instructions").textValue())
          .contains(
              "Connection reader is read-only, accepts SQL, and returns at most 1000 rows.",
              "Connection writer can write, does not accept SQL, and returns at most 2 rows.");
      for (JsonNode tool : client.answer(client.request("tools/list", null)).at("/result/tools")) {
        String name = tool.get("name").textValue();
        String ids = tool.at("/inputSchema/properties/connection/enum").toString();
        assertThat(tool.at("/inputSchema/required").toString()).contains("connection");
        boolean writes = name.equals("insert");
        assertThat(ids)
            .as(name)
            .isEqualTo(
                writes
                    ? "[\"writer\"]"
                    : name.equals("find") ? "[\"reader\",\"writer\"]" : "[\"reader\"]");
        assertThat(tool.at("/annotations/readOnlyHint").booleanValue()).as(name).isEqualTo(!writes);
      }
      JsonNode insert = quoted("{'connection': 'writer', 'table': 't', 'data': {'a': 1}}");
      assertThat(client.call("insert", insert).at("/data/a").intValue()).isEqualTo(1);
      assertThat(code(client.call("insert", insert))).isEqualTo("POSTGRES_CONSTRAINT_VIOLATED");
      for (String id : List.of("reader", "nope", "")) {
        JsonNode wrong = ((ObjectNode) insert.deepCopy()).put("connection", id);
        assertThat(code(client.call("insert", wrong))).isEqualTo("POSTGRES_BAD_REQUEST");
      }
      JsonNode secret = quoted("{'connection': 'writer', 'table': 'secret'}");
      assertThat(code(client.call("find", secret))).isEqualTo("POSTGRES_NOT_ALLOWED");
      JsonNode query = sql("select count(*) from t").put("connection", "reader");
      assertThat(client.call("queryValue", query).get("data").intValue()).isEqualTo(1);
      JsonNode without = sql("select 1");
      assertThat(code(client.call("query", without))).isEqualTo("POSTGRES_BAD_REQUEST");
      // A transaction can be used only with its own connection.
      String id =
          client
              .call("beginTransaction", quoted("{'connection': 'reader'}"))
              .at("/data/transactionId")
              .textValue();
      JsonNode borrowed = ((ObjectNode) insert.deepCopy()).put("transactionId", id);
      assertThat(code(client.call("insert", borrowed))).isEqualTo("POSTGRES_TRANSACTION_FAILED");
    }
  }

  @Test
  void rejectsInvalidConfiguration(TestDatabase database) throws Exception {
    Map<String, String> good = Client.environment(database);
    var badPort = new HashMap<>(good);
    badPort.put("PGPORT", "none");
    Path config = folder.resolve("bad.json");
    refuses("no connection is configured: pass --config FILE, or set PGHOST", Map.of());
    refuses("PGPORT is not a number", badPort);
    refuses("--nope is an unknown option", good, "--nope");
    refuses("--config is an unknown option, or its value is missing", good, "--config");
    refuses("unexpected argument", good, "postgresql://app:geheim@127.0.0.1/app");
    refuses("--password is an unknown option", good, "--password=geheim");
    refuses("-p is an unknown option", good, "-pgeheim");
    refuses("file not found", good, "--config", "postgresql://app:geheim@127.0.0.1/app");
    refuses("file not found", good, "--config=host=db password=geheim");
    refuses("file not found", good, "--config", "app:geheim@127.0.0.1");
    refuses("file not found", good, "--config", "\u0001");
    refuses("file not found: " + config, good, "--config", config.toString());
    Files.writeString(config, "{\"connections\": {\"a\": {\"config\": {\"password\": \"geheim\"");
    refuses("is not JSON, at line 1", good, "--config=" + config);
    Files.writeString(
        config, "{\"connections\": {\"a\": {\"config\": {\"pasword\": \"geheim\"}}}}");
    refuses("connection a: ", Map.of("PG_HELLO_MCP_CONFIG", config.toString()));
    Files.writeString(config, "{\"connections\": {}, \"a\\n\\u001b[2J\\u009b2J\": 1}");
    refuses("has an unknown member a??[2J?2J", good, "--config", config.toString());
    Files.writeString(config, "{\"connections\": {\"\": {\"config\": {\"user\": \"a\"}}}}");
    refuses("A connection id must have 1 to 128", good, "--config", config.toString());
  }

  private static void refuses(String why, Map<String, String> environment, String... arguments) {
    try (var client = new Client(environment, arguments)) {
      Client.End end = client.awaitEnd();
      assertThat(end.status()).as(end.err()).isEqualTo(2);
      assertThat(end.err())
          .startsWith("pg-hello-mcp: ")
          .contains(why)
          .endsWith(" (see --help)\n")
          .doesNotContain("geheim")
          .hasLineCount(1);
    }
  }

  /** Many MCP clients stop a server by killing its process. */
  @Test
  void killCancelsStatement(TestDatabase database, DataSource source) throws Exception {
    ObjectNode connections = JSON.createObjectNode();
    ObjectNode connection = connections.putObject("long");
    connection.set("config", Client.config(database).put("password", password(database)));
    connection.putObject("permissions").put("maxTimeout", 3_600_000);
    try (var client = new Client(Map.of(), "--config", file(connections).toString())) {
      client.initialize();
      client.begin("query", sql("select pg_sleep(600)").put("timeout", 3_600_000));
      Waits.untilSleeping(source, 1);
    }
    Waits.untilSleeping(source, 0);
  }

  @Test
  void limitsResultsBeforeSerialization(TestDatabase database) {
    try (var client = new Client(Client.environment(database))) {
      client.initialize();
      JsonNode large = client.query("select repeat('x', 60000000) as a");
      assertThat(code(large)).isEqualTo("POSTGRES_LIMIT_REACHED");
      assertThat(large.at("/error/message").textValue()).contains("4194304 bytes");
      assertThat(code(client.call("query", sql("select 1").put("timeout", 30_001))))
          .isEqualTo("POSTGRES_LIMIT_REACHED");
    }
  }

  /** BEGIN, the query, the cleanup and ROLLBACK are sent together. */
  @Test
  void callTakesOneRoundTrip(TestDatabase database, WireProxy proxy) throws Exception {
    ObjectNode connections = JSON.createObjectNode();
    ObjectNode config = Client.config(database).put("password", password(database)).put("max", 1);
    config.put("host", proxy.host()).put("port", proxy.port());
    connections.putObject("counted").set("config", config);
    try (var client = new Client(Map.of(), "--config", file(connections).toString())) {
      client.initialize();
      assertThat(client.query("select 1").get("success").booleanValue()).isTrue();
      long before = proxy.roundTrips();
      long begun = System.nanoTime();
      for (int i = 1; i <= 20; i++) {
        JsonNode answer = client.query("select " + i + " as a");
        assertThat(answer.at("/data/rows/0/a").intValue()).isEqualTo(i);
      }
      // The pool validates connections that were idle for half a second.
      long asked = (System.nanoTime() - begun) / 500_000_000;
      assertThat(proxy.roundTrips() - before).isBetween(20L, 20L + asked);
    }
  }

  @Test
  void reportsTableOwners(TestDatabase database, DataSource source) throws Exception {
    Waits.run(source, "create table owned (a int)");
    // the server waits five seconds for the role, which is too short on a busy machine
    String instructions = "";
    for (int i = 0; i < 5 && !instructions.contains("owns tables"); i++) {
      try (var client = new Client(Client.environment(database))) {
        instructions = client.initialize().get("instructions").textValue();
      }
    }
    assertThat(instructions).contains("owns tables");
  }

  @Test
  void reportsWrongPasswordWithoutShowingIt(TestDatabase database) {
    Map<String, String> environment = Client.environment(database);
    environment.put("PGPASSWORD", "geheim");
    try (var client = new Client(environment)) {
      client.initialize();
      JsonNode answer = client.query("select 1");
      assertThat(code(answer)).isEqualTo("POSTGRES_AUTH_FAILED");
      Client.End end = client.end();
      assertThat(answer + end.err()).doesNotContain("geheim");
      assertThat(end.err()).hasLineCount(1);
    }
  }
}
