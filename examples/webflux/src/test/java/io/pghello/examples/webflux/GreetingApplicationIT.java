// SPDX-License-Identifier: MIT
package io.pghello.examples.webflux;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;

/** Calls the application over HTTP. */
@PgHelloTest
class GreetingApplicationIT {
  private static final Duration LIMIT = Duration.ofMinutes(1);

  @Test
  void greets(TestDatabase database) {
    String uri = database.jdbcUrl().substring("jdbc:".length());
    try (var application =
        SpringApplication.run(
            GreetingApplication.class, "--server.port=0", "--greeting.database=" + uri)) {
      var port = application.getEnvironment().getRequiredProperty("local.server.port");
      var web = WebClient.create("http://localhost:" + port);

      List<String> greetings =
          Flux.range(0, 500)
              .flatMap(i -> web.get().uri("/greeting/u" + i).retrieve().bodyToMono(String.class))
              .collectList()
              .block(LIMIT);
      assertThat(greetings).hasSize(500).contains("Hello, u0!", "Hello, u499!");

      var two = post(web, List.of("Ada", "Grace"));
      assertThat(two.getStatusCode()).isEqualTo(HttpStatus.OK);
      assertThat(two.getBody()).isEqualTo("[\"Hello, Ada!\",\"Hello, Grace!\"]");

      var invalid = post(web, List.of("\0"));
      assertThat(invalid.getStatusCode()).isEqualTo(HttpStatus.BAD_REQUEST);
      assertThat(invalid.getBody()).isEqualTo("INVALID_ARGUMENT");
    }
  }

  private static ResponseEntity<String> post(WebClient web, List<String> names) {
    return Objects.requireNonNull(
        web.post()
            .uri("/greetings")
            .bodyValue(names)
            .exchangeToMono(response -> response.toEntity(String.class))
            .block(LIMIT));
  }
}
