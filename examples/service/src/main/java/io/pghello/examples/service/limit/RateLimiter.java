// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.github.bucket4j.ConsumptionProbe;
import java.time.Duration;
import java.util.concurrent.Semaphore;

/**
 * Decides whether a client's request is processed immediately, processed after a delay, or rejected
 * until the next window. A request is counted before its delay, so concurrent requests cannot
 * exceed the limit. Thread-safe.
 */
final class RateLimiter {
  private final RateLimitProperties properties;
  private final Buckets buckets;
  private final Semaphore waiting;

  RateLimiter(RateLimitProperties properties, Buckets buckets) {
    this.properties = properties;
    this.buckets = buckets;
    this.waiting = new Semaphore(properties.maxWaiting());
  }

  /** The outcome of a decision on a request. */
  enum Outcome {
    /** The request is allowed. Any delay has already passed. */
    ALLOWED,
    /** The client has used up the requests allowed in the current window. */
    LIMIT_REACHED,
    /**
     * The request would have to wait, but too many requests are already waiting. The request does
     * not count.
     */
    TOO_MANY_WAITING
  }

  /**
   * A decision on a request, and the information for the client.
   *
   * @param remaining the number of requests that the client has left
   * @param reset the time until the next window begins
   * @param retryAfter the time after which to retry; zero if the request is allowed
   */
  record Decision(Outcome outcome, long remaining, Duration reset, Duration retryAfter) {}

  /** Takes the given number of requests from the client's limit, or none if too few are left. */
  Decision tryConsume(String client, int requests) {
    ConsumptionProbe probe = buckets.tryConsume(client, requests);
    return probe.isConsumed()
        ? decision(Outcome.ALLOWED, probe, Duration.ZERO)
        : decision(Outcome.LIMIT_REACHED, probe, Duration.ofNanos(probe.getNanosToWaitForRefill()));
  }

  private static Decision decision(Outcome outcome, ConsumptionProbe probe, Duration retryAfter) {
    return new Decision(
        outcome,
        probe.getRemainingTokens(),
        Duration.ofNanos(probe.getNanosToWaitForReset()),
        retryAfter);
  }

  /** Takes one request, and blocks the thread for its delay. */
  Decision tryConsumeWithDelay(String client) throws InterruptedException {
    Decision decision = tryConsume(client, 1);
    long remaining = decision.remaining();
    Duration delay = properties.delayOf(properties.requests() - remaining);
    if (decision.outcome() != Outcome.ALLOWED || delay.isZero()) {
      return decision;
    }
    if (!waiting.tryAcquire()) {
      buckets.giveBack(client);
      return new Decision(Outcome.TOO_MANY_WAITING, remaining + 1, decision.reset(), delay);
    }
    try {
      Thread.sleep(delay.toMillis());
    } finally {
      waiting.release();
    }
    return decision;
  }
}
