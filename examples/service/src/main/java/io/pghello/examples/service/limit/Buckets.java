// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.github.bucket4j.ConsumptionProbe;

/**
 * Request counters: a token bucket per client. Thread-safe.
 *
 * <p>{@link ClientAddress} defines the names that identify clients.
 */
public interface Buckets {
  /**
   * Takes the given number of tokens, or none if there are too few. Returns the outcome and the
   * number of remaining tokens.
   */
  ConsumptionProbe tryConsume(String client, int tokens);

  /** Returns an unused token to the bucket. */
  void giveBack(String client);
}
