// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.pghello.examples.users.Http.Answer;
import io.pghello.examples.web.ProblemWriter;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.hibernate.SessionFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/** Tests the user service without a greeting service. */
@SpringBootTest(
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = {
      "spring.jpa.properties.hibernate.generate_statistics=true",
      "users.admin-token=" + UsersIT.TOKEN
    })
@AutoConfigurePgHello
class UsersIT {
  static final String TOKEN = "a-token-of-this-test";
  static final String BEARER = "Bearer " + TOKEN;

  @LocalServerPort int port;
  @Autowired JdbcClient jdbc;
  @Autowired SessionFactory sessions;
  private Http http = new Http(0);

  @BeforeEach
  void empty() {
    http = new Http(port);
    jdbc.sql("TRUNCATE users").update();
    jdbc.sql("DELETE FROM app_config").update();
  }

  private static String user(String username) {
    return "{\"username\":\"%s\",\"email\":\"someone@example.com\"}".formatted(username);
  }

  private Answer signUp(String username) throws Exception {
    Answer answer = http.post("/users", user(username));
    assertThat(answer.status()).as("%s", answer).isEqualTo(201);
    return answer;
  }

  /** Sends a request as an administrator. */
  private Answer get(String path, String... headers) throws Exception {
    var all = new ArrayList<>(List.of("Authorization", BEARER));
    all.addAll(List.of(headers));
    return http.get(path, all.toArray(String[]::new));
  }

  @Test
  void welcomesWhoSignsUp() throws Exception {
    long before = sessions.getStatistics().getPrepareStatementCount();
    Answer answer = signUp("O'Brien");
    assertThat(sessions.getStatistics().getPrepareStatementCount() - before).isEqualTo(1);
    assertThat(answer.text("username")).isEqualTo("O'Brien");
    assertThat(answer.text("email")).isEqualTo("someone@example.com");
    assertThat(answer.text("welcome_message")).isEqualTo("Hello, O'Brien!");
    assertThat(Instant.ofEpochMilli(answer.json().path("created_at").asLong()))
        .isBetween(Instant.now().minus(Duration.ofMinutes(5)), Instant.now().plusSeconds(60));
    String location = String.valueOf(answer.header("Location"));
    assertThat(get(location).json()).isEqualTo(answer.json());
  }

  @Test
  void takesAUsernameOnce() throws Exception {
    signUp("Ada");
    Answer answer = http.post("/users", user("Ada"));
    assertThat(answer.status()).isEqualTo(409);
    assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
    assertThat(answer.text("code")).isEqualTo("USERNAME_TAKEN");
    assertThat(answer.response().body()).doesNotContain("users_username_key");
    signUp("ada");
  }

