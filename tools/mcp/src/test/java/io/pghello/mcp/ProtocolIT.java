// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import static io.pghello.mcp.Client.JSON;
import static io.pghello.mcp.Client.quoted;
import static io.pghello.mcp.Client.sql;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The protocol from a client's perspective. */
@PgHelloTest(create = false)
class ProtocolIT {
  private Client client;

  @BeforeEach
  void start(TestDatabase database) {
    client = new Client(Client.environment(database));
  }

  @AfterEach
  void stop() {
    client.close();
  }

  @Test
  void describesItself() {
    int early = client.request("tools/list", null);
    assertThat(client.answer(early).at("/error/code").intValue()).isEqualTo(-32600);
    JsonNode server = client.initialize();
    assertThat(server.get("protocolVersion").textValue()).isEqualTo("2025-06-18");
    assertThat(server.at("/serverInfo/name").textValue()).isEqualTo("pg-hello-mcp");
    assertThat(server.at("/serverInfo/title").textValue()).isEqualTo("PostgreSQL, by pg-hello");
    assertThat(server.get("capabilities"))
        .as("existing capabilities, without logging")
        .hasToString("{\"tools\":{\"listChanged\":false}}");
    assertThat(server.get("instructions").textValue())
        .contains("Connection default is read-only, accepts SQL, and returns at most 1000 rows.");
    assertThat(client.answer(client.request("ping", null)).get("result")).isEmpty();
    for (String method : List.of("nope", "logging/setLevel", "resources/list")) {
      assertThat(client.answer(client.request(method, null)).at("/error/code").intValue())
          .as(method)
          .isEqualTo(-32601);
    }
    assertThat(client.end().status()).isZero();
  }

  @Test
  void offersSupportedVersion() {
    JsonNode result =
        client
            .answer(client.request("initialize", Client.initialization("1999-01-01")))
            .get("result");
    assertThat(result.get("protocolVersion").textValue()).isEqualTo("2025-11-25");
  }

