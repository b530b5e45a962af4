// SPDX-License-Identifier: MIT
package io.pghello.examples.service.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.pghello.examples.service.cache.CacheProperties.Kind;
import io.pghello.examples.service.greeting.GreetingCache;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.mock.env.MockEnvironment;

class CaffeineCacheTest {
  private static CacheProperties bind(MockEnvironment environment) {
    return Binder.get(environment).bindOrCreate("greeting", CacheProperties.class);
  }

  private final AtomicLong nanos = new AtomicLong();
  private final GreetingCache cache = new CaffeineCache(bind(new MockEnvironment()), nanos::get);

  @Test
  void keepsAGreetingForFiveMinutes() {
    assertThat(cache.get("Ada", 1)).isNull();
    cache.put("Ada", 1, "Hello, Ada!");
    nanos.set(Duration.ofSeconds(299).toNanos());
    assertThat(cache.get("Ada", 1)).isEqualTo("Hello, Ada!");
    nanos.set(Duration.ofMinutes(5).toNanos());
    assertThat(cache.get("Ada", 1)).isNull();
  }

  @Test
  void knowsGreetingsByNameAndCount() {
    cache.put("Ada", 1, "once");
    cache.put("Ada", 2, "twice");
    cache.put("Bob", 1, "Bob");
    assertThat(cache.get("Ada", 3)).isNull();
    cache.evict("Ada", List.of(1, 3));
    assertThat(cache.get("Ada", 1)).isNull();
    assertThat(cache.get("Ada", 2)).isEqualTo("twice");
    assertThat(cache.get("Bob", 1)).isEqualTo("Bob");
  }

  @Test
  void isDisabledByDefault() {
    assertThat(bind(new MockEnvironment()).cache()).isEqualTo(Kind.NONE);
    assertThat(bind(new MockEnvironment().withProperty("greeting.cache", "redis")).cache())
        .isEqualTo(Kind.REDIS);
  }

  @Test
  void refusesTimesAndSizesThatCannotBe() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new CacheProperties(Kind.NONE, Duration.ofMillis(999), 1))
        .withMessageContaining("greeting.cache-time");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new CacheProperties(Kind.NONE, Duration.ofSeconds(1), 0))
        .withMessageContaining("greeting.cache-size");
  }
}
