// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pghello.examples.service.Http.Answer;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

/** Tests the responses while the database or the extension is unavailable. */
@ExtendWith(OutputCaptureExtension.class)
class OutageIT {
  private static final Duration LONG = Duration.ofSeconds(90);
  private static final Map<String, String> REQUESTS = new LinkedHashMap<>();

  static {
    REQUESTS.put("/api/greeting/Ada", "");
    REQUESTS.put("/api/timestamp", "");
    REQUESTS.put("/api/info", "");
    REQUESTS.put("/api/bulk-greetings", "{\"names\":[\"Ada\"]}");
    REQUESTS.put("/api/config/greeting", "{\"repeat\":1}");
    REQUESTS.put("/greeting/Ada", "");
    REQUESTS.put("/greetings/batch", "{\"names\":[\"Ada\"]}");
  }

  @Test
  void answersThatItIsUnavailableAndRecovers(CapturedOutput output) throws Exception {
    long begin = System.nanoTime();
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        ConfigurableApplicationContext service =
            SpringApplication.run(
                GreetingServiceApplication.class,
                "--spring.datasource.url=" + database.jdbcUrl(),
                "--server.port=0",
                "--management.server.port=0",
                "--management.endpoints.web.exposure.include=health,prometheus",
                "--greeting.admin-token=" + ServiceTest.TOKEN,
                "--greeting.cache=caffeine")) {
      Http http = http(service, "local.server.port");
      Http management = http(service, "local.management.port");
      awaitHealthy(http, management);
      assertBobIsCached(http, false);
      assertThat(http.get("/actuator/prometheus").status()).isEqualTo(404);
      assertThat(management.get("/actuator/prometheus").response().body())
          .contains("pg_hello_round_trip_seconds_count", "hikaricp_connections_pending");

      execute(database, "DROP EXTENSION pg_hello CASCADE");
      assertUnavailable(
          http, management, "NOT_CREATED", "The extension pg_hello is not available.");
      assertAtMostOneLineAMinute(output, "NOT_CREATED", System.nanoTime() - begin);
      execute(database, "CREATE EXTENSION pg_hello");
      awaitHealthy(http, management);

      server.stop();
      assertUnavailable(
          http,
          management,
          "CONNECTION_UNAVAILABLE|CONNECTION_LOST",
          "The database is not available.");
      assertBobIsCached(http, true);
      server.startAgain();
      awaitHealthy(http, management);
      for (Map.Entry<String, String> request : REQUESTS.entrySet()) {
        assertThat(send(http, request).status()).as("%s", request).isEqualTo(200);
      }
    }
  }

  private static void assertAtMostOneLineAMinute(CapturedOutput output, String code, long nanos) {
    assertThat(output.getAll().lines().filter(l -> l.contains("WARN") && l.contains(code)).count())
        .isBetween(1L, 1 + TimeUnit.NANOSECONDS.toMinutes(nanos));
  }

  private static Http http(ConfigurableApplicationContext service, String port) {
    return new Http(service.getEnvironment().getRequiredProperty(port, int.class));
  }

  private static void assertBobIsCached(Http http, boolean cached) throws Exception {
    Answer answer = http.get("/greeting/Bob");
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    assertThat(answer.json().path("cached").asBoolean()).isEqualTo(cached);
  }

  private static void execute(TestDatabase database, String sql) throws Exception {
    try (Connection connection = database.superuserDataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Answer send(Http http, Map.Entry<String, String> request) throws Exception {
    return request.getValue().isEmpty()
        ? http.get(request.getKey())
        : http.post(request.getKey(), request.getValue(), "Authorization", ServiceTest.BEARER);
  }

  private static void assertUnavailable(Http http, Http management, String code, String detail)
      throws Exception {
    for (Map.Entry<String, String> request : REQUESTS.entrySet()) {
      Answer answer = send(http, request);
      assertThat(answer.status()).as("%s", answer).isEqualTo(503);
      assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
      assertThat(answer.header("Retry-After")).isEqualTo("5");
      assertThat(answer.code()).as("%s", answer).matches(code);
      assertThat(answer.json().path("detail").asString()).isEqualTo(detail);
    }
    Answer query = http.post("/graphql", "{\"query\":\"{greeting(name:\\\"Ada\\\"){greeting}}\"}");
    assertThat(query.status()).isEqualTo(200);
    assertThat(query.json().at("/errors/0/extensions/code").asString())
        .as("%s", query)
        .matches(code);
    assertThat(query.json().at("/errors/0/message").asString()).isEqualTo(detail);
    Answer health = http.get("/health");
    assertThat(health.status()).isEqualTo(503);
    assertThat(health.header("Retry-After")).isEqualTo("5");
    assertThat(health.response().body())
        .matches(
            "\\{\"status\":\"unhealthy\",\"service\":\"greeting-service\",\"code\":\"("
                + code
                + ")\"}");
    assertThat(management.get("/actuator/health/readiness").status()).isEqualTo(503);
    assertThat(management.get("/actuator/health/liveness").status()).isEqualTo(200);
  }

  private static void awaitHealthy(Http http, Http management) {
    await()
        .atMost(LONG)
        .ignoreExceptions()
        .until(
            () ->
                http.get("/health").status() == 200
                    && management.get("/actuator/health/readiness").status() == 200);
  }
}
