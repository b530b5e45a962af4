// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.github.bucket4j.ConsumptionProbe;
import java.time.Duration;
import java.util.concurrent.Semaphore;

/**
 * Decides on the requests of a client: at once, later, or not in this window. Requests are counted
 * before they wait, so there are never more than allowed, however many come together. Thread-safe.
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
    /** It may be answered, perhaps after a delay that has passed. */
    ALLOWED,
    /** The client has made all requests of the window. */
    LIMIT_REACHED,
    /** It would have to wait, but too many do. It does not count. */
    TOO_MANY_WAITING
  }

  /**
   * A decision on a request, with what the client is told.
   *
   * @param remaining how many requests the client has left
   * @param reset when the next window begins, from now
   * @param retryAfter when to come again; zero if the request is allowed
   */
  record Decision(Outcome outcome, long remaining, Duration reset, Duration retryAfter) {}

  /** Takes as many requests of the client's, or none. */
  Decision take(String client, int requests) {
    ConsumptionProbe probe = buckets.take(client, requests);
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

  /** Takes a request of the client's, and lets the thread wait if it is to. */
  Decision takeSlowly(String client) throws InterruptedException {
    Decision decision = take(client, 1);
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
