// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pghello.examples.users.Http.Answer;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

/** Tests the responses while dependencies of the service are unavailable. */
@Timeout(300)
@ExtendWith(OutputCaptureExtension.class)
class OutageIT {
  private static final Duration LONG = Duration.ofSeconds(90);
  private static final String BOB = "{\"username\":\"Bob\",\"email\":\"bob@example.com\"}";
  private static final Backend.Behaviour GREETING =
      Backend.answering(200, "{\"greetings\":[{\"greeting\":\"Hi\"}]}");

  @Test
  void answersThatItIsUnavailableAndRecovers(CapturedOutput output) throws Exception {
    long begin = System.nanoTime();
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        var greetingService = new Backend(GREETING);
        ConfigurableApplicationContext service =
            SpringApplication.run(
                UserServiceApplication.class,
                "--spring.datasource.url=" + database.jdbcUrl(),
                "--server.port=0",
                "--users.admin-token=" + UsersIT.TOKEN,
                "--management.server.port=0",
                "--management.endpoints.web.exposure.include=health,prometheus",
                "--greeting.service.url=http://" + greetingService.address(),
                "--greeting.service.open-for=1ms")) {
      Http http = http(service, "local.server.port");
      Http management = http(service, "local.management.port");
      awaitReady(management);
      String ada =
          String.valueOf(
              http.post("/users", "{\"username\":\"Ada\",\"email\":\"ada@example.com\"}")
                  .header("Location"));
      assertGreets(http, ada, "Hi", "greeting-service");
      assertThat(http.get("/actuator/prometheus").status()).isEqualTo(404);
      assertThat(management.get("/actuator/prometheus").response().body())
          .contains("pg_hello_round_trip_seconds_count", "hikaricp_connections_pending");

      for (Backend.Behaviour failing :
          List.of(
              Backend.dying(),
              Backend.answering(503, "{}"),
              Backend.answering(302, "{\"greeting\":\"Moved\"}"),
              Backend.answering(200, "nonsense"))) {
        greetingService.behave(failing);
        for (int i = 0; i < 10; i++) {
          assertGreets(http, ada, "Hello, Ada!", "database");
        }
        assertThat(management.get("/actuator/health/readiness").status()).isEqualTo(200);
      }

      assertAtMostOneLineAMinute(output, "GREETING_SERVICE_UNAVAILABLE", begin);

      execute(database, "DROP EXTENSION pg_hello CASCADE");
      assertUnavailable(http.post("/users", BOB));
      assertUnavailable(http.get(ada + "/greeting"));
      assertThat(http.get(ada, "Authorization", UsersIT.BEARER).status()).isEqualTo(200);
      assertThat(management.get("/actuator/health/readiness").status()).isEqualTo(503);
      execute(database, "CREATE EXTENSION pg_hello");
      awaitReady(management);
      assertGreets(http, ada, "Hello, Ada!", "database");

      server.stop();
      greetingService.behave(GREETING);
      for (Answer answer : allOf(http, ada)) {
        assertUnavailable(answer);
      }
      assertAtMostOneLineAMinute(output, "DATABASE_UNAVAILABLE", begin);
      assertThat(output.getAll())
          .doesNotContain("Application exception overridden", "hibernate.orm.jdbc.error");
      assertThat(management.get("/actuator/health/readiness").status()).isEqualTo(503);
      assertThat(management.get("/actuator/health/liveness").status()).isEqualTo(200);
      server.startAgain();
      awaitReady(management);
      assertThat(allOf(http, ada)).extracting(Answer::status).containsExactly(201, 200, 200, 200);
      await().atMost(LONG).untilAsserted(() -> assertGreets(http, ada, "Hi", "greeting-service"));
    }
  }

  private static void assertAtMostOneLineAMinute(CapturedOutput output, String code, long begin) {
    List<String> lines =
        output.getAll().lines().filter(l -> l.contains("WARN") && l.contains(code)).toList();
    long minutes = TimeUnit.NANOSECONDS.toMinutes(System.nanoTime() - begin);
    assertThat(lines).hasSizeBetween(1, Math.toIntExact(1 + minutes));
  }

  private static Http http(ConfigurableApplicationContext service, String port) {
    return new Http(service.getEnvironment().getRequiredProperty(port, int.class));
  }

  private static List<Answer> allOf(Http http, String user) throws Exception {
    List<Answer> answers = new ArrayList<>();
    answers.add(http.post("/users", BOB));
    for (String path : List.of("/users", user, user + "/greeting")) {
      answers.add(http.get(path, "Authorization", UsersIT.BEARER));
    }
    return answers;
  }

  private static void assertGreets(Http http, String user, String greeting, String source)
      throws Exception {
    Answer answer = http.get(user + "/greeting");
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    assertThat(answer.text("greeting")).isEqualTo(greeting);
    assertThat(answer.text("source")).isEqualTo(source);
  }

  private static void assertUnavailable(Answer answer) {
    assertThat(answer.status()).as("%s", answer).isEqualTo(503);
    assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
    assertThat(answer.header("Retry-After")).isEqualTo("5");
    assertThat(answer.text("code")).isEqualTo("DATABASE_UNAVAILABLE");
    assertThat(answer.text("detail")).isEqualTo("The database is not available.");
  }

  private static void execute(TestDatabase database, String sql) throws SQLException {
    try (Connection connection = database.superuserDataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void awaitReady(Http management) {
    await()
        .atMost(LONG)
        .ignoreExceptions()
        .until(() -> management.get("/actuator/health/readiness").status() == 200);
  }
}
