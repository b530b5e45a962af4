// SPDX-License-Identifier: MIT
package io.pghello.examples.service.greeting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.pghello.examples.service.Http;
import io.pghello.examples.service.Http.Answer;
import io.pghello.examples.service.ServiceTest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.authentication.AuthenticationCredentialsNotFoundException;

/** Tests the configured count, and who may change it. */
@ServiceTest
class ConfigurationIT {
  private static final Duration LONG = Duration.ofSeconds(60);

  @LocalServerPort int port;
  @Autowired JdbcClient jdbc;
  @Autowired ConfiguredRepeat configured;
  @Autowired Greetings greetings;
  @Autowired HikariDataSource pool;
  @Autowired ConfigurableListableBeanFactory beans;
  @Autowired MeterRegistry meters;
  private Http http = new Http(0);

  @BeforeEach
  void connect() {
    http = new Http(port);
  }

  @AfterEach
  void setBack() {
    jdbc.sql("DELETE FROM app_config").update();
    awaitRepeat(1);
  }

  private void awaitRepeat(int repeat) {
    await().atMost(LONG).until(configured::get, is -> is == repeat);
  }

  private Answer change(int repeat) throws Exception {
    return http.post(
        "/api/config/greeting", "{\"repeat\":" + repeat + "}", "Authorization", ServiceTest.BEARER);
  }

  @Test
  void restUsesTheConfiguredCountByDefault() throws Exception {
    assertThat(change(2).json().path("test_result").asString())
        .isEqualTo("Hello, Config! Hello, Config!");
    String twice = "Hello, Ada! Hello, Ada!";
    assertThat(http.get("/api/greeting/Ada").json().path("greeting").asString()).isEqualTo(twice);
    assertThat(http.get("/greeting/Ada").json().path("greeting").asString()).isEqualTo(twice);
    for (String path : new String[] {"/api/bulk-greetings", "/greetings/batch"}) {
      Answer bulk = http.post(path, "{\"names\":[\"Ada\"],\"repeat\":null}");
      assertThat(bulk.json().at("/greetings/0/greeting").asString()).isEqualTo(twice);
    }
    assertThat(http.get("/api/greeting/Ada?repeat=1").json().path("greeting").asString())
        .isEqualTo("Hello, Ada!");
  }

  @Test
  void changesInSqlAreSeenAfterANotification() {
    assertThat(jdbc.sql("SELECT update_greeting_config(4)").query(String.class).single())
        .startsWith("Updated from default to 4. Test: Hello, Config Test! Hello, ");
    awaitRepeat(4);
    jdbc.sql("UPDATE app_config SET value = '7'").update();
    awaitRepeat(7);
  }

  @Test
  void aChangeDuringAnOutageOfTheListenerIsSeenAfterIt() {
    await()
        .atMost(LONG)
        .until(
            () ->
                jdbc.sql(
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                            + " WHERE datname = current_database()"
                            + " AND application_name = 'greeting_service_config'")
                    .query(Integer.class)
                    .single(),
            ended -> ended == 1);
    jdbc.sql("SELECT update_greeting_config(5)").query(String.class).single();
    awaitRepeat(5);
  }

  @Test
  void meterShowsTheAgeOfTheCount() {
    assertThat(meters.get("greeting.config.age").timeGauge().value(TimeUnit.SECONDS))
        .isBetween(0.0, 600.0);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 11, -1})
  void theDatabaseItselfRefusesOtherCounts(int repeat) {
    assertThatThrownBy(
            () ->
                jdbc.sql("SELECT update_greeting_config(?)")
                    .param(repeat)
                    .query(String.class)
                    .single())
        .isInstanceOf(DataIntegrityViolationException.class)
        .hasMessageContaining("greeting_repeat_from_1_to_10");
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(
      strings = {
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer " + ServiceTest.TOKEN + "x",
        "Basic " + ServiceTest.TOKEN,
        ServiceTest.TOKEN
      })
  void refusesAChangeWithoutTheToken(@Nullable String authorization) throws Exception {
    String[] headers =
        authorization == null ? new String[0] : new String[] {"Authorization", authorization};
    // without authorization, errors in the body are not reported
    for (String body : new String[] {"{\"repeat\":3}", "{\"repeat\":99}", "nonsense"}) {
      Answer answer = http.post("/api/config/greeting", body, headers);
      assertThat(answer.status()).as("%s", answer).isEqualTo(401);
      assertThat(answer.code()).isEqualTo("UNAUTHORIZED");
      assertThat(answer.header("WWW-Authenticate")).isEqualTo("Bearer");
      assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
    }
    assertThat(configured.get()).isEqualTo(1);
  }

  @Test
  void aWrongTokenDoesNotHinderGreeting() throws Exception {
    assertThat(http.get("/greeting/Ada", "Authorization", "Bearer wrong").status()).isEqualTo(200);
  }

  @Test
  void operationRequiresTheToken() {
    assertThatExceptionOfType(AuthenticationCredentialsNotFoundException.class)
        .isThrownBy(() -> greetings.changeRepeat(3));
  }

  @Test
  void nothingIsCachedAndNothingOfRedisIsStarted() throws Exception {
    for (int i = 0; i < 2; i++) {
      assertThat(http.get("/greeting/Ada").json().path("cached").asBoolean(true)).isFalse();
    }
    assertThat(beans.containsSingleton("redis")).isFalse();
    Answer evicted =
        http.send(
            "DELETE",
            "/greeting/Ada",
            BodyPublishers.noBody(),
            "Authorization",
            ServiceTest.BEARER);
    assertThat(evicted.status()).isEqualTo(204);
  }

  @Test
  void poolMatchesTheGuide() {
    assertThat(pool.getMaximumPoolSize()).isEqualTo(20);
    assertThat(pool.getIdleTimeout()).isEqualTo(30_000);
    assertThat(pool.getMinimumIdle()).isLessThan(pool.getMaximumPoolSize());
    assertThat(pool.getConnectionTimeout()).isEqualTo(2_000);
    assertThat(pool.getMaxLifetime()).isEqualTo(1_800_000);
    assertThat(jdbc.sql("SHOW statement_timeout").query(String.class).single()).isEqualTo("5s");
    assertThat(jdbc.sql("SHOW application_name").query(String.class).single())
        .isEqualTo("greeting_service");
  }
}
