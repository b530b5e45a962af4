// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.github.bucket4j.ConsumptionProbe;

/**
 * Where the requests of each client are counted: a bucket of tokens for each. Thread-safe.
 *
 * <p>Clients are named as {@link ClientAddress} does.
 */
public interface Buckets {
  /** Takes a token, if there is one, and returns what is left. */
  ConsumptionProbe take(String client);

  /** Gives back a token that was not used. */
  void giveBack(String client);
}
