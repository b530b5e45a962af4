// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The greeting service, in each of the ways in which it may fail. */
@Timeout(120)
class GreetingServiceIT {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final Backend service = new Backend(Backend.answering(200, "{\"greeting\":\"Hi\"}"));

  @AfterEach
  void close() {
    service.close();
  }

  private GreetingServiceClient client(Duration readTimeout, Duration openFor) {
    return new GreetingServiceClient(
        new GreetingServiceProperties(
            URI.create("http://" + service.address()), LONG, readTimeout, openFor));
  }

  private GreetingServiceClient client() {
    return client(LONG, LONG);
  }

  @Test
  void asksTheService() {
    assertThat(client().greet("a/b c?ü")).contains("Hi");
    assertThat(service.requests()).hasSize(1);
    assertThat(service.requests().get(0).path()).isEqualTo("/greeting/a%2Fb%20c%3F%C3%BC");
  }

  @Test
  void asksOnceMoreWhenARequestFails() {
    var count = new AtomicInteger();
    service.behave(
        exchange -> {
          if (count.incrementAndGet() == 1) {
            Backend.answering(503, "{}").answer(exchange);
          } else {
            Backend.answering(200, "{\"greeting\":\"Hi\"}").answer(exchange);
          }
        });
    assertThat(client().greet("Ada")).contains("Hi");
    assertThat(service.requests()).hasSize(2);
  }

  @Test
  void doesNotAskOnceMoreWhatIsRefused() {
    service.behave(Backend.answering(429, "{}"));
    assertThat(client().greet("Ada")).isEmpty();
    assertThat(service.requests()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"greeting\":null}", "nonsense", ""})
  void believesNoOtherAnswer(String body) {
    service.behave(Backend.answering(200, body));
    assertThat(client().greet("Ada")).isEmpty();
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
  void leavesAServiceAloneThatFailsAndComesBackToIt() {
    service.behave(Backend.dying());
    GreetingServiceClient client = client(LONG, Duration.ofSeconds(1));
    for (int i = 0; i < 20; i++) {
      assertThat(client.greet("Ada")).isEmpty();
    }
    // the driver of HTTP itself repeats a GET whose connection was lost
    assertThat(service.requests().size()).isBetween(5, 10);
    service.behave(Backend.answering(200, "{\"greeting\":\"Hi\"}"));
    await().atMost(LONG).until(() -> client.greet("Ada").isPresent());
    assertThat(client.greet("Ada")).contains("Hi");
  }

  @Test
  void greetsNobodyWhereNothingListens() throws IOException {
    int free;
    try (var socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }
    var client =
        new GreetingServiceClient(
            new GreetingServiceProperties(
                URI.create("http://127.0.0.1:" + free), LONG, LONG, LONG));
    assertThat(client.greet("Ada")).isEmpty();
  }

  @Test
  void asksNobodyWithoutAUrl() {
    assertThat(
            new GreetingServiceClient(new GreetingServiceProperties(null, LONG, LONG, LONG))
                .greet("Ada"))
        .isEmpty();
  }
}
