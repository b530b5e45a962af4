// SPDX-License-Identifier: MIT
package io.pghello.examples.service.graphql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pghello.examples.service.Http;
import io.pghello.examples.service.Http.Answer;
import io.pghello.examples.service.ServiceTest;
import io.pghello.examples.service.StatementCounter;
import io.pghello.examples.service.greeting.Greetings;
import io.pghello.extension.testkit.NativeExtension;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.core.io.ClassPathResource;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@ServiceTest
class GraphQlIT {
  @LocalServerPort int port;
  @Autowired StatementCounter statements;
  @Autowired JdbcClient jdbc;
  @Autowired Greetings greetings;
  @Autowired DataSource dataSource;
  private Http http = new Http(0);

  @BeforeEach
  void connect() {
    http = new Http(port);
  }

  @AfterEach
  void setBack() {
    jdbc.sql("DELETE FROM app_config").update();
    await().atMost(Duration.ofSeconds(60)).until(greetings::configuredRepeat, is -> is == 1);
  }

  private JsonNode execute(String query, Map<String, Object> variables, String... headers)
      throws Exception {
    String body =
        JsonMapper.shared().writeValueAsString(Map.of("query", query, "variables", variables));
    Answer answer = http.post("/graphql", body, headers);
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    return answer.json();
  }

  private JsonNode execute(String query, String... headers) throws Exception {
    return execute(query, Map.of(), headers);
  }

  private static void assertError(JsonNode answer, String type, String code) {
    JsonNode error = answer.at("/errors/0");
    assertThat(error.at("/extensions/classification").asString()).as("%s", answer).isEqualTo(type);
    assertThat(error.at("/extensions/code").asString()).as("%s", answer).isEqualTo(code);
    assertThat(answer.toString()).doesNotContain("Exception");
  }

  @Test
  void hasTheSchemaOfTheGuide() throws Exception {
    String schema =
        new ClassPathResource("graphql/schema.graphqls").getContentAsString(StandardCharsets.UTF_8);
    assertThat(schema.replaceAll("\\s+", " "))
        .contains("greeting(name: String!, repeat: Int = 1): GreetingResponse")
        .contains("bulkGreetings(names: [String!]!): [GreetingResponse!]!")
        .contains("type GreetingResponse { name: String! greeting: String! timestamp: String! }");
    assertThat(fields("queryType"))
        .containsExactlyInAnyOrder("greeting", "timestamp", "systemInfo", "bulkGreetings");
    assertThat(fields("mutationType")).containsExactly("updateGreetingConfig");
  }

  private List<String> fields(String type) throws Exception {
    JsonNode answer = execute("{__schema{" + type + "{fields{name}}}}");
    return answer
        .at("/data/__schema/" + type + "/fields")
        .valueStream()
        .map(field -> field.path("name").asString())
        .toList();
  }

  @Test
  void answersAllQueries() throws Exception {
    JsonNode data =
        execute(
                "{greeting(name:\"O'Brien\",repeat:2){name greeting timestamp}"
                    + " timestamp{timestamp_ms} systemInfo{postgresql_version extension_version}"
                    + " bulkGreetings(names:[\"Ada\",\"Bob\",\"Ada\"]){name greeting timestamp}}")
            .path("data");
    assertThat(data.at("/greeting/name").asString()).isEqualTo("O'Brien");
    assertThat(data.at("/greeting/greeting").asString())
        .isEqualTo("Hello, O'Brien! Hello, O'Brien!");
    assertThat(data.at("/greeting/timestamp").asString()).matches("[0-9]{13}");
    assertThat(data.at("/timestamp/timestamp_ms").asString()).matches("[0-9]{13}");
    assertThat(data.at("/systemInfo/postgresql_version").asString()).startsWith("PostgreSQL ");
    assertThat(data.at("/systemInfo/extension_version").asString())
        .isEqualTo(NativeExtension.fromClassPath("pg_hello").version());
    assertThat(data.path("bulkGreetings").valueStream().map(g -> g.path("greeting").asString()))
        .containsExactly("Hello, Ada!", "Hello, Bob!", "Hello, Ada!");
  }

