// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code greeting.rate-limit.*}.
 *
 * @param enabled whether requests are limited
 * @param paths the limited paths, as Spring MVC patterns; DELETE requests never count
 * @param slowPaths the limited paths on which requests can be delayed
 * @param greetingsPerRequest number of greetings that count as one request
 * @param unlimited addresses or networks (for example {@code 10.0.0.0/8}) without limits
 * @param requests number of requests per client and window
 * @param window length of a window, which begins with a client's first request
 * @param slowAfter number of requests per window that are not delayed
 * @param delay additional delay of each further request; zero disables delays
 * @param maxDelay maximum delay
 * @param maxWaiting maximum number of waiting requests of all clients in this instance
 * @param maxClients maximum number of clients in memory, if the store is {@code memory}
 * @param store the location of the counters
 */
@ConfigurationProperties("greeting.rate-limit")
public record RateLimitProperties(
    @DefaultValue("true") boolean enabled,
    @DefaultValue({
          "/api/greeting/**",
          "/api/bulk-greetings",
          "/greeting/**",
          "/greetings/batch",
          "/graphql"
        })
        List<String> paths,
    @DefaultValue("/api/greeting/**") List<String> slowPaths,
    @DefaultValue("10") int greetingsPerRequest,
    @DefaultValue List<String> unlimited,
    @DefaultValue("100") int requests,
    @DefaultValue("15m") Duration window,
    @DefaultValue("50") int slowAfter,
    @DefaultValue("500ms") Duration delay,
    @DefaultValue("20s") Duration maxDelay,
    @DefaultValue("100") int maxWaiting,
    @DefaultValue("100000") int maxClients,
    @DefaultValue("memory") Store store) {
  /** The location of the counters. */
  public enum Store {
    /** Each instance counts its own requests in memory. */
    MEMORY,
    /**
     * All instances count requests in the database, in a transaction of three statements per
     * request.
     */
    POSTGRESQL,
    /**
     * All instances count requests in Redis. While Redis is unavailable, each instance counts its
     * own requests.
     */
    REDIS
  }

  /** Validates the properties. */
  public RateLimitProperties {
    require(requests > 0, "requests must be 1 or more");
    require(greetingsPerRequest > 0, "greetings-per-request must be 1 or more");
    require(window.toSeconds() > 0, "window must be a second or more");
    require(slowAfter >= 0, "slow-after must be 0 or more");
    require(!delay.isNegative(), "delay must not be negative");
    require(!maxDelay.isNegative(), "max-delay must not be negative");
    require(maxWaiting >= 0, "max-waiting must be 0 or more");
    require(maxClients > 0, "max-clients must be 1 or more");
  }

  private static void require(boolean right, String message) {
    if (!right) {
      throw new IllegalArgumentException("greeting.rate-limit." + message);
    }
  }

  /** Returns the number of requests that are counted for a request with this many greetings. */
  int requestsOf(int greetings) {
    return Math.max(1, (greetings + greetingsPerRequest - 1) / greetingsPerRequest);
  }

  /** Returns the delay of a client's n-th request, starting at 1. */
  Duration delayOf(long request) {
    long late = Math.max(0, request - slowAfter);
    Duration wait = delay.multipliedBy(late);
    return wait.compareTo(maxDelay) < 0 ? wait : maxDelay;
  }
}
