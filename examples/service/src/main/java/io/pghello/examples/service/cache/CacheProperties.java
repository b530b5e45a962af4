// SPDX-License-Identifier: MIT
package io.pghello.examples.service.cache;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code greeting.cache*}.
 *
 * @param cache where greetings are cached
 * @param cacheTime how long a greeting is cached
 * @param cacheSize maximum number of greetings in this instance
 */
@ConfigurationProperties("greeting")
record CacheProperties(
    @DefaultValue("none") Kind cache,
    @DefaultValue("300s") Duration cacheTime,
    @DefaultValue("10000") int cacheSize) {
  /** The location of the cache. */
  enum Kind {
    /** No cache: a batched call of the database is cheaper than a call of Redis. */
    NONE,
    /** In the memory of each instance. */
    CAFFEINE,
    /** In Redis, shared by all instances. */
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
