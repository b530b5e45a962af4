// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import io.pghello.examples.web.OutageLog;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.deser.std.StdDeserializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

/** Tests failures of the greeting service. */
@Timeout(120)
class GreetingServiceIT {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final long ONE_GB = 1L << 30;
  private static final String HI =
      "{\"greetings\":[{\"name\":\"Ada\",\"greeting\":\"Hi\"}],\"count\":1}";

  private final Backend service = new Backend(Backend.answering(200, HI));

  @AfterEach
  void close() {
    service.close();
  }

  private GreetingServiceClient client(Duration readTimeout, Duration openFor) {
    return new GreetingServiceClient(
        new GreetingServiceProperties(
            URI.create("http://" + service.address()), LONG, readTimeout, openFor),
        JsonMapper.shared(),
        new OutageLog());
  }

  private GreetingServiceClient client() {
    return client(LONG, LONG);
  }

  /** Some of these names cannot be part of a path. */
  @ParameterizedTest
  @ValueSource(strings = {"Ada", "a/b c?ü", ".", "..", "a\nb", "a;b", "\uD83D\uDE00"})
  void sendsAnyNameToTheService(String name) {
    assertThat(client().greet(name)).contains("Hi");
    assertThat(service.requests()).hasSize(1);
    Backend.Request request = service.requests().get(0);
    assertThat(request.method() + " " + request.path()).isEqualTo("POST /greetings/batch");
    assertThat(JsonMapper.shared().readTree(request.body()))
        .isEqualTo(JsonMapper.shared().valueToTree(Map.of("names", List.of(name))));
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 404, 429})
  void rejectedRequestDoesNotBlockOtherRequests(int status) {
    service.behave(Backend.answering(status, "{}"));
    GreetingServiceClient client = client();
    for (int i = 0; i < 20; i++) {
      assertThat(client.greet("Eve")).isEmpty();
    }
    service.behave(Backend.answering(200, HI));
    assertThat(client.greet("Ada")).contains("Hi");
  }

  @Test
  void retriesAFailedRequestOnce() {
    var count = new AtomicInteger();
    service.behave(
        exchange -> {
          if (count.incrementAndGet() == 1) {
            Backend.answering(503, "{}").answer(exchange);
          } else {
            Backend.answering(200, HI).answer(exchange);
          }
        });
    assertThat(client().greet("Ada")).contains("Hi");
    assertThat(service.requests()).hasSize(2);
  }

  @Test
  void doesNotRetryARejectedRequest() {
    service.behave(Backend.answering(429, "{}"));
    assertThat(client().greet("Ada")).isEmpty();
    assertThat(service.requests()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"greetings\":null}",
        "{\"greetings\":[]}",
        "{\"greetings\":[null]}",
        "{\"greetings\":[{\"greeting\":null}]}",
        "{\"greetings\":[{\"greeting\":[\"Hi\"]}]}",
        "{\"greetings\":[{\"greeting\":\"Hi",
        "[]",
        "null",
        "\"Hi\"",
        "<html>Hi</html>",
        ""
      })
  void believesNoOtherAnswer(String body) {
    service.behave(Backend.answering(200, body));
    assertThat(client().greet("Ada")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 303, 307, 308})
  void doesNotFollowRedirects(int status) {
    try (var other = new Backend(Backend.answering(200, "{\"greeting\":\"Other\"}"))) {
      service.behave(
          exchange -> {
            exchange.getResponseHeaders().set("Location", "http://" + other.address() + "/");
            Backend.answering(status, "{\"greeting\":\"Moved\"}").answer(exchange);
          });
      assertThat(client().greet("Ada")).isEmpty();
      assertThat(service.requests()).hasSize(1);
      assertThat(other.requests()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{\"greetings\":[{\"greeting\":\"", "{\"other\":[", "", "{\"greetings\":[]}"})
  void readsNoMoreThanAGreetingCanBeLong(String begin) throws InterruptedException {
    var written = new AtomicLong();
    var ended = new CountDownLatch(1);
    service.behave(
        exchange -> {
          try (OutputStream body = answer(exchange, ONE_GB, begin)) {
            byte[] blanks = " ".repeat(64 * 1024).getBytes(StandardCharsets.US_ASCII);
            for (long left = ONE_GB - begin.length(); left > 0; left -= blanks.length) {
              body.write(blanks, 0, (int) Math.min(left, blanks.length));
              written.addAndGet(blanks.length);
            }
          } finally {
            ended.countDown();
          }
        });
    assertThat(client().greet("Ada")).isEmpty();
    ended.await();
    // allow for the buffers of two sockets
    assertThat(written.get()).isLessThan(ONE_GB / 8);
  }

  @Test
  void givesUpWhenAnAnswerDoesNotEnd() {
    var ended = new CountDownLatch(1);
    service.behave(
        exchange -> {
          try (OutputStream body = answer(exchange, 100, "{\"greeting\":")) {
            body.flush();
            ended.await();
          }
        });
    assertThat(client(Duration.ofMillis(100), LONG).greet("Ada")).isEmpty();
    ended.countDown();
  }

  private static OutputStream answer(HttpExchange exchange, long length, String begin)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, length);
    OutputStream body = exchange.getResponseBody();
    body.write(begin.getBytes(StandardCharsets.UTF_8));
    return body;
  }

  @Test
  void givesUpWhenTheServiceIsSlow() {
    var ended = new CountDownLatch(1);
    service.behave(exchange -> ended.await());
    assertThat(client(Duration.ofMillis(100), LONG).greet("Ada")).isEmpty();
    ended.countDown();
    assertThat(service.requests()).hasSize(2);
  }

  @Test
  void pausesRequestsToAFailingService() {
    service.behave(Backend.dying());
    GreetingServiceClient client = client(LONG, Duration.ofSeconds(1));
    for (int i = 0; i < 20; i++) {
      assertThat(client.greet("Ada")).isEmpty();
    }
    assertThat(service.requests()).hasSize(5);
    service.behave(Backend.answering(200, HI));
    await().atMost(LONG).until(() -> client.greet("Ada").isPresent());
    assertThat(client.greet("Ada")).contains("Hi");
  }

  /**
   * A trial request checks whether the service is available again. If it fails, later requests must
   * try again.
   */
  @Test
  void triesAgainAfterATrialThatEndedInAnError() {
    var mapper =
        JsonMapper.builder()
            .addModule(new SimpleModule().addDeserializer(String.class, new Failing()))
            .build();
    var client =
        new GreetingServiceClient(
            new GreetingServiceProperties(
                URI.create("http://" + service.address()), LONG, LONG, Duration.ofMillis(50)),
            mapper,
            new OutageLog());
    service.behave(Backend.dying());
    for (int i = 0; i < 10; i++) {
      assertThat(client.greet("Ada")).isEmpty();
    }
    service.behave(Backend.answering(200, HI.replace("Hi", Failing.TEXT)));
    await()
        .atMost(LONG)
        .until(
            () -> {
              try {
                return client.greet("Ada").isPresent();
              } catch (LinkageError e) {
                return true;
              }
            });
    service.behave(Backend.answering(200, HI));
    await().atMost(LONG).until(() -> client.greet("Ada").isPresent());
  }

  private static final class Failing extends StdDeserializer<String> {
    static final String TEXT = "an error";

    Failing() {
      super(String.class);
    }

    @Override
    public String deserialize(JsonParser parser, DeserializationContext context) {
      String text = parser.getString();
      if (text.equals(TEXT)) {
        throw new LinkageError(text);
      }
      return text;
    }
  }

  @Test
  void returnsNoGreetingIfTheServiceIsDown() throws IOException {
    int free;
    try (var socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }
    var client =
        new GreetingServiceClient(
            new GreetingServiceProperties(URI.create("http://127.0.0.1:" + free), LONG, LONG, LONG),
            JsonMapper.shared(),
            new OutageLog());
    assertThat(client.greet("Ada")).isEmpty();
  }

  @Test
  void sendsNoRequestWithoutAUrl() {
    assertThat(
            new GreetingServiceClient(
                    new GreetingServiceProperties(null, LONG, LONG, LONG),
                    JsonMapper.shared(),
                    new OutageLog())
                .greet("Ada"))
        .isEmpty();
  }
}
