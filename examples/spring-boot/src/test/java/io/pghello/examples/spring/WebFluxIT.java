// SPDX-License-Identifier: MIT
package io.pghello.examples.spring;

import io.pghello.PgHelloAsyncOperations;
import io.pghello.PgHelloClient;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.testkit.PgHelloTest;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpStatus;
import org.springframework.test.web.reactive.server.WebTestClient;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Tests the WebFlux snippet in docs/pg-hello/frameworks.md. */
@PgHelloTest
@Tag("slow")
class WebFluxIT {
  // region controller
  @RestController
  static class GreetingController {
    private final PgHelloAsyncOperations client;

    GreetingController(PgHelloAsyncOperations client) {
      this.client = client;
    }

    @GetMapping("/greeting/{name}")
    Mono<String> greeting(@PathVariable String name) {
      return Mono.fromFuture(() -> client.helloAsync(name));
    }

    @PostMapping("/greetings")
    Flux<String> greetings(@RequestBody List<String> names) {
      return Flux.fromIterable(names)
          .buffer(1024)
          .concatMap(this::batch)
          .concatMapIterable(all -> all);
    }

    private Mono<List<String>> batch(List<String> names) {
      return Mono.fromFuture(() -> client.helloAllAsync(names));
    }

    @ExceptionHandler
    Mono<String> failed(FunctionCallException e) {
      boolean callers = e.code() == FunctionCallException.Code.INVALID_ARGUMENT;
      var status = callers ? HttpStatus.BAD_REQUEST : HttpStatus.SERVICE_UNAVAILABLE;
      return Mono.error(new ResponseStatusException(status, e.code().name()));
    }
  }

  // endregion

  @Test
  void greets(DataSource dataSource) {
    try (PgHelloClient client = PgHelloClient.create(dataSource)) {
      WebTestClient web =
          WebTestClient.bindToController(new GreetingController(client))
              .configureClient()
              .responseTimeout(Duration.ofMinutes(1))
              .build();
      web.get().uri("/greeting/Ada").exchange().expectBody(String.class).isEqualTo("Hello, Ada!");
      web.post()
          .uri("/greetings")
          .bodyValue(List.of("Ada", "Grace"))
          .exchange()
          .expectBody(String.class)
          .isEqualTo("Hello, Ada!Hello, Grace!");
      web.post()
          .uri("/greetings")
          .bodyValue(List.of("\0"))
          .exchange()
          .expectStatus()
          .isBadRequest();
    }
  }
}
