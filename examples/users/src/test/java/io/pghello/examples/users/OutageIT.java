// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pghello.examples.users.Http.Answer;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/** What callers are told while what the service stands on is not there. */
@Timeout(300)
class OutageIT {
  private static final Duration LONG = Duration.ofSeconds(90);
  private static final String BOB = "{\"username\":\"Bob\",\"email\":\"bob@example.com\"}";
  private static final Backend.Behaviour GREETING = Backend.answering(200, "{\"greeting\":\"Hi\"}");

  @Test
  void answersThatItIsUnavailableAndRecovers() throws Exception {
    try (PgHelloServer server = PgHelloServer.start();
        TestDatabase database = server.createDatabase();
        var greetingService = new Backend(GREETING);
        ConfigurableApplicationContext service =
            SpringApplication.run(
                UserServiceApplication.class,
                "--spring.datasource.url=" + database.jdbcUrl(),
                "--server.port=0",
                "--greeting.service.url=http://" + greetingService.address(),
                "--greeting.service.open-for=1ms")) {
      var http =
          new Http(service.getEnvironment().getRequiredProperty("local.server.port", int.class));
      awaitReady(http);
      String ada =
          String.valueOf(
              http.post("/users", "{\"username\":\"Ada\",\"email\":\"ada@example.com\"}")
                  .header("Location"));
      assertGreets(http, ada, "Hi", "greeting-service");

      for (Backend.Behaviour failing :
          List.of(
              Backend.dying(),
              Backend.answering(503, "{}"),
              Backend.answering(302, "{\"greeting\":\"Moved\"}"),
              Backend.answering(200, "nonsense"))) {
        greetingService.behave(failing);
        assertGreets(http, ada, "Hello, Ada!", "database");
        assertThat(http.get("/actuator/health/readiness").status()).isEqualTo(200);
      }

      execute(database, "DROP EXTENSION pg_hello CASCADE");
      assertUnavailable(http.post("/users", BOB));
      assertUnavailable(http.get(ada + "/greeting"));
      assertThat(http.get(ada).status()).isEqualTo(200);
      assertThat(http.get("/actuator/health/readiness").status()).isEqualTo(503);
      execute(database, "CREATE EXTENSION pg_hello");
      awaitReady(http);
      assertGreets(http, ada, "Hello, Ada!", "database");

      server.stop();
      greetingService.behave(GREETING);
      for (Answer answer : allOf(http, ada)) {
        assertUnavailable(answer);
      }
      assertThat(http.get("/actuator/health/readiness").status()).isEqualTo(503);
      assertThat(http.get("/actuator/health/liveness").status()).isEqualTo(200);
      server.startAgain();
      awaitReady(http);
      assertThat(allOf(http, ada)).extracting(Answer::status).containsExactly(201, 200, 200, 200);
      await().atMost(LONG).untilAsserted(() -> assertGreets(http, ada, "Hi", "greeting-service"));
    }
  }

  private static List<Answer> allOf(Http http, String user) throws Exception {
    List<Answer> answers = new ArrayList<>();
    answers.add(http.post("/users", BOB));
    for (String path : List.of("/users", user, user + "/greeting")) {
      answers.add(http.get(path));
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

  private static void awaitReady(Http http) {
    await()
        .atMost(LONG)
        .ignoreExceptions()
        .until(() -> http.get("/actuator/health/readiness").status() == 200);
  }
}
