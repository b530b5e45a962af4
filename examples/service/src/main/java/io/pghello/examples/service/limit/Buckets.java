// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.github.bucket4j.ConsumptionProbe;

/**
 * Counters of requests: a bucket of tokens for each client. Thread-safe.
 *
 * <p>Clients are named as {@link ClientAddress} does.
 */
public interface Buckets {
  /** Takes as many tokens, if there are so many, or none, and returns what is left. */
  ConsumptionProbe take(String client, int tokens);

  /** Gives back a token that was not used. */
  void giveBack(String client);
}
