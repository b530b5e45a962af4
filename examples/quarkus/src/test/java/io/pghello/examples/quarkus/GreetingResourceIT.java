// SPDX-License-Identifier: MIT
package io.pghello.examples.quarkus;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.WireProxy;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Greetings over HTTP. */
@QuarkusTest
@SuppressWarnings("NullAway.Init") // injected
@WithPostgres("pg_hello")
class GreetingResourceIT {
  private final HttpClient http = HttpClient.newHttpClient();

  @TestHTTPResource("/greetings/")
  URI greetings;

  WireProxy proxy;

  @Test
  void greets() {
    assertThat(get("Ada").join().body()).isEqualTo("Hello, Ada!");
  }

  @Test
  void refusesANameThatCannotBe() {
    HttpResponse<String> response = get("a%00b").join();
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).isEqualTo("INVALID_ARGUMENT");
  }

  @Test
  void concurrentRequestsShareStatements() throws Exception {
    get("Ada").join();
    assertThat(
            proxy.countRoundTrips(
                () ->
                    assertThat(
                            IntStream.range(0, 200).mapToObj(i -> get("user" + i)).toList().stream()
                                .map(CompletableFuture::join))
                        .allMatch(response -> response.statusCode() == 200)))
        .isLessThan(200);
  }

  private CompletableFuture<HttpResponse<String>> get(String name) {
    return http.sendAsync(
        HttpRequest.newBuilder(greetings.resolve(name)).build(), BodyHandlers.ofString());
  }
}
