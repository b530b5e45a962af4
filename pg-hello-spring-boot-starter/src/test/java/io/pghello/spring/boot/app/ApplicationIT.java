// SPDX-License-Identifier: MIT
package io.pghello.spring.boot.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.pghello.PgHelloClient;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase.Reset;
import io.pghello.jooq.PgHello;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import jakarta.persistence.EntityManager;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.jooq.DSLContext;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** All features in one application, partly over HTTP. */
@SpringBootTest(
    webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
    properties = {
      "spring.jpa.hibernate.ddl-auto=create",
      "management.endpoint.health.show-details=always",
      "management.endpoint.health.probes.enabled=true",
      "management.endpoint.health.group.readiness.include=readinessState,pgHello",
      "management.endpoints.web.exposure.include=health,prometheus",
      "management.prometheus.metrics.export.enabled=true"
    })
@AutoConfigurePgHello(reset = Reset.BEFORE_EACH_METHOD)
class ApplicationIT {
  @Autowired PgHelloClient client;
  @Autowired People people;
  @Autowired EntityManager entityManager;
  @Autowired DSLContext jooq;
  @Autowired JdbcTemplate jdbc;
  @Autowired MeterRegistry meters;
  @Autowired PlatformTransactionManager transactions;

  @Value("${local.server.port}")
  int port;

  @Test
  void healthHasTheVersions() throws Exception {
    String body = get("/actuator/health");
    assertThat(body)
        .contains("\"pgHello\":{")
        .contains(
            "\"extensionVersion\":\"" + NativeExtension.fromClassPath("pg_hello").version() + "\"")
        .contains("\"schema\":\"public\"", "\"serverVersion\":\"");
    assertThat(get("/actuator/health/readiness")).contains("\"status\":\"UP\"", "pgHello");
    assertThat(get("/actuator/health/liveness")).contains("UP").doesNotContain("pgHello");
  }

  @Test
  void healthContainsTheRemedy() throws Exception {
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    jdbc.execute("DROP EXTENSION pg_hello");
    assertThat(get("/actuator/health/readiness"))
        .contains("\"status\":\"DOWN\"")
        .contains("\"code\":\"NOT_CREATED\"", "\"cause\":\"Extension pg_hello does not exist")
        .contains("\"remedy\":\"", "CREATE EXTENSION pg_hello;");
    jdbc.execute("CREATE EXTENSION pg_hello");
    assertThat(get("/actuator/health/readiness")).contains("\"status\":\"UP\"");
  }

  @Test
  void healthIsUpAsLongAsPgHelloCanBeCalled() throws Exception {
    jdbc.execute("DROP EXTENSION pg_hello; CREATE EXTENSION pg_hello VERSION '1.0'");
    assertThat(get("/actuator/health/readiness"))
        .contains("\"status\":\"UP\"")
        .contains(
            "\"extensionVersion\":\"1.0\"",
            "\"problems\":[\"Extension pg_hello in database",
            "ALTER EXTENSION pg_hello UPDATE;");
    jdbc.execute("ALTER EXTENSION pg_hello UPDATE");
    assertThat(get("/actuator/health/readiness"))
        .contains(
            "\"extensionVersion\":\"" + NativeExtension.fromClassPath("pg_hello").version() + "\"")
        .doesNotContain("\"problems\"");
  }

  @Test
  void healthIsCurrent() throws Exception {
    assertThat(get("/actuator/health/readiness")).contains("\"schema\":\"public\"");
    String role = jdbc.queryForObject("SELECT current_user", String.class);
    // this schema is on the role's path, so that there is no problem to report
    jdbc.execute("CREATE SCHEMA AUTHORIZATION CURRENT_USER");
    jdbc.execute("DROP EXTENSION pg_hello; CREATE EXTENSION pg_hello SCHEMA \"" + role + "\"");
    assertThat(get("/actuator/health/readiness"))
        .contains("\"status\":\"UP\"", "\"schema\":\"" + role + "\"")
        .doesNotContain("\"problems\"");
  }

  @Test
  void metersAreThere() throws Exception {
    client.hello("Ada");
    assertThat(get("/actuator/prometheus"))
        .contains("pg_hello_calls_total{function=\"pg_hello(text)\",outcome=\"SUCCESS\"}")
        .contains(
            "pg_hello_round_trip_seconds_bucket{kind=\"single\",outcome=\"SUCCESS\",le=\"0.001\"}")
        .contains("pg_hello_queue_wait_seconds_bucket{le=\"0.1\"}")
        .contains("pg_hello_batch_size_calls_count{kind=\"single\"}")
        .contains("pg_hello_queue_depth_calls 0.0")
        .contains("pg_hello_statements_in_flight")
        .contains("pg_hello_statement_seconds_count{error=\"none\"")
        .doesNotContain("Ada");
  }

  @Test
  void entitiesFillThemselves() {
    Person ada = people.save(new Person("Ada"));
    assertThat(ada.greeting).isEqualTo("Hello, Ada!");
    assertThat(ada.createdAt).isPositive();
    assertThat(ada.id).isNotNull();
    assertThat(people.greetTwice(ada.id)).isEqualTo("Hello, Ada! Hello, Ada!");
  }

  @RepeatedTest(2)
  void theDatabaseIsResetBeforeEachMethod() {
    assertThat(people.count()).isZero();
    people.save(new Person("Grace"));
  }

  @Test
  void aTransactionOfJpaIsUsed() {
    // region transaction
    var transaction = new TransactionTemplate(transactions);
    transaction.executeWithoutResult(
        status -> {
          entityManager
              .createNativeQuery("SELECT set_config('pg_hello.repeat', '2', true), pg_hello('')")
              .getSingleResult();
          assertThat(client.hello("Ada")).isEqualTo("Hello, Ada! Hello, Ada!");
          assertThat(jooq.select(PgHello.pgHello("Ada")).fetchSingle().value1())
              .isEqualTo("Hello, Ada! Hello, Ada!");
        });
    // endregion
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
  }

  private String get(String path) throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }
}
