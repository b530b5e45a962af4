// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pghello.examples.service.Http.Answer;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Tests two instances of the service that are started at the same time with one database, as in
 * Kubernetes.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TwoInstancesIT {
  private final ExtensionServer server = ExtensionServer.start("pg_hello");
  private final TestDatabase database = server.createDatabase();
  private List<ConfigurableApplicationContext> instances = List.of();
  private List<Http> http = List.of();

  @BeforeAll
  void start() {
    List<CompletableFuture<ConfigurableApplicationContext>> starting =
        IntStream.range(0, 2)
            .mapToObj(i -> CompletableFuture.supplyAsync(this::startInstance))
            .toList();
    instances = starting.stream().map(CompletableFuture::join).toList();
    http =
        instances.stream()
            .map(i -> i.getEnvironment().getRequiredProperty("local.server.port", int.class))
            .map(Http::new)
            .toList();
  }

  private ConfigurableApplicationContext startInstance() {
    return SpringApplication.run(
        GreetingServiceApplication.class,
        "--spring.datasource.url=" + database.jdbcUrl(),
        "--server.port=0",
        "--spring.main.cloud-platform=kubernetes",
        "--greeting.admin-token=" + ServiceTest.TOKEN,
        "--greeting.config.poll-interval=1h",
        "--greeting.rate-limit.store=postgresql",
        "--greeting.rate-limit.paths=/api/greeting/**",
        "--greeting.rate-limit.delay=0s");
  }

  @AfterAll
  void stop() {
    instances.forEach(ConfigurableApplicationContext::close);
    server.close();
  }

  @BeforeEach
  void resetCounts() throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("TRUNCATE rate_limit_bucket");
    }
  }

  @Test
  void aChangeThroughOneIsSeenByTheOther() throws Exception {
    Answer changed =
        http.get(0)
            .post("/api/config/greeting", "{\"repeat\":2}", "Authorization", ServiceTest.BEARER);
    assertThat(changed.status()).isEqualTo(200);
    String twice = "Hello, Ada! Hello, Ada!";
    assertThat(http.get(0).get("/greeting/Ada").json().path("greeting").asString())
        .isEqualTo(twice);
    await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () ->
                http.get(1).get("/greeting/Ada").json().path("greeting").asString().equals(twice));
  }

  @Test
  void bothTogetherKeepTheLimitOfAClient() {
    List<Integer> statuses = new ArrayList<>();
    for (int round = 0; round < 15; round++) {
      List<CompletableFuture<Answer>> requests =
          IntStream.range(0, 10)
              .mapToObj(i -> http.get(i % 2).getAsync("/api/greeting/Ada"))
              .toList();
      requests.forEach(request -> statuses.add(request.join().status()));
    }
    assertThat(statuses.stream().filter(status -> status == 200)).hasSize(100);
    assertThat(statuses.stream().filter(status -> status == 429)).hasSize(50);
  }

  /** Forwarded headers must not be trusted, even if Spring Boot detects Kubernetes. */
  @Test
  void aHeaderOfAnUnknownGatewayIsNotBelieved() throws Exception {
    for (int i = 0; i < 100; i++) {
      greet("192.0.2." + i);
    }
    assertThat(greet("192.0.2.200").status()).isEqualTo(429);
  }

  private Answer greet(String client) throws Exception {
    return http.get(0).get("/api/greeting/Ada", "X-Forwarded-For", client);
  }

  @Test
  void theMultitudeOfOneClientTakesNoConnectionsFromOthers() throws Exception {
    Connection blocker = database.dataSource().getConnection();
    blocker.setAutoCommit(false);
    List<CompletableFuture<Answer>> many;
    try (blocker;
        Statement statement = blocker.createStatement()) {
      // requests that are counted wait for this lock
      statement.execute("LOCK TABLE rate_limit_bucket");
      many =
          IntStream.range(0, 60).mapToObj(i -> http.get(0).getAsync("/api/greeting/Ada")).toList();
      await()
          .atMost(Duration.ofSeconds(60))
          .untilAsserted(() -> assertThat(waitingForLocks()).isPositive());
      for (int i = 0; i < 20; i++) {
        assertThat(http.get(0).get("/greeting/Grace").status()).isEqualTo(200);
      }
      assertThat(waitingForLocks()).isLessThanOrEqualTo(1);
      blocker.rollback();
    }
    many.forEach(each -> assertThat(each.join().status()).isIn(200, 429, 503));
  }

  private int waitingForLocks() throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT count(*) FROM pg_stat_activity"
                    + " WHERE datname = current_database() AND wait_event_type = 'Lock'")) {
      row.next();
      return row.getInt(1);
    }
  }
}