  @Test
  void fetchesAllGreetingsOfALevelInOneStatement() throws Exception {
    List<String> names = IntStream.range(0, 900).mapToObj(i -> "n" + i).toList();
    List<Integer> sizes =
        statements.sizes(
            () -> {
              JsonNode data =
                  execute(
                          "query($names:[String!]!){one:greeting(name:\"Ada\"){greeting timestamp}"
                              + " two:greeting(name:\"Bob\"){greeting}"
                              + " bulkGreetings(names:$names){name greeting timestamp}}",
                          Map.of("names", names))
                      .path("data");
              assertThat(data.at("/two/greeting").asString()).isEqualTo("Hello, Bob!");
              assertThat(data.at("/bulkGreetings/899/greeting").asString())
                  .isEqualTo("Hello, n899!");
            });
    assertThat(sizes).containsExactly(902);
  }

  @Test
  void changesTheConfigurationWithTheToken() throws Exception {
    JsonNode answer =
        execute(
            "mutation{updateGreetingConfig(repeat:2){message test_result}}",
            "Authorization",
            ServiceTest.BEARER);
    assertThat(answer.path("data").toString())
        .isEqualTo(
            "{\"updateGreetingConfig\":{\"message\":\"Configuration updated successfully\","
                + "\"test_result\":\"Hello, Config! Hello, Config!\"}}");
    JsonNode data =
        execute(
                "{greeting(name:\"Ada\"){greeting} none:greeting(name:\"Ada\",repeat:null){greeting}"
                    + " bulkGreetings(names:[\"Ada\"]){greeting}}")
            .path("data");
    assertThat(data.at("/greeting/greeting").asString()).isEqualTo("Hello, Ada!");
    assertThat(data.at("/none/greeting").asString()).isEqualTo("Hello, Ada!");
    assertThat(data.at("/bulkGreetings/0/greeting").asString())
        .isEqualTo("Hello, Ada! Hello, Ada!");
  }