  @ParameterizedTest
  @ValueSource(strings = {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"})
  void supportsVersionsOfClients(String version) {
    JsonNode result =
        client.answer(client.request("initialize", Client.initialization(version))).get("result");
    assertThat(result.get("protocolVersion").textValue()).isEqualTo(version);
  }

  @Test
  void acceptsUnknownCapabilities() {
    JsonNode params =
        quoted(
            "{'protocolVersion': '2025-11-25', 'capabilities': {'sampling': null, 'later': true},"
                + " 'clientInfo': {'name': 'a', 'version': '1'}}");
    assertThat(client.answer(client.request("initialize", params)).has("result")).isTrue();
  }

  /** One protocol version allows several messages on one line. */
  @Test
  void acceptsBatchesInVersionsWithBatches() {
    JsonNode one = quoted("{'jsonrpc': '2.0', 'id': 'a', 'method': 'ping'}");
    JsonNode other =
        quoted(
            "{'jsonrpc': '2.0', 'id': 77, 'method': 'tools/call', 'params': {'name': 'queryValue',"
                + " 'arguments': {'sql': 'select 7'}}}");
    int id = client.request("initialize", Client.initialization("2025-03-26"));
    assertThat(client.answer(id).has("result")).isTrue();
    client.notification("notifications/initialized", JSON.createObjectNode());
    client.send(JSON.createArrayNode().add(one).add(other).add(JSON.createArrayNode()));
    assertThat(client.result(77).get("data").intValue()).isEqualTo(7);
    assertThat(client.unnamedError()).as("no nested arrays").isEqualTo(-32600);
    client.send("[]");
    assertThat(client.unnamedError()).isEqualTo(-32600);
  }

  @Test
  void answersPingAtAnyTime() {
    assertThat(client.answer(client.request("ping", null)).get("result")).isEmpty();
    int id = client.request("initialize", Client.initialization("2025-06-18"));
    assertThat(client.answer(id).has("result")).isTrue();
    assertThat(client.answer(client.request("ping", JSON.createObjectNode())).get("result"))
        .isEmpty();
  }

  @Test
  void reportsInvalidParameters() {
    for (String params :
        List.of(
            "null",
            "7",
            "[]",
            "{}",
            "{'protocolVersion': 7, 'capabilities': {}, 'clientInfo': {'name': 'a', 'version': '1'}}",
            "{'protocolVersion': '2025-06-18', 'clientInfo': {'name': 'a', 'version': '1'}}",
            "{'protocolVersion': '2025-06-18', 'capabilities': [], 'clientInfo': {'name': 'a', 'version': '1'}}",
            "{'protocolVersion': '2025-06-18', 'capabilities': {}}",
            "{'protocolVersion': '2025-06-18', 'capabilities': {'roots': {'listChanged': {}}}, 'clientInfo': {'name': 'a', 'version': '1'}}",
            "{'protocolVersion': '2025-06-18', 'capabilities': {}, 'clientInfo': {'name': 'a'}}",
            "{'protocolVersion': '2025-06-18', 'capabilities': {}, 'clientInfo': {'name': 1, 'version': '1'}}")) {
      assertInvalid("initialize", params, "params");
    }
    assertInvalid("initialize", null, "params.protocolVersion must be a string");
    assertInvalid(
        "initialize",
        "{'protocolVersion': '2025-06-18', 'capabilities': {'sampling': 5}, 'clientInfo': {'name': 'a', 'version': '1'}}",
        "params has a member of the wrong type");
    client.initialize();
    assertInvalid("tools/list", "{'cursor': 'bogus'}", "params.cursor");
    assertInvalid("tools/list", "{'cursor': 7}", "params.cursor");
    assertInvalid("tools/list", "[]", "params must be an object");
    assertInvalid("tools/list", "{'_meta': 7}", "params._meta must be an object");
    assertInvalid("tools/call", "{'name': 'nope'}", "Unknown tool: nope");
    assertInvalid("tools/call", "{'name': 'insert'}", "Unknown tool: insert");
    assertInvalid("tools/call", "{'name': 'query', 'arguments': []}", "params.arguments must be");
    JsonNode first = client.answer(client.request("tools/list", quoted("{'cursor': null}")));
    assertThat(first.at("/result/tools")).isNotEmpty();
  }

  private void assertInvalid(String method, @Nullable String params, String sentence) {
    JsonNode answer = client.answer(client.request(method, params == null ? null : quoted(params)));
    assertThat(answer.at("/error/code").intValue()).as(params + " " + answer).isEqualTo(-32602);
    assertThat(answer.at("/error/message").textValue())
        .as(params)
        .startsWith(sentence)
        .doesNotContain("java", "deserialize", "null\"");
  }

  @Test
  void threadDumpDoesNotDisturbProtocol() throws Exception {
    client.initialize();
    client.dumpThreads();
    assertThat(client.query("select 1 as a").at("/data/rows/0/a").intValue()).isEqualTo(1);
    assertThat(client.end().err()).contains("Full thread dump");
  }

  @Test
  void listsReadOnlyTools() {
    client.initialize();
    JsonNode tools = client.answer(client.request("tools/list", null)).at("/result/tools");
    var names = new ArrayList<String>();
    for (JsonNode tool : tools) {
      names.add(tool.get("name").textValue());
      assertThat(tool.get("description").textValue()).endsWith(".");
      assertThat(tool.get("title").textValue()).matches("[A-Z][a-z]+( [a-z]+)*");
      assertThat(tool.at("/inputSchema/type").textValue()).isEqualTo("object");
      assertThat(tool.at("/inputSchema/additionalProperties").booleanValue()).isFalse();
      assertThat(tool.at("/inputSchema/properties").has("connection")).isFalse();
      assertThat(tool.at("/outputSchema/required").toString()).contains("data");
      assertThat(tool.at("/annotations/readOnlyHint").booleanValue()).as(tool.toString()).isTrue();
      assertThat(tool.at("/annotations/destructiveHint").booleanValue()).isFalse();
      assertThat(tool.at("/annotations/openWorldHint").booleanValue()).isFalse();
    }
    assertThat(names)
        .contains("query", "find", "describeTable", "transaction")
        .doesNotContain("execute", "insert", "dropTable");
  }

  @Test
  void returnsSameResultsAsPlugin() {
    client.initialize();
    JsonNode answer =
        client.query("select $1::int as a, 1.10 as b, 1e-20::numeric as c, 'é' as d", 7);
    assertThat(answer.at("/data/rows/0"))
        .hasToString("{\"a\":7,\"b\":1.10,\"c\":1E-20,\"d\":\"é\"}");
    assertThat(answer.at("/data/truncated").booleanValue()).isFalse();
    assertThat(client.call("queryValue", sql("select null")).get("data").isNull()).isTrue();
    assertThat(client.call("listTables", JSON.createObjectNode()).get("data").isArray()).isTrue();

    JsonNode error = client.query("selec 1");
    assertThat(error.at("/error/code").textValue()).isEqualTo("POSTGRES_BAD_SQL");
    assertThat(error.at("/error/details/sqlState").textValue()).isEqualTo("42601");
    assertThat(error.at("/error/timestamp").textValue()).isNotEmpty();
    int unknown = client.begin("insert", quoted("{'table': 't', 'data': {'a': 1}}"));
    assertThat(client.answer(unknown).at("/error/code").intValue()).isEqualTo(-32602);
  }

  /** Numbers in requests keep all their digits. */
  @Test
  void keepsDigits() {
    client.initialize();
    String digits = "1234567890123456789012345678901234567890.10000000000000000000000000000000001";
    JsonNode arguments =
        quoted("{'sql': 'select $1::numeric::text as n', 'params': [" + digits + "]}");
    assertThat(client.call("query", arguments).at("/data/rows/0/n").textValue()).isEqualTo(digits);
  }

  @Test
  void survivesInvalidLines() {
    client.initialize();
    for (String line :
        List.of(
            "hello",
            "{",
            "{\"jsonrpc\": \"2.0\", \"id\": 1, \"id\": 2, \"method\": \"ping\"}",
            "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"ping\"} {}",
            "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"ping\"}]",
            "[".repeat(5_000),
            "[".repeat(5_000) + "]".repeat(5_000),
            "{\"a\":".repeat(100_000))) {
      client.send(line);
      assertThat(client.unnamedError()).as(line.substring(0, 1)).isEqualTo(-32700);
    }
    client.send(new byte[] {'"', (byte) 0xc3, '"'});
    assertThat(client.unnamedError()).isEqualTo(-32700);
    for (String line :
        List.of(
            "1",
            "null",
            "[]",
            "{}",
            "\"ping\"",
            "[{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"ping\"}]",
            "{\"jsonrpc\": \"1.0\", \"method\": \"ping\"}",
            "{\"jsonrpc\": \"2.0\", \"id\": null, \"method\": \"ping\"}",
            "{\"jsonrpc\": \"2.0\", \"id\": {}, \"method\": \"ping\"}",
            "{\"jsonrpc\": \"2.0\", \"id\": 1.5, \"method\": \"ping\"}",
            "{\"jsonrpc\": \"2.0\", \"id\": 99999999999999999999, \"method\": \"ping\"}",
            "{\"jsonrpc\": \"2.0\", \"method\": 7}")) {
      client.send(line);
      assertThat(client.unnamedError()).as(line).isEqualTo(-32600);
    }
    client.send("");
    client.send("  \r");
    client.send("{\"jsonrpc\": \"2.0\", \"id\": 99, \"result\": {}}");
    client.send("{\"jsonrpc\": \"2.0\", \"method\": \"notifications/unheard-of\"}");
    client.send("{\"jsonrpc\": \"2.0\", \"method\": \"notifications/cancelled\"}");
    client.send("{\"jsonrpc\": \"2.0\", \"method\": \"notifications/roots/list_changed\"}");
    client.send("{\"jsonrpc\": \"2.0\", \"method\": \"notifications/initialized\"}");
    assertThat(client.query("select 1 as a").at("/data/rows/0/a").intValue()).isEqualTo(1);
    assertThat(client.end().status()).isZero();
  }

  /** The longest allowed numbers are parsed in seconds; quadratic parsing would take minutes. */
  @Test
  void longNumbersDoNotDelayOthers() {
    client.initialize();
    String number = "9".repeat(140_000) + ",";
    client.send(
        "{\"jsonrpc\": \"2.0\", \"method\": \"notifications/progress\", \"params\": ["
            + number.repeat(110)
            + "1]}");
    assertThat(client.answer(client.request("ping", null)).has("result")).isTrue();
  }

  /** A rejected request does not count as a call in flight. */
  @Test
  void rejectedRequestsAreNotInFlight() {
    client.initialize();
    for (int i = 0; i < Transport.IN_FLIGHT_MAX; i++) {
      JsonNode answer = client.answer(client.request("tools/call", quoted("{'name': 'nope'}")));
      assertThat(answer.at("/error/code").intValue()).isEqualTo(-32602);
    }
    assertThat(client.query("select 1").get("success").booleanValue()).isTrue();
  }

  @Test
  void rejectsMalformedCalls() {
    client.initialize();
    for (String params :
        List.of(
            "null",
            "7",
            "[]",
            "{}",
            "{'name': null}",
            "{'name': 7}",
            "{'name': ''}",
            "{'name': 'QUERY'}",
            "{'name': 'query '}",
            "{'name': 'query\\u0000'}",
            "{'name': '\\ud800'}",
            "{'name': {'a': 1}}",
            "{'name': 'query', 'arguments': 'select 1'}",
            "{'name': 'query', 'arguments': [1]}")) {
      assertInvalid("tools/call", params, "");
    }
    for (String arguments :
        List.of(
            "{}",
            "{'sql': null}",
            "{'sql': 7}",
            "{'sql': ['select 1']}",
            "{'sql': ''}",
            "{'sql': 'select 1', 'params': 'x'}",
            "{'sql': 'select 1', 'params': [1]}",
            "{'sql': 'select $1', 'params': []}",
            "{'sql': 'select 1', 'timeout': 'x'}",
            "{'sql': 'select 1', 'timeout': 0}",
            "{'sql': 'select 1', 'timeout': 1e99}",
            "{'sql': 'select 1', 'transactionId': 'x'}",
            "{'sql': 'select 1', 'connection': 'default'}",
            "{'sql': 'select 1', 'permissions': {'readOnly': false}}",
            "{'sql': 'select 1', 'config': {'host': 'elsewhere'}}",
            "{'sql': 'select 1', '__proto__': {'readOnly': false}}",
            "{'sql': 'select \\u0000'}",
            "{'sql': 'select $1::text', 'params': ['\\u0000']}",
            "{'sql': 'select $1::text', 'params': ['\\ud800']}")) {
      JsonNode answer = client.call("query", quoted(arguments));
      assertThat(answer.at("/error/code").textValue())
          .as(arguments + " " + answer)
          .isIn(
              "POSTGRES_BAD_REQUEST",
              "POSTGRES_BAD_SQL",
              "POSTGRES_BAD_VALUE",
              "POSTGRES_TRANSACTION_FAILED");
    }
    // If the arguments are missing, the tool is called without parameters.
    ObjectNode bare = JSON.createObjectNode().put("name", "ping");
    JsonNode alive = client.answer(client.request("tools/call", bare));
    assertThat(alive.at("/result/structuredContent/data/alive").booleanValue()).isTrue();
  }

  @Test
  void limitsMessageLength() {
    client.initialize();
    String much = "x".repeat(5_000_000);
    assertThat(client.query("select length($1::text) as n", much).at("/data/rows/0/n").intValue())
        .isEqualTo(5_000_000);
    client.send("x".repeat(Messages.LENGTH_MAX + 1));
    assertThat(client.unnamedError()).isEqualTo(-32700);

    JsonNode error = client.query("select repeat('x', 5000000) as a");
    assertThat(error.at("/error/code").textValue()).isEqualTo("POSTGRES_LIMIT_REACHED");
    error = client.query("select repeat('x', 100000000) as a");
    assertThat(error.at("/error/code").textValue()).isEqualTo("POSTGRES_LIMIT_REACHED");
    JsonNode rows = client.query("select g from generate_series(1, 100000) g");
    assertThat(rows.at("/data/rowCount").intValue()).isEqualTo(1_000);
    assertThat(rows.at("/data/truncated").booleanValue()).isTrue();

    String deep = "select (repeat('[', %1$d) || repeat(']', %1$d))::json as a";
    assertThat(client.query(deep.formatted(800)).get("success").booleanValue()).isTrue();
    assertThat(client.query(deep.formatted(3_000)).at("/error/code").textValue())
        .isEqualTo("POSTGRES_LIMIT_REACHED");
    assertThat(client.call("ping", JSON.createObjectNode()).get("success").booleanValue()).isTrue();
  }

  /** A slow call does not delay others, and each call has one response. */
  @Test
  void answersCallsInOrderOfCompletion(DataSource source) throws Exception {
    client.initialize();
    int slow = client.begin("query", sql("select pg_sleep(600)").put("timeout", 30_000));
    Waits.untilSleeping(source, 1);
    var ids = new ArrayList<Integer>();
    for (int i = 0; i < 200; i++) {
      ids.add(client.begin("queryValue", sql("select $1::int", i)));
    }
    for (int i = 0; i < ids.size(); i++) {
      assertThat(client.result(ids.get(i)).get("data").intValue()).isEqualTo(i);
    }
    assertThat(client.hasAnswer(slow)).isFalse();
  }

  @Test
  void limitsCallsInFlight() {
    client.initialize();
    var ids = new ArrayList<Integer>();
    for (int i = 0; i < 2 * Transport.IN_FLIGHT_MAX; i++) {
      ids.add(client.begin("query", sql("select pg_sleep(0.1)")));
    }
    int refused = 0;
    for (int id : ids) {
      refused += client.answer(id).at("/error/code").intValue() == -32000 ? 1 : 0;
    }
    assertThat(refused).isPositive();
    assertThat(client.query("select 1").get("success").booleanValue()).isTrue();
  }

  @Test
  void rejectsDuplicateIds(DataSource source) throws Exception {
    client.initialize();
    int slow = client.begin("query", sql("select pg_sleep(600)").put("timeout", 30_000));
    Waits.untilSleeping(source, 1);
    client.send("{\"jsonrpc\": \"2.0\", \"id\": " + slow + ", \"method\": \"ping\"}");
    assertThat(client.answer(slow).at("/error/code").intValue()).isEqualTo(-32600);
  }

  @Test
  void cancelsCalls(DataSource source) throws Exception {
    client.initialize();
    ObjectNode sleep = sql("select pg_sleep(600)").put("timeout", 30_000);
    int one = client.begin("query", sleep);
    Waits.untilSleeping(source, 1);
    client.notification("notifications/cancelled", JSON.createObjectNode().put("requestId", "1"));
    client.notification("notifications/cancelled", JSON.createObjectNode().put("requestId", one));
    Waits.untilSleeping(source, 0);
    client.notification("notifications/cancelled", JSON.createObjectNode().put("requestId", one));
    assertThat(client.query("select 1").get("success").booleanValue()).isTrue();
    assertThat(client.hasAnswer(one)).as("a cancelled request has no response").isFalse();
    assertThat(client.end().status()).isZero();
    assertThat(client.hasAnswer(one)).isFalse();
  }

  @Test
  void endsWithItsInput(DataSource source) throws Exception {
    client.initialize();
    int slow = client.begin("query", sql("select pg_sleep(600)").put("timeout", 30_000));
    Waits.untilSleeping(source, 1);
    // Open another database connection first, because the last call must complete within one second
    // of the end of the input.
    assertThat(client.query("select 1").get("success").booleanValue()).isTrue();
    int last = client.begin("query", sql("select 7 as a"));
    assertThat(client.end().status()).isZero();
    assertThat(client.result(last).at("/data/rows/0/a").intValue()).isEqualTo(7);
    assertThat(client.hasAnswer(slow)).isFalse();
    Waits.untilSleeping(source, 0);
  }

  /** All requests get a response even if the input ends immediately, as with a pipe. */
  @Test
  void answersAllRequestsOfAPipe() {
    StringBuilder lines = new StringBuilder();
    lines
        .append("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":")
        .append(Client.initialization("2025-06-18"))
        .append("}\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n")
        .append("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}");
    client.send(lines.toString().getBytes(StandardCharsets.UTF_8));
    assertThat(client.end().status()).isZero();
    assertThat(client.answer(2).at("/result/tools").isEmpty()).isFalse();
  }

  @Test
  void endsOnASignal(DataSource source) throws Exception {
    client.initialize();
    client.begin("query", sql("select pg_sleep(600)").put("timeout", 30_000));
    Waits.untilSleeping(source, 1);
    client.terminate();
    Waits.untilSleeping(source, 0);
  }
}
