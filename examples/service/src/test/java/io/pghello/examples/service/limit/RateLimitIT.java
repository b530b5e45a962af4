// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.examples.service.Http;
import io.pghello.examples.service.Http.Answer;
import io.pghello.examples.service.ServiceTest;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/**
 * Tests the limits over HTTP, behind a trusted gateway at 127.0.0.1 that forwards the client's
 * address.
 */
@SpringBootTest(
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = {
      "greeting.admin-token=" + ServiceTest.TOKEN,
      "greeting.rate-limit.delay=0s",
      "greeting.rate-limit.unlimited=192.0.2.128/25",
      "server.forward-headers-strategy=native",
      "server.tomcat.remoteip.internal-proxies=127\\.0\\.0\\.1"
    })
@AutoConfigurePgHello
class RateLimitIT {
  @LocalServerPort int port;
  private Http http = new Http(0);

  @BeforeEach
  void connect() {
    http = new Http(port);
  }

  private Answer greet(String client) throws Exception {
    return http.get("/api/greeting/Ada", "X-Forwarded-For", client);
  }

  @Test
  void answersExactlyAHundredOfAThousandThatComeTogether() {
    List<CompletableFuture<Answer>> requests =
        IntStream.range(0, 1_000)
            .mapToObj(i -> http.getAsync("/api/greeting/Ada", "X-Forwarded-For", "192.0.2.1"))
            .toList();
    var allowed = new ArrayList<Long>();
    int refused = 0;
    for (CompletableFuture<Answer> request : requests) {
      Answer answer = request.join();
      if (answer.status() == 200) {
        allowed.add(Long.parseLong(String.valueOf(answer.header("RateLimit-Remaining"))));
      } else {
        assertThat(answer.status()).isEqualTo(429);
        refused++;
      }
    }
    assertThat(allowed).hasSize(100).doesNotHaveDuplicates();
    assertThat(refused).isEqualTo(900);
  }

  @Test
  void sendsRateLimitHeaders() throws Exception {
    Answer first = greet("192.0.2.2");
    assertThat(first.header("RateLimit-Policy")).isEqualTo("100;w=900");
    assertThat(first.header("RateLimit-Limit")).isEqualTo("100");
    assertThat(first.header("RateLimit-Remaining")).isEqualTo("99");
    assertThat(Integer.parseInt(String.valueOf(first.header("RateLimit-Reset")))).isBetween(1, 900);
    assertThat(first.header("Retry-After")).isNull();
    for (int i = 1; i < 100; i++) {
      greet("192.0.2.2");
    }
    Answer refused = greet("192.0.2.2");
    assertThat(refused.status()).isEqualTo(429);
    assertThat(refused.header("RateLimit-Remaining")).isEqualTo("0");
    assertThat(refused.header("Content-Type")).isEqualTo("application/problem+json");
    assertThat(refused.code()).isEqualTo("RATE_LIMITED");
    assertThat(Integer.parseInt(String.valueOf(refused.header("Retry-After")))).isBetween(1, 900);
  }

  private Answer post(String client, String path, String body) throws Exception {
    return http.post(path, body, "X-Forwarded-For", client);
  }

  private static String remaining(Answer answer) {
    return String.valueOf(answer.header("RateLimit-Remaining"));
  }

  private static String names(int count) {
    return "{\"names\":" + Collections.nCopies(count, "\"Ada\"") + "}";
  }

  private static String query(int names, String more) {
    return "{\"query\":\"query($names:[String!]!){bulkGreetings(names:$names){greeting}"
        + more
        + "}\",\"variables\":"
        + names(names)
        + "}";
  }