  @Test
  void refusesAChangeWithoutTheToken() throws Exception {
    String mutation = "mutation{updateGreetingConfig(repeat:2){message}}";
    assertError(execute(mutation), "UNAUTHORIZED", "UNAUTHORIZED");
    assertError(execute(mutation, "Authorization", "Bearer wrong"), "UNAUTHORIZED", "UNAUTHORIZED");
    assertThat(greetings.configuredRepeat()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {greeting(name:""){greeting}}                          | name
          {greeting(name:"A\\u0000"){greeting}}                  | name
          {greeting(name:"Ada",repeat:0){greeting}}              | repeat
          {greeting(name:"Ada",repeat:11){greeting}}             | repeat
          {bulkGreetings(names:["Ada"," "]){greeting}}           | names[1]
          mutation{updateGreetingConfig(repeat:11){message}}     | repeat
          """)
  void refusesBadInputByItsArgument(String query, String argument) throws Exception {
    JsonNode answer = execute(query, "Authorization", ServiceTest.BEARER);
    assertError(answer, "BAD_REQUEST", "INVALID_INPUT");
    assertThat(answer.at("/errors/0/extensions/errors/0/field").asString())
        .as("%s", answer)
        .isEqualTo(argument);
  }

  @Test
  void rejectsTooLargeQueries() throws Exception {
    JsonNode allowed =
        execute("{bulkGreetings(names:" + names(1_000) + "){name greeting timestamp}}");
    assertThat(allowed.has("errors")).isFalse();
    String all = "{bulkGreetings(names:" + names(1_000) + "){";
    assertAborted(execute(all + aliases(6, "greeting") + "}}"));
    assertError(
        execute("{bulkGreetings(names:" + names(1_001) + "){greeting}}"),
        "BAD_REQUEST",
        "INVALID_INPUT");
    // each of these fields executes its own statements
    assertAborted(execute("{" + aliases(50, "timestamp{timestamp_ms}") + "}"));
    assertAborted(execute("{" + aliases(50, "systemInfo{extension_version}") + "}"));
    assertThat(execute("{" + aliases(20, "greeting(name:\"Ada\"){greeting}") + "}").has("errors"))
        .isFalse();
    String deep = "type{ofType{".repeat(10) + "name" + "}}".repeat(10);
    assertThat(execute("{__schema{types{fields{" + deep + "}}}}").has("errors")).isTrue();
  }

  /**
   * Each fragment uses the next fragment several times, so that a few bytes expand to very many
   * fields.
   */
  @ParameterizedTest
  @CsvSource({"2, 10", "2, 14", "2, 20", "2, 40", "3, 6", "3, 25", "4, 5", "20, 2"})
  void refusesFragmentsThatMultiply(int times, int depth) throws Exception {
    for (String field : List.of("greeting(name:\"Ada\"){name}", "timestamp{timestamp_ms}")) {
      var query = new StringBuilder("{...f0}");
      for (int i = 0; i < depth; i++) {
        query.append(" fragment f").append(i).append(" on Query{");
        query.append(("...f" + (i + 1) + " ").repeat(times)).append('}');
      }
      query.append(" fragment f").append(depth).append(" on Query{").append(field).append('}');
      // this includes JIT compilation; 20 fragments that double the fields took eleven seconds
      assertThat(cpuSeconds(() -> answeredOrAborted(execute(query.toString())))).isLessThan(3);
    }
  }

  @Test
  void answersAtMostTwentyFragments() throws Exception {
    String spread = "...on Query{timestamp{timestamp_ms}} ";
    assertThat(execute("{" + spread.repeat(20) + "}").has("errors")).isFalse();
    assertAborted(execute("{" + spread.repeat(21) + "}"));
  }

  @Test
  void answersAtMostAThousandFieldsAsTheyAreWritten() throws Exception {
    assertThat(execute("{" + aliases(999, "__typename") + "}").has("errors")).isFalse();
    // this also applies if the fields would be merged into one field of the result
    assertAborted(execute("{" + "__typename ".repeat(1_001) + "}"));
    assertAborted(execute("{" + aliases(1_001, "__typename") + "}"));
  }

  /** Each of the two changes waits for the table lock until the database's timeout of 5 seconds. */
  @Test
  void answersAQueryThatTakesTooLong() throws Exception {
    try (Connection other = dataSource.getConnection();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE app_config");
      JsonNode answer =
          execute(
              "mutation{" + aliases(2, "updateGreetingConfig(repeat:1){message}") + "}",
              "Authorization",
              ServiceTest.BEARER);
      other.rollback();
      assertAborted(answer);
      assertThat(answer.at("/errors/0/extensions/code").asString()).isEqualTo("TIMEOUT");
    }
  }

  private static JsonNode answeredOrAborted(JsonNode answer) {
    if (answer.has("errors")) {
      assertAborted(answer);
    }
    return answer;
  }

  /** Returns the CPU time that a request takes in this process, which runs the service. */
  private static double cpuSeconds(Callable<?> task) throws Exception {
    var process =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long before = process.getProcessCpuTime();
    task.call();
    return (process.getProcessCpuTime() - before) / 1e9;
  }

  private static void assertAborted(JsonNode answer) {
    assertThat(answer.at("/errors/0/extensions/classification").asString())
        .as("%s", answer)
        .isEqualTo("ExecutionAborted");
  }

  private static String aliases(int count, String field) {
    return IntStream.range(0, count)
        .mapToObj(i -> "a" + i + ":" + field)
        .collect(Collectors.joining(" "));
  }

  private static String names(int count) {
    return Collections.nCopies(count, "\"Ada\"").toString();
  }

  @Test
  void reportsInvalidQueries() throws Exception {
    assertThat(execute("{unknown}").at("/errors/0/extensions/classification").asString())
        .isEqualTo("ValidationError");
    assertThat(execute("{").at("/errors/0/extensions/classification").asString())
        .isEqualTo("InvalidSyntax");
  }
}
