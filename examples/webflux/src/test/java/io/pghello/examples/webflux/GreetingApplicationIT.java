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
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

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

      assertThat(post(web, List.of("Ada", "Grace")).bodyToMono(String.class).block(LIMIT))
          .isEqualTo("Hello, Ada!Hello, Grace!");
      HttpStatus status =
          post(web, List.of("\0"))
              .onStatus(each -> true, response -> Mono.empty())
              .toBodilessEntity()
              .map(response -> HttpStatus.valueOf(response.getStatusCode().value()))
              .block(LIMIT);
      assertThat(Objects.requireNonNull(status)).isEqualTo(HttpStatus.BAD_REQUEST);
    }
  }

  private static WebClient.ResponseSpec post(WebClient web, List<String> names) {
    return web.post().uri("/greetings").bodyValue(names).retrieve();
  }
}
