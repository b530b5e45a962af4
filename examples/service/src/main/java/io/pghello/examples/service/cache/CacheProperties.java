// SPDX-License-Identifier: MIT
package io.pghello.examples.service.cache;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code greeting.cache*}.
 *
 * @param cache where greetings are kept
 * @param cacheTime how long each is kept
 * @param cacheSize how many are kept in this instance
 */
@ConfigurationProperties("greeting")
record CacheProperties(
    @DefaultValue("none") Kind cache,
    @DefaultValue("300s") Duration cacheTime,
    @DefaultValue("10000") int cacheSize) {
  /** The place where greetings are kept. */
  enum Kind {
    /** Nowhere: to ask the database together with others costs less than to ask Redis. */
    NONE,
    /** In this instance; others keep their own. */
    CAFFEINE,
    /** In Redis, for all instances. */
    REDIS
  }

  CacheProperties {
    if (cacheTime.toSeconds() < 1) {
      throw new IllegalArgumentException("greeting.cache-time must be a second or more");
    }
    if (cacheSize < 1) {
      throw new IllegalArgumentException("greeting.cache-size must be 1 or more");
    }
  }
}
