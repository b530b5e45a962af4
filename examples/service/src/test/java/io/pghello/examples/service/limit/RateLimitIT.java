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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** The limits over HTTP, behind a gateway at 127.0.0.1, which alone may name the client. */
@SpringBootTest(
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = {
      "greeting.admin-token=" + ServiceTest.TOKEN,
      "greeting.rate-limit.delay=0s",
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

  private void useUp(String client) throws Exception {
    for (int i = 0; i < 100; i++) {
      assertThat(greet(client).status()).isEqualTo(200);
    }
    assertThat(greet(client).status()).isEqualTo(429);
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
  void tellsTheClientWhatIsLeft() throws Exception {
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

  @Test
  void limitsTheGreetingsOfTheApiAlone() throws Exception {
    useUp("192.0.2.3");
    String[] client = {"X-Forwarded-For", "192.0.2.3"};
    for (String path : List.of("/greeting/Ada", "/api/timestamp", "/health", "/actuator/health")) {
      Answer answer = http.get(path, client);
      assertThat(answer.status()).as(path).isEqualTo(200);
      assertThat(answer.header("RateLimit-Limit")).isNull();
    }
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
        "DELETE", "/greeting/Ada", "X-Forwarded-For", client, "Authorization", "Bearer " + token);
  }

  @Test
  void looksAtTenWrongTokensOfAClient() throws Exception {
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
    assertThat(evict("192.0.2.10", ServiceTest.TOKEN).join().status()).isEqualTo(429);
    // without a token, and from elsewhere
    assertThat(greet("192.0.2.10").status()).isEqualTo(200);
    for (int i = 0; i < 20; i++) {
      assertThat(evict("192.0.2.11", ServiceTest.TOKEN).join().status()).isEqualTo(204);
    }
  }

  @Test
  void believesTheGatewayAlone() throws Exception {
    assertThat(remainingFrom("127.0.0.2", "192.0.2.6")).isEqualTo(99);
    assertThat(remainingFrom("127.0.0.2", "192.0.2.7")).isEqualTo(98);
    assertThat(remainingFrom("127.0.0.1", "192.0.2.6")).isEqualTo(99);
    // what a client sends to the gateway stands before what the gateway adds
    assertThat(remainingFrom("127.0.0.1", "198.51.100.1, 192.0.2.6")).isEqualTo(98);
  }

  @SuppressWarnings("AddressSelection") // these two are numbers, and have one address
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
}
