// SPDX-License-Identifier: MIT
package io.pghello.spring.boot.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.pghello.PgHelloClient;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.spring.boot.SpringConnectionSource;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;

/**
 * An application with two clients, neither of them primary. Each is identified by its bean name.
 */
@SpringBootTest(
    webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
    properties = {
      "management.endpoint.health.show-details=always",
      "management.endpoints.web.exposure.include=health,prometheus",
      "management.prometheus.metrics.export.enabled=true"
    })
@AutoConfigurePgHello
class TwoClientsIT {
  @Autowired PgHelloClient greetings;
  @Autowired PgHelloClient reports;
  @Autowired MeterRegistry meters;

  @Value("${local.server.port}")
  int port;

  @Test
  void healthListsEachClient() throws Exception {
    assertThat(get("/actuator/health/pgHello"))
        .contains("\"components\":{\"greetings\":{", "\"reports\":{");
    assertThat(get("/actuator/health/pgHello/greetings"))
        .contains("\"status\":\"UP\"", "\"extensionVersion\":\"");
    assertThat(get("/actuator/health/pgHello/reports"))
        .contains("\"status\":\"DOWN\"", "\"code\":\"WRONG_SCHEMA\"");
  }

  @Test
  void metersAndObservationsAreTaggedByClient() throws Exception {
    greetings.hello("Ada");
    greetings.hello("Ada");
    assertThat(calls("greetings")).isEqualTo(2);
    assertThat(calls("reports")).isZero();
    assertThatThrownBy(() -> reports.hello("Ada")).isInstanceOf(FunctionCallException.class);
    assertThat(calls("reports")).isEqualTo(1);
    assertThat(get("/actuator/prometheus"))
        .contains("pg_hello_queue_depth_calls{client=\"greetings\"} 0.0")
        .contains("pg_hello_queue_depth_calls{client=\"reports\"} 0.0")
        .containsPattern("pg_hello_statement_seconds_count\\{client=\"greetings\",error=\"none\"")
        .containsPattern(
            "pg_hello_statement_seconds_count\\{client=\"reports\",error=\"FunctionCall")
        .containsPattern("pg_hello_round_trip_seconds_count\\{client=\"greetings\",kind=\"single\"")
        .doesNotContain("client=\"none\"");
  }

  private double calls(String client) {
    return meters.find("pg.hello.calls").tag("client", client).counters().stream()
        .mapToDouble(Counter::count)
        .sum();
  }

  private String get(String path) throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  @TestConfiguration(proxyBeanMethods = false)
  static class Clients {
    // region client
    @Bean
    PgHelloClient greetings(DataSource dataSource, ObjectProvider<CallListener> listeners) {
      var builder = PgHelloClient.builder().connections(new SpringConnectionSource(dataSource));
      listeners.orderedStream().forEach(builder::listener);
      return builder.build();
    }

    // endregion

    @Bean
    PgHelloClient reports(DataSource dataSource, ObjectProvider<CallListener> listeners) {
      var builder = PgHelloClient.builder().dataSource(dataSource).schema("none");
      listeners.orderedStream().forEach(builder::listener);
      return builder.build();
    }
  }
}