  @Test
  void takesAUsernameOnceHoweverManyTryAtTheSameTime() {
    List<CompletableFuture<Integer>> trying = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      trying.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return http.post("/users", user("Ada")).status();
                } catch (Exception e) {
                  throw new AssertionError(e);
                }
              }));
    }
    List<Integer> statuses = trying.stream().map(CompletableFuture::join).toList();
    assertThat(statuses).containsOnlyOnce(201).containsOnly(201, 409);
  }

  @Test
  void countsCharactersAndNotUnits() throws Exception {
    signUp("😀".repeat(50));
    assertThat(http.post("/users", user("😀".repeat(51))).status()).isEqualTo(400);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"email\":\"a@example.com\"} | INVALID_INPUT | username",
        "{\"username\":null,\"email\":\"a@example.com\"} | INVALID_INPUT | username",
        "{\"username\":\"\",\"email\":\"a@example.com\"} | INVALID_INPUT | username",
        "{\"username\":\" \",\"email\":\"a@example.com\"} | INVALID_INPUT | username",
        "{\"username\":\"a\\u0000b\",\"email\":\"a@example.com\"} | INVALID_INPUT | username",
        "{\"username\":\"a\\ud800\",\"email\":\"a@example.com\"} | INVALID_INPUT | username",
        "{\"username\":\"Ada\"} | INVALID_INPUT | email",
        "{\"username\":\"Ada\",\"email\":\"nobody\"} | INVALID_INPUT | email",
        "{\"username\":\"Ada\",\"email\":\"a\\u0000@example.com\"} | INVALID_INPUT | email",
        "{\"username\":\"Ada\",\"username\":\"Bob\",\"email\":\"a@example.com\"} | INVALID_BODY | ''",
        "{\"username\":\"Ada\",\"email\":\"a@example.com\",\"admin\":1} | INVALID_INPUT | admin",
        "{\"username\":7,\"email\":\"a@example.com\"} | INVALID_INPUT | username",
        "[] | INVALID_BODY | ''",
        "nonsense | INVALID_BODY | ''",
        "'' | INVALID_BODY | ''"
      })
  void refusesOtherUsers(String body, String code, String field) throws Exception {
    Answer answer = http.post("/users", body);
    assertThat(answer.status()).as("%s", answer).isEqualTo(400);
    assertThat(answer.text("code")).isEqualTo(code);
    assertThat(answer.json().at("/errors/0/field").asString()).isEqualTo(field);
    assertThat(get("/users").json().path("users")).isEmpty();
  }

  @Test
  void refusesAnEmailThatIsTooLong() throws Exception {
    String email = "a@" + "example.".repeat(12) + "com";
    assertThat(
            http.post("/users", "{\"username\":\"Ada\",\"email\":\"%s\"}".formatted(email))
                .status())
        .isEqualTo(400);
  }

  @Test
  void refusesABodyThatIsTooLarge() throws Exception {
    Answer large = http.post("/users", " ".repeat(20_000) + user("Ada"));
    assertThat(large.status()).isEqualTo(413);
    assertThat(large.text("code")).isEqualTo("BODY_TOO_LARGE");
    assertThat(signUpInChunks(" ".repeat(20_000) + user("Ada")).text("code"))
        .isEqualTo("BODY_TOO_LARGE");
    assertThat(signUpInChunks(user("Ada")).status()).isEqualTo(201);
  }

  /** Signs up a user with a request without a content length. */
  private Answer signUpInChunks(String body) throws Exception {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    return http.send(
        "POST", "/users", BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes)));
  }

  @Test
  void listsUsersInTheOrderOfTheirNumbers() throws Exception {
    for (String name : List.of("Ada", "Bob", "Carol")) {
      signUp(name);
    }
    Answer two = get("/users?limit=2");
    assertThat(two.json().at("/users/0/username").asString()).isEqualTo("Ada");
    assertThat(two.json().path("users")).hasSize(2);
    int last = two.json().at("/users/1/id").asInt();
    Answer rest = get("/users?after=" + last);
    assertThat(rest.json().path("users")).hasSize(1);
    assertThat(rest.json().at("/users/0/welcome_message").asString()).isEqualTo("Hello, Carol!");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/users?limit=0",
        "/users?limit=1001",
        "/users?limit=many",
        "/users?after=-1",
        "/users?limit=0x2",
        "/users?limit=1&limit=2",
        "/users?after=01",
        "/users?after=%2B1",
        "/users/one",
        "/users/0x1",
        "/users/%231",
        "/users/01/greeting",
        "/users/99999999999/greeting"
      })
  void refusesOtherNumbers(String path) throws Exception {
    Answer answer = get(path);
    assertThat(answer.status()).as("%s", answer).isEqualTo(400);
    assertThat(answer.text("code")).isEqualTo("INVALID_INPUT");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/users/0", "/users/0/greeting", "/users/1/nothing", "/nothing"})
  void reportsMissingResources(String path) throws Exception {
    Answer answer = get(path);
    assertThat(answer.status()).as("%s", answer).isEqualTo(404);
    assertThat(answer.text("code")).isEqualTo("NOT_FOUND");
  }

  /** Tomcat rejects some of these requests before the application sees them. */
  @ParameterizedTest
  @CsvSource({
    "GET, /users/%00, 400, BAD_REQUEST",
    "GET, /users/%zz, 400, BAD_REQUEST",
    "GET, /users/<>, 400, BAD_REQUEST",
    "G<T, /users, 400, BAD_REQUEST",
    "GET, /users%2f, 404, NOT_FOUND",
    "GET, /users/..%5cx, 400, INVALID_INPUT",
    "GET, /users;a=b, 400, INVALID_REQUEST",
    "POST, /users;a, 400, INVALID_REQUEST",
    "GET, /error, 404, NOT_FOUND",
    "TRACE, /users/0/greeting, 405, METHOD_NOT_ALLOWED"
  })
  void describesInvalidRequests(String method, String path, int status, String code)
      throws Exception {
    String answer =
        http.raw(
            "%s %s HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\nConnection: close\r\n\r\n"
                .formatted(method, path, BEARER));
    assertThat(answer)
        .startsWith("HTTP/1.1 " + status)
        .containsIgnoringCase("Content-Type: application/problem+json")
        .contains("\"code\":\"" + code + "\"", "\"type\":\"about:blank\"");
  }

  @Test
  void greetsByTheDatabaseAsOftenAsItIsConfigured() throws Exception {
    String path = signUp("O'Brien").header("Location") + "/greeting";
    jdbc.sql("SELECT update_greeting_config(2)").query(String.class).single();
    Answer answer = get(path);
    assertThat(answer.text("greeting")).isEqualTo("Hello, O'Brien! Hello, O'Brien!");
    assertThat(answer.text("source")).isEqualTo("database");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/users", "/users?limit=1", "/users/1", "/users/0", "/users/one", "/%75sers"})
  void listsUsersOnlyForAdministrators(String path) throws Exception {
    signUp("Ada");
    for (String[] headers :
        List.of(
            new String[0],
            new String[] {"Authorization", "Bearer wrong"},
            new String[] {"Authorization", TOKEN})) {
      for (String method : List.of("GET", "HEAD")) {
        Answer answer = http.send(method, path, BodyPublishers.noBody(), headers);
        assertThat(answer.status()).as("%s", answer).isEqualTo(401);
        assertThat(answer.header("WWW-Authenticate")).isEqualTo("Bearer");
        assertThat(answer.response().body()).doesNotContain("Ada");
      }
    }
    assertThat(http.get(path).text("code")).isEqualTo("UNAUTHORIZED");
  }

  @Test
  void greetingNeedsNoToken() throws Exception {
    String path = signUp("Ada").header("Location") + "/greeting";
    assertThat(http.get(path).text("greeting")).isEqualTo("Hello, Ada!");
  }

  @Test
  void answersInOneShapeAndLanguage() throws Exception {
    Answer answer =
        http.send(
            "POST",
            "/users",
            BodyPublishers.ofString("{\"username\":\"\",\"email\":\"nobody\"}"),
            "Accept-Language",
            "de");
    assertThat(answer.json().propertyNames())
        .containsExactlyInAnyOrder("type", "title", "status", "detail", "code", "errors");
    assertThat(answer.json().at("/errors/0").toString())
        .isEqualTo("{\"field\":\"email\",\"message\":\"must be a well-formed email address\"}");
    assertThat(answer.json().at("/errors/1/field").asString()).isEqualTo("username");
    Answer missing = get("/users/0");
    assertThat(missing.json().propertyNames())
        .containsExactlyInAnyOrder("type", "title", "status", "detail", "code");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/users", "/users/1/nothing", "/actuator/health"})
  void sendsHeadersThatProtect(String path) throws Exception {
    Answer answer = http.get(path);
    assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(answer.header("Content-Security-Policy")).startsWith("default-src 'none'");
    assertThat(answer.header("Referrer-Policy")).isEqualTo("no-referrer");
    assertThat(answer.header("Cache-Control")).contains("no-store");
  }

  @Test
  void refusesATokenThatCanBeGuessed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new AdminTokenFilter("short", new ProblemWriter(JsonMapper.shared())))
        .withMessageContaining("users.admin-token must have 16 characters or more");
  }
}
