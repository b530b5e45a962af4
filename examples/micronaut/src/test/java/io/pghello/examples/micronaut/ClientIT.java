// SPDX-License-Identifier: MIT
package io.pghello.examples.micronaut;

import static org.assertj.core.api.Assertions.assertThat;

import io.micronaut.context.ApplicationContext;
import io.micronaut.jdbc.DataSourceResolver;
import io.micronaut.runtime.server.EmbeddedServer;
import io.micronaut.test.extensions.junit5.annotation.MicronautTest;
import io.pghello.PgHelloClient;
import jakarta.inject.Inject;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The client as a bean. Runs with and without Micronaut Data. */
@MicronautTest(transactional = false)
class ClientIT implements WithPostgres {
  private final HttpClient http = HttpClient.newHttpClient();

  @Inject PgHelloClient client;
  @Inject ApplicationContext context;
  @Inject EmbeddedServer server;

  @Test
  void runsWithAndWithoutMicronautData() {
    assertThat(context.containsBean(DataSourceResolver.class))
        .isEqualTo(!"false".equals(System.getProperty("micronaut.data")));
  }

  @Test
  void greets() {
    assertThat(client.preflight().problems()).isEmpty();
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    assertThat(client.helloAll(List.of("Ada"))).containsExactly("Hello, Ada!");
    assertThat(Stream.of("Ada", "Grace").map(client::helloAsync).map(CompletableFuture::join))
        .containsExactly("Hello, Ada!", "Hello, Grace!");
  }

  @Test
  void greetsOverHttp() throws Exception {
    assertThat(get("Ada").body()).isEqualTo("Hello, Ada!");
  }

  @Test
  void refusesANameThatCannotBe() throws Exception {
    HttpResponse<String> response = get("a%00b");
    assertThat(response.body()).isEqualTo("INVALID_ARGUMENT");
    assertThat(response.statusCode()).isEqualTo(400);
  }

  private HttpResponse<String> get(String name) throws Exception {
    return http.send(
        HttpRequest.newBuilder(server.getURI().resolve("/greetings/" + name)).build(),
        BodyHandlers.ofString());
  }
}
