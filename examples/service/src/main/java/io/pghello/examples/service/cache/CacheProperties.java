// SPDX-License-Identifier: MIT
package io.pghello.examples.service.cache;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code greeting.cache*}.
 *
 * @param cache the location of the cache
 * @param cacheTime the time for which a greeting is cached
 * @param cacheSize the maximum number of greetings that this instance caches
 */
@ConfigurationProperties("greeting")
record CacheProperties(
    @DefaultValue("none") Kind cache,
    @DefaultValue("300s") Duration cacheTime,
    @DefaultValue("10000") int cacheSize) {
  /** The location of the cache. */
  enum Kind {
    /**
     * No cache. This is the default, because a batched call to the database is cheaper than a call
     * to Redis.
     */
    NONE,
    /** Each instance caches greetings in its memory. */
    CAFFEINE,
    /** All instances share a cache in Redis. */
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
