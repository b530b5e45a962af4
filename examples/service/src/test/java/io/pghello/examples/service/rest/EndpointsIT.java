// SPDX-License-Identifier: MIT
package io.pghello.examples.service.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.micrometer.core.instrument.MeterRegistry;
import io.pghello.examples.service.Http;
import io.pghello.examples.service.Http.Answer;
import io.pghello.examples.service.ServiceTest;
import io.pghello.examples.service.StatementCounter;
import io.pghello.extension.testkit.NativeExtension;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@ServiceTest
class EndpointsIT {
  private static final String ADA = "{\"names\":[\"Ada\"]}";

  @LocalServerPort int port;
  @Autowired StatementCounter statements;
  @Autowired MeterRegistry meters;
  private Http http = new Http(0);

  @BeforeEach
  void connect() {
    http = new Http(port);
  }

  static List<Arguments> answers() {
    String time = "[0-9]{13}";
    return List.of(
        arguments(
            "/api/greeting/Ada",
            "",
            "{\"greeting\":\"Hello, Ada!\",\"timestamp_ms\":" + time + "}"),
        arguments(
            "/api/greeting/Ada?repeat=2",
            "",
            "{\"greeting\":\"Hello, Ada! Hello, Ada!\",\"timestamp_ms\":" + time + "}"),
        arguments("/api/timestamp", "", "{\"timestamp_ms\":" + time + "}"),
        arguments(
            "/api/info",
            "",
            "{\"postgresql_version\":\"PostgreSQL [0-9].*\",\"extension_version\":\""
                + NativeExtension.fromClassPath("pg_hello").version()
                + "\"}"),
        arguments(
            "/api/bulk-greetings",
            "{\"names\":[\"Ada\",\"Bob\",\"Ada\"],\"repeat\":1}",
            "{\"greetings\":\\[{\"name\":\"Ada\",\"greeting\":\"Hello, Ada!\"},"
                + "{\"name\":\"Bob\",\"greeting\":\"Hello, Bob!\"},"
                + "{\"name\":\"Ada\",\"greeting\":\"Hello, Ada!\"}\\]}"),
        arguments("/api/bulk-greetings", "{\"names\":[]}", "{\"greetings\":\\[\\]}"),
        arguments(
            "/greeting/Ada?repeat=1",
            "",
            "{\"greeting\":\"Hello, Ada!\",\"cached\":false,\"timestamp_ms\":" + time + "}"),
        arguments(
            "/greetings/batch",
            "{\"names\":[\"Ada\"],\"repeat\":2}",
            "{\"greetings\":\\[{\"name\":\"Ada\",\"greeting\":\"Hello, Ada! Hello,"
                + " Ada!\"}\\],\"count\":1}"),
        arguments("/health", "", "{\"status\":\"healthy\",\"service\":\"greeting-service\"}"));
  }

  @ParameterizedTest
  @MethodSource("answers")
  void answersWithTheFieldsOfTheGuide(String path, String body, String expected) throws Exception {
    Answer answer = body.isEmpty() ? http.get(path) : http.post(path, body);
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    assertThat(answer.header("Content-Type")).isEqualTo("application/json");
    assertThat(answer.response().body()).matches(expected.replace("{\"", "\\{\""));
  }