  @Test
  void limitsAllThatGreetsTogether() throws Exception {
    String client = "192.0.2.3";
    assertThat(remaining(greet(client))).isEqualTo("99");
    assertThat(remaining(http.get("/greeting/Ada", "X-Forwarded-For", client))).isEqualTo("98");
    assertThat(remaining(post(client, "/api/bulk-greetings", names(3)))).isEqualTo("97");
    assertThat(remaining(post(client, "/greetings/batch", names(3)))).isEqualTo("96");
    assertThat(remaining(post(client, "/graphql", query(3, "")))).isEqualTo("95");
    for (int i = 0; i < 95; i++) {
      assertThat(greet(client).status()).isEqualTo(200);
    }
    for (String path : List.of("/api/greeting/Ada", "/greeting/Ada")) {
      assertThat(http.get(path, "X-Forwarded-For", client).code()).isEqualTo("RATE_LIMITED");
    }
    for (String path : List.of("/api/bulk-greetings", "/greetings/batch", "/graphql")) {
      assertThat(post(client, path, names(1)).code()).as(path).isEqualTo("RATE_LIMITED");
    }
    for (String path : List.of("/api/timestamp", "/health", "/actuator/health")) {
      Answer answer = http.get(path, "X-Forwarded-For", client);
      assertThat(answer.status()).as(path).isEqualTo(200);
      assertThat(answer.header("RateLimit-Limit")).isNull();
    }
  }

  @ParameterizedTest
  @CsvSource({"/api/bulk-greetings, 192.0.2.20", "/greetings/batch, 192.0.2.21"})
  void countsTenNamesAsOneRequest(String path, String client) throws Exception {
    assertThat(remaining(post(client, path, names(10)))).isEqualTo("99");
    assertThat(remaining(post(client, path, names(11)))).isEqualTo("97");
    assertThat(remaining(post(client, path, names(900)))).isEqualTo("7");
    Answer refused = post(client, path, names(71));
    assertThat(refused.status()).isEqualTo(429);
    assertThat(refused.code()).isEqualTo("RATE_LIMITED");
    assertThat(refused.header("Content-Type")).isEqualTo("application/problem+json");
    assertThat(Integer.parseInt(String.valueOf(refused.header("Retry-After")))).isBetween(1, 900);
    // the rejected request counts as only one request
    assertThat(remaining(post(client, path, names(60)))).isEqualTo("0");
  }

  @Test
  void countsTheGreetingsOfAQuery() throws Exception {
    String client = "192.0.2.22";
    assertThat(post(client, "/graphql", query(900, "")).json().has("errors")).isFalse();
    assertThat(remaining(post(client, "/graphql", "{\"query\":\"{__typename}\"}"))).isEqualTo("9");
    String more = " one:greeting(name:\\\"Ada\\\"){greeting}";
    // nine requests remain: the request itself takes one, and its 91 greetings need nine more
    Answer refused = post(client, "/graphql", query(90, more));
    assertThat(refused.json().at("/errors/0/extensions/code").asString())
        .as("%s", refused)
        .isEqualTo("RATE_LIMITED");
    assertThat(post(client, "/graphql", query(69, more)).json().has("errors")).isFalse();
    assertThat(
            post(client, "/graphql", query(2, ""))
                .json()
                .at("/data/bulkGreetings/1/greeting")
                .asString())
        .isEqualTo("Hello, Ada!");
    assertThat(post(client, "/graphql", query(1, "")).code()).isEqualTo("RATE_LIMITED");
  }

