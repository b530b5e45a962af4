// SPDX-License-Identifier: MIT
package io.pghello.examples.micronaut;

import io.micronaut.http.HttpResponse;
import io.micronaut.http.HttpStatus;
import io.micronaut.http.MediaType;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Error;
import io.micronaut.http.annotation.Get;
import io.pghello.PgHelloClient;
import io.pghello.extension.batching.FunctionCallException;
import java.util.concurrent.CompletableFuture;

/** Greets over HTTP. Concurrent requests share statements. */
// region controller
@Controller(value = "/greetings", produces = MediaType.TEXT_PLAIN)
class GreetingController {
  private final PgHelloClient client;

  GreetingController(PgHelloClient client) {
    this.client = client;
  }

  @Get("/{name}")
  CompletableFuture<String> greet(String name) {
    return client.helloAsync(name);
  }

  @Error(exception = FunctionCallException.class)
  HttpResponse<String> failed(FunctionCallException e) {
    boolean callers = e.code() == FunctionCallException.Code.INVALID_ARGUMENT;
    var status = callers ? HttpStatus.BAD_REQUEST : HttpStatus.SERVICE_UNAVAILABLE;
    return HttpResponse.<String>status(status).body(e.code().name());
  }
}
// endregion