  @Test
  void changesTheConfigurationWithTheToken() throws Exception {
    Answer answer =
        http.post("/api/config/greeting", "{\"repeat\":1}", "Authorization", ServiceTest.BEARER);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.response().body())
        .isEqualTo("{\"message\":\"Configuration updated\",\"test_result\":\"Hello, Config!\"}");
  }

  @Test
  void fetchesTheTimestampInOneStatement() throws Exception {
    assertThat(statements.count(() -> http.get("/api/timestamp"))).isEqualTo(1);
    assertThat(statements.count(() -> http.get("/api/greeting/Ada"))).isEqualTo(1);
  }

  @Test
  void doesNotObserveSecurityFilters() throws Exception {
    assertThat(http.get("/api/greeting/Ada").status()).isEqualTo(200);
    // the request is counted only after the response
    await().until(this::meterNames, names -> names.contains("http.server.requests"));
    assertThat(meterNames()).noneMatch(name -> name.startsWith("spring.security"));
  }

  private Set<String> meterNames() {
    return meters.getMeters().stream()
        .map(meter -> meter.getId().getName())
        .collect(Collectors.toSet());
  }

  static Stream<String> oddNames() {
    return Stream.of(
        "O'Brien",
        "<b>Ada</b>",
        "a/b",
        "//",
        "a\\b",
        "a;b=c",
        "100%",
        "%41",
        "a b",
        " Ada ",
        "a?b#c",
        "-- DROP TABLE x; /*",
        "Zoë",
        "\uD83D\uDE00".repeat(50),
        "\u0001\n\t",
        "\uFEFFAda",
        "a.b",
        "...");
  }

  @ParameterizedTest
  @MethodSource("oddNames")
  void greetsAnyNameUnchanged(String name) throws Exception {
    String greeting = "Hello, " + name + "!";
    String body = JsonMapper.shared().writeValueAsString(java.util.Map.of("names", List.of(name)));
    assertThat(http.post("/greetings/batch", body).json().at("/greetings/0/greeting").asString())
        .isEqualTo(greeting);
    if (name.chars().anyMatch(c -> c < ' ')) {
      return; // paths cannot contain control characters
    }
    for (String path : List.of("/api/greeting/", "/greeting/")) {
      Answer answer = http.get(path + Http.encode(name));
      assertThat(answer.status()).as("%s", answer).isEqualTo(200);
      assertThat(answer.json().path("greeting").asString()).isEqualTo(greeting);
    }
  }

  static List<Arguments> badInputs() {
    String fiftyOne = "\uD83D\uDE00".repeat(51);
    return List.of(
        arguments("/api/greeting/" + Http.encode(fiftyOne), "", "name"),
        arguments("/api/greeting/%20", "", "name"),
        arguments("/api/greeting/Ada?repeat=0", "", "repeat"),
        arguments("/api/greeting/Ada?repeat=11", "", "repeat"),
        arguments("/api/greeting/Ada?repeat=two", "", "repeat"),
        arguments("/api/greeting/Ada?repeat=2.5", "", "repeat"),
        arguments("/api/greeting/Ada?repeat=99999999999", "", "repeat"),
        arguments("/api/greeting/Ada?repeat=9999999999", "", "repeat"),
        arguments("/api/greeting/Ada?repeat=0x2", "", "repeat"),
        arguments("/api/greeting/Ada?repeat=%232", "", "repeat"),
        arguments("/api/greeting/Ada?repeat=%2B3", "", "repeat"),
        arguments("/api/greeting/Ada?repeat=%202", "", "repeat"),
        arguments("/api/greeting/Ada?repeat=02", "", "repeat"),
        arguments("/api/greeting/Ada?repeat=%D9%A3", "", "repeat"),
        arguments("/api/greeting/Ada?repeat=1&repeat=2", "", "repeat"),
        arguments("/greeting/Ada?repeat=2&repeat=2", "", "repeat"),
        arguments("/greeting/Ada?repeat=0x2", "", "repeat"),
        arguments("/greeting/" + "a".repeat(51), "", "name"),
        arguments("/greeting/%09%20", "", "name"),
        arguments("/greeting/Ada?repeat=-1", "", "repeat"),
        arguments("BULK", "{}", "names"),
        arguments("BULK", "{\"names\":null}", "names"),
        arguments("BULK", "{\"names\":\"Ada\"}", "names"),
        arguments("BULK", "{\"names\":[\"Ada\",null]}", "names[1]"),
        arguments("BULK", "{\"names\":[\"Ada\",\"\"]}", "names[1]"),
        arguments("BULK", "{\"names\":[\"Ada\",\" \"]}", "names[1]"),
        arguments("BULK", "{\"names\":[\"Ada\",7]}", "names[1]"),
        arguments("BULK", "{\"names\":[7.5]}", "names[0]"),
        arguments("BULK", "{\"names\":[true]}", "names[0]"),
        arguments("BULK", "{\"names\":[\"A\\ud800da\"]}", "names[0]"),
        arguments("BULK", "{\"names\":[\"" + fiftyOne + "\"]}", "names[0]"),
        arguments("BULK", "{\"names\":[\"A\\u0000da\"]}", "names[0]"),
        arguments("BULK", "{\"names\":[\"Ada\"],\"repeat\":0}", "repeat"),
        arguments("BULK", "{\"names\":[\"Ada\"],\"repeat\":11}", "repeat"),
        arguments("BULK", "{\"names\":[\"Ada\"],\"repeat\":\"2\"}", "repeat"),
        arguments("BULK", "{\"names\":[\"Ada\"],\"repeat\":2.5}", "repeat"),
        arguments("BULK", names(1_001), "names"),
        arguments("BULK", "{\"names\":[\"Ada\"],\"repeats\":3}", "repeats"),
        arguments("CONFIG", "{\"repeat\":1,\"Repeat\":2}", "Repeat"),
        arguments("CONFIG", "{}", "repeat"),
        arguments("CONFIG", "{\"repeat\":null}", "repeat"),
        arguments("CONFIG", "{\"repeat\":0}", "repeat"),
        arguments("CONFIG", "{\"repeat\":11}", "repeat"),
        arguments("CONFIG", "{\"repeat\":true}", "repeat"));
  }

  @ParameterizedTest
  @MethodSource("badInputs")
  void refusesBadInputByItsField(String path, String body, String field) throws Exception {
    List<String> paths =
        switch (path) {
          case "BULK" -> List.of("/api/bulk-greetings", "/greetings/batch");
          case "CONFIG" -> List.of("/api/config/greeting");
          default -> List.of(path);
        };
    for (String each : paths) {
      Answer answer =
          body.isEmpty()
              ? http.get(each)
              : http.post(each, body, "Authorization", ServiceTest.BEARER);
      assertProblem(answer, 400, "INVALID_INPUT");
      JsonNode errors = answer.json().path("errors");
      assertThat(errors.size()).as("%s", answer).isEqualTo(1);
      assertThat(errors.at("/0/field").asString()).as("%s", answer).isEqualTo(field);
      assertThat(errors.at("/0/message").asString()).isNotEmpty();
    }
  }

  @Test
  void namesAllThatIsWrong() throws Exception {
    Answer answer = http.post("/greetings/batch", "{\"names\":[\"\",\"Ada\",\" \"],\"repeat\":12}");
    assertThat(answer.json().path("errors").valueStream().map(e -> e.path("field").asString()))
        .containsExactly("names[0]", "names[2]", "repeat");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "\"Ada\"",
        "{",
        "{\"names\":[\"Ada\"]}x",
        "{\"names\":[[\"Ada\"]]}",
        "{\"names\":[\"Ada\"],\"repeat\":3,\"repeat\":4}",
        "\u0000",
        "null",
        "Ada"
      })
  void rejectsBodiesThatAreNotJsonObjects(String body) throws Exception {
    assertProblem(http.post("/api/bulk-greetings", body), 400, "INVALID_BODY");
    if (!body.startsWith("{")) {
      assertProblem(http.post("/graphql", body), 400, "INVALID_BODY");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /unknown, 404, NOT_FOUND",
    "GET, /api/greeting, 404, NOT_FOUND",
    "GET, /api/greeting/, 404, NOT_FOUND",
    "GET, /api/bulk-greetings, 405, METHOD_NOT_ALLOWED",
    "POST, /api/greeting/Ada, 405, METHOD_NOT_ALLOWED",
    "POST, /api/load?batching=true, 403, LOAD_DISABLED",
    "TRACE, /health, 405, METHOD_NOT_ALLOWED",
    "GET, /error, 404, NOT_FOUND",
    "GET, /api/greeting/a%00b, 400, BAD_REQUEST",
    "GET, /api/greeting/a%0Ab, 400, INVALID_REQUEST",
    "GET, /api/greeting/a%zz, 400, BAD_REQUEST",
    "GET, /api/greeting/a;b=c, 400, INVALID_REQUEST",
    "GET, /health;a, 400, INVALID_REQUEST",
    "GET, /<>, 400, BAD_REQUEST",
    "G<T, /health, 400, BAD_REQUEST",
    "GET, /graphql, 405, METHOD_NOT_ALLOWED",
    "PUT, /graphql, 405, METHOD_NOT_ALLOWED",
  })
  void describesInvalidRequests(String method, String path, int status, String code)
      throws Exception {
    // unencoded, because Java's URI rejects some of them
    RawAnswer answer = RawAnswer.to(port, method + " " + path);
    assertThat(answer.status()).as("%s", answer).isEqualTo(status);
    assertThat(answer.text())
        .containsIgnoringCase("Content-Type: application/problem+json")
        .contains("\"code\":\"" + code + "\"", "\"type\":\"about:blank\"")
        .doesNotContain("\"instance\"");
  }

  @Test
  void refusesOtherTypes() throws Exception {
    assertProblem(
        http.post("/greetings/batch", ADA, "Content-Type", "text/plain"),
        415,
        "UNSUPPORTED_MEDIA_TYPE");
    assertProblem(
        http.post("/greetings/batch", ADA, "Content-Type", "multipart/form-data; boundary=x"),
        415,
        "UNSUPPORTED_MEDIA_TYPE");
    for (String type : List.of("application/xml", "application/yaml", "text/html", "garbage")) {
      assertProblem(http.get("/api/timestamp", "Accept", type), 406, "NOT_ACCEPTABLE");
      assertProblem(http.get("/greeting/Ada", "Accept", type), 406, "NOT_ACCEPTABLE");
    }
    // only problems have a code
    assertProblem(
        http.get("/api/timestamp", "Accept", "application/problem+json"), 406, "NOT_ACCEPTABLE");
    assertProblem(
        http.post("/graphql", "{\"query\":\"{__typename}\"}", "Accept", "application/xml"),
        406,
        "NOT_ACCEPTABLE");
    assertProblem(
        http.post("/graphql", "{\"query\":\"{__typename}\"}", "Accept", "garbage"),
        406,
        "NOT_ACCEPTABLE");
    for (String path : List.of("/api/bulk-greetings", "/greetings/batch", "/graphql")) {
      assertProblem(
          http.post(path, "names: [Ada]\n", "Content-Type", "application/yaml"),
          415,
          "UNSUPPORTED_MEDIA_TYPE");
      assertProblem(http.post(path, ADA, "Content-Type", "garbage"), 415, "UNSUPPORTED_MEDIA_TYPE");
    }
  }

  @Test
  void reportsErrorsInEnglish() throws Exception {
    Answer answer =
        http.post("/greetings/batch", "{\"names\":[\"\"],\"repeat\":11}", "Accept-Language", "de");
    assertThat(answer.json().path("errors").toString())
        .isEqualTo(
            "[{\"field\":\"names[0]\",\"message\":\"must have 1 to 50 characters that are not all"
                + " blank\"},{\"field\":\"repeat\",\"message\":\"must be less than or equal to"
                + " 10\"}]");
  }

  @Test
  void refusesBodiesThatAreTooLarge() throws Exception {
    String large = "{\"names\":[\"" + "a".repeat(1 << 20) + "\"]}";
    assertProblem(http.post("/greetings/batch", large), 413, "BODY_TOO_LARGE");
    // the body has an unknown length
    byte[] bytes = large.getBytes(StandardCharsets.UTF_8);
    Answer answer =
        http.send(
            "POST",
            "/greetings/batch",
            BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes)));
    assertProblem(answer, 413, "BODY_TOO_LARGE");
  }

  @Test
  void greetsAThousandNamesOfTheGreatestLengthInOneStatement() throws Exception {
    String emoji = "\\ud83d\\ude00".repeat(50);
    String body =
        "{\"names\":[" + String.join(",", Collections.nCopies(1_000, '"' + emoji + '"')) + "]}";
    int count =
        statements.count(
            () -> {
              Answer answer = http.post("/greetings/batch", body);
              assertThat(answer.status()).isEqualTo(200);
              assertThat(answer.json().path("count").asInt()).isEqualTo(1_000);
              assertThat(answer.json().at("/greetings/999/greeting").asString())
                  .isEqualTo("Hello, " + "\uD83D\uDE00".repeat(50) + "!");
            });
    assertThat(count).isEqualTo(1);
  }

  @Test
  void sendsHeadersThatProtectThePage() throws Exception {
    Answer answer = http.get("/health");
    assertThat(answer.header("Content-Security-Policy"))
        .startsWith("default-src 'none'; script-src 'self'");
    assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(answer.header("Referrer-Policy")).isEqualTo("no-referrer");
    assertThat(answer.header("Set-Cookie")).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/index.html", "/app.js", "/style.css", "/favicon.svg"})
  void browsersKeepTheFilesOfThePage(String path) throws Exception {
    Answer answer = http.get(path);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Cache-Control")).isEqualTo("no-cache");
    String tag = String.valueOf(answer.header("ETag"));
    assertThat(tag).startsWith("W/\"");
    assertThat(http.get(path, "If-None-Match", tag).status()).isEqualTo(304);
    assertThat(http.get(path, "If-None-Match", "W/\"other\"").status()).isEqualTo(200);
  }

  @Test
  void compressesOnlyThePage() throws Exception {
    for (String path : List.of("/", "/app.js", "/style.css")) {
      assertThat(http.get(path, "Accept-Encoding", "gzip").header("Content-Encoding"))
          .as(path)
          .isEqualTo("gzip");
    }
    Answer answer = http.post("/greetings/batch", names(1_000), "Accept-Encoding", "gzip");
    assertThat(answer.header("Content-Encoding")).isNull();
    assertThat(answer.header("Cache-Control")).contains("no-store");
  }

  private static String names(int count) {
    List<String> names = IntStream.range(0, count).mapToObj(i -> "\"n" + i + '"').toList();
    return "{\"names\":[" + String.join(",", names) + "]}";
  }

  private static void assertProblem(Answer answer, int status, String code) {
    assertThat(answer.status()).as("%s", answer).isEqualTo(status);
    assertThat(answer.response().body()).as("%s", answer).isNotEmpty();
    assertThat(answer.json().propertyNames())
        .contains("type", "title", "status", "detail", "code")
        .isSubsetOf("type", "title", "status", "detail", "code", "errors");
    assertThat(answer.json().path("type").asString()).isEqualTo("about:blank");
    assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
    assertThat(answer.code()).as("%s", answer).isEqualTo(code);
    assertThat(answer.json().path("status").asInt()).isEqualTo(status);
    assertThat(answer.json().path("title").asString()).isNotEmpty();
    assertThat(answer.json().path("detail").asString()).isNotEmpty();
    assertThat(answer.response().body()).doesNotContain("Exception", "tools.jackson", "io.pghello");
  }
}
