// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code greeting.rate-limit.*}.
 *
 * @param enabled whether there are limits
 * @param paths which requests count, as patterns of Spring MVC; those by DELETE never do
 * @param slowPaths which of them wait
 * @param greetingsPerRequest how many greetings of one request count as one request
 * @param unlimited the addresses, or networks as in {@code 10.0.0.0/8}, whose requests do not count
 * @param requests how many requests a client may make in a window
 * @param window how long a window is; it begins with a client's first request
 * @param slowAfter how many of them are answered at once
 * @param delay by how much longer each later one waits; zero never lets one wait
 * @param maxDelay how long one waits at most
 * @param maxWaiting how many requests of all clients may wait at a time in this instance
 * @param maxClients how many clients are remembered where the store is this instance
 * @param store where the requests are counted
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
  /** The place where requests are counted. */
  public enum Store {
    /** In this instance; others count for themselves. */
    MEMORY,
    /**
     * In the database, for all instances together, with a transaction of three statements a
     * request.
     */
    POSTGRESQL,
    /**
     * In Redis, for all instances together; while it does not answer, each instance counts for
     * itself.
     */
    REDIS
  }

  /** Refuses what cannot be. */
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

  /** Returns how many requests one counts as that asks for so many greetings. */
  int requestsOf(int greetings) {
    return Math.max(1, (greetings + greetingsPerRequest - 1) / greetingsPerRequest);
  }

  /** Returns how long a request waits that is the given one of its client's, from 1. */
  Duration delayOf(long request) {
    long late = Math.max(0, request - slowAfter);
    Duration wait = delay.multipliedBy(late);
    return wait.compareTo(maxDelay) < 0 ? wait : maxDelay;
  }
}
