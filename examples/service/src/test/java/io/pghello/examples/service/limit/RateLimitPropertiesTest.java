// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class RateLimitPropertiesTest {
  /** Binds environment variables as the service does. */
  static RateLimitProperties bind(Map<String, Object> variables) {
    var environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .replace(
            StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
            new SystemEnvironmentPropertySource(
                StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, variables));
    ConfigurationPropertySources.attach(environment);
    return Binder.get(environment).bindOrCreate("greeting.rate-limit", RateLimitProperties.class);
  }

  @Test
  void hasTheLimitsOfTheGuide() {
    RateLimitProperties properties = bind(Map.of());
    assertThat(properties.enabled()).isTrue();
    assertThat(properties.slowPaths()).containsExactly("/api/greeting/**");
    assertThat(properties.requests()).isEqualTo(100);
    assertThat(properties.window()).isEqualTo(Duration.ofMinutes(15));
  }

  @Test
  void isSetByVariables() {
    RateLimitProperties properties =
        bind(
            Map.of(
                "GREETING_RATE_LIMIT_ENABLED", "false",
                "GREETING_RATE_LIMIT_SLOW_AFTER", "7",
                "GREETING_RATE_LIMIT_STORE", "postgresql"));
    assertThat(properties.enabled()).isFalse();
    assertThat(properties.slowAfter()).isEqualTo(7);
    assertThat(properties.store()).isEqualTo(RateLimitProperties.Store.POSTGRESQL);
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 1", "10, 1", "11, 2", "1000, 100", "1001, 101"})
  void countsTenGreetingsAsOneRequest(int greetings, int requests) {
    assertThat(bind(Map.of()).requestsOf(greetings)).isEqualTo(requests);
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "50, 0", "51, 500", "52, 1000", "90, 20000", "91, 20000", "100, 20000"})
  void delaysAsTheGuideDoes(int request, long millis) {
    assertThat(bind(Map.of()).delayOf(request)).isEqualTo(Duration.ofMillis(millis));
  }

  @ParameterizedTest
  @CsvSource({
    "REQUESTS, 0",
    "WINDOW, 0s",
    "SLOW_AFTER, -1",
    "DELAY, -1s",
    "MAX_DELAY, -1s",
    "MAX_WAITING, -1",
    "MAX_CLIENTS, 0",
    "GREETINGS_PER_REQUEST, 0",
    "STORE, none"
  })
  void rejectsInvalidValues(String name, String value) {
    assertThatThrownBy(() -> bind(Map.of("GREETING_RATE_LIMIT_" + name, value)))
        .rootCause()
        .hasMessageMatching("(?s).*(greeting\\.rate-limit\\.[a-z-]+ must|No enum constant|none).*");
  }
}
