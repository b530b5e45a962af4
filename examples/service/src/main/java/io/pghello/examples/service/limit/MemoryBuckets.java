// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import java.time.Duration;

/**
 * Counts in the memory of this instance. Clients without a request during one window are removed.
 */
public final class MemoryBuckets implements Buckets {
  private final LoadingCache<String, Bucket> buckets;

  /**
   * Creates empty buckets.
   *
   * @param window clients without a request for this time are removed
   * @param maxClients maximum number of clients
   */
  public MemoryBuckets(Bandwidth limit, Duration window, int maxClients) {
    buckets =
        Caffeine.newBuilder()
            .maximumSize(maxClients)
            .expireAfterAccess(window)
            .build(client -> Bucket.builder().addLimit(limit).build());
  }

  @Override
  public ConsumptionProbe take(String client, int tokens) {
    return buckets.get(client).tryConsumeAndReturnRemaining(tokens);
  }

  @Override
  public void giveBack(String client) {
    buckets.get(client).addTokens(1);
  }
}