  /** Another service, such as {@code examples/users}, requests greetings for all of its users. */
  @Test
  void doesNotLimitExemptClients() throws Exception {
    for (int i = 0; i < 3; i++) {
      Answer answer = post("192.0.2.128", "/greetings/batch", names(1_000));
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("RateLimit-Limit")).isNull();
    }
    assertThat(remaining(greet("192.0.2.127"))).isEqualTo("99");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/%67reeting/Ada",
        "/api/greeting;x=1/Ada",
        "/api;a=b/greeting/Ada",
        "/api/greeting/Ada?repeat=2",
        "/api/greeting/a/b",
        "/api/greeting"
      })
  void countsThePathHoweverItIsWritten(String path) throws Exception {
    Answer answer = http.get(path, "X-Forwarded-For", "192.0.2.4");
    assertThat(answer.header("RateLimit-Limit")).as("%s", answer).isEqualTo("100");
  }

  @Test
  void refusesBadInputAfterCountingIt() throws Exception {
    Answer answer = http.get("/api/greeting/Ada?repeat=0", "X-Forwarded-For", "192.0.2.5");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.header("RateLimit-Remaining")).isEqualTo("99");
  }

  @Test
  void takesANetworkOfIpv6ForOneClient() throws Exception {
    assertThat(greet("2001:db8::1").header("RateLimit-Remaining")).isEqualTo("99");
    assertThat(greet("2001:db8::2:2").header("RateLimit-Remaining")).isEqualTo("98");
    assertThat(greet("2001:db8:0:1::1").header("RateLimit-Remaining")).isEqualTo("99");
  }

  private CompletableFuture<Answer> evict(String client, String token) {
    return http.sendAsync(
        "DELETE",
        "/greeting/Ada",
        "",
        "X-Forwarded-For",
        client,
        "Authorization",
        "Bearer " + token);
  }

  @Test
  void refusesMoreThanTenWrongTokensOfAClient() throws Exception {
    List<CompletableFuture<Answer>> guesses =
        IntStream.range(0, 100).mapToObj(i -> evict("192.0.2.10", "guess" + i)).toList();
    int looked = 0;
    for (CompletableFuture<Answer> guess : guesses) {
      Answer answer = guess.join();
      if (answer.status() == 401) {
        looked++;
      } else {
        assertThat(answer.status()).isEqualTo(429);
        assertThat(answer.code()).isEqualTo("TOO_MANY_ATTEMPTS");
        assertThat(Integer.parseInt(String.valueOf(answer.header("Retry-After"))))
            .isBetween(1, 900);
      }
    }
    assertThat(looked).isEqualTo(10);
    // clients with the same address must not be able to lock out the administrator
    assertThat(evict("192.0.2.10", ServiceTest.TOKEN).join().status()).isEqualTo(204);
    // requests without a token, or from another address, are not affected
    assertThat(greet("192.0.2.10").status()).isEqualTo(200);
    for (int i = 0; i < 20; i++) {
      assertThat(evict("192.0.2.11", ServiceTest.TOKEN).join().status()).isEqualTo(204);
    }
  }

  @Test
  void trustsOnlyTheGateway() throws Exception {
    assertThat(remainingFrom("127.0.0.2", "192.0.2.6")).isEqualTo(99);
    assertThat(remainingFrom("127.0.0.2", "192.0.2.7")).isEqualTo(98);
    assertThat(remainingFrom("127.0.0.1", "192.0.2.6")).isEqualTo(99);
    // the header value that the client sent precedes the address that the gateway added
    assertThat(remainingFrom("127.0.0.1", "198.51.100.1, 192.0.2.6")).isEqualTo(98);
  }

  @SuppressWarnings("AddressSelection") // both are numeric
  private int remainingFrom(String address, String forwardedFor) throws Exception {
    try (var socket = new Socket()) {
      socket.bind(new InetSocketAddress(InetAddress.getByName(address), 0));
      socket.connect(new InetSocketAddress("127.0.0.1", port));
      String request =
          "GET /api/greeting/Ada HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
              + ("X-Forwarded-For: " + forwardedFor + "\r\n\r\n");
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return answer
          .lines()
          .filter(line -> line.startsWith("RateLimit-Remaining: "))
          .map(line -> Integer.parseInt(line.substring(line.indexOf(' ') + 1)))
          .findFirst()
          .orElseThrow(() -> new AssertionError(answer));
    }
  }

  @Test
  void documentsRateLimitedOperations() throws Exception {
    JsonNode paths = http.get("/v3/api-docs").json().path("paths");
    var limited = new TreeSet<String>();
    for (String path : paths.propertyNames()) {
      for (String method : paths.path(path).propertyNames()) {
        JsonNode answer = paths.path(path).path(method).at("/responses/429");
        if (answer.path("description").asString("").contains("too many requests")) {
          limited.add(method + " " + path);
        }
      }
    }
    assertThat(limited)
        .containsExactly(
            "get /api/greeting/{name}",
            "get /greeting/{name}",
            "post /api/bulk-greetings",
            "post /greetings/batch");
  }
}
