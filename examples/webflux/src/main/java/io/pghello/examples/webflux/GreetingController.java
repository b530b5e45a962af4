// SPDX-License-Identifier: MIT
package io.pghello.examples.webflux;

import io.pghello.PgHelloAsyncOperations;
import io.pghello.extension.batching.FunctionCallException;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** Returns greetings. */
@RestController
class GreetingController {
  private final PgHelloAsyncOperations client;

  GreetingController(PgHelloAsyncOperations client) {
    this.client = client;
  }

  @GetMapping("/greeting/{name}")
  Mono<String> greeting(@PathVariable String name) {
    return Mono.fromFuture(() -> client.helloAsync(name));
  }

  @PostMapping("/greetings")
  Mono<List<String>> greetings(@RequestBody List<String> names) {
    return Mono.fromFuture(() -> client.helloAllAsync(names));
  }

  @ExceptionHandler
  ResponseEntity<String> failed(FunctionCallException e) {
    boolean callers = e.code() == FunctionCallException.Code.INVALID_ARGUMENT;
    var status = callers ? HttpStatus.BAD_REQUEST : HttpStatus.SERVICE_UNAVAILABLE;
    return ResponseEntity.status(status).body(e.code().name());
  }
}
