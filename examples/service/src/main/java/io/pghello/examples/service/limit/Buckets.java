// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.github.bucket4j.Bucket;

/** Where the requests of each client are counted. Thread-safe. */
interface Buckets {
  /**
   * Returns the bucket from which a client takes a token for each request.
   *
   * @param client as {@link ClientAddress} names it
   */
  Bucket of(String client);
}
