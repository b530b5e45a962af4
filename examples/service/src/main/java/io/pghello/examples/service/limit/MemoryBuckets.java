// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import java.time.Duration;

/**
 * Counts requests in the memory of this instance. Removes clients that have made no request during
 * one window.
 */
public final class MemoryBuckets implements Buckets {
  private final LoadingCache<String, Bucket> buckets;

  /**
   * Creates empty buckets.
   *
   * @param window the time without a request after which a client is removed
   * @param maxClients the maximum number of clients
   */
  public MemoryBuckets(Bandwidth limit, Duration window, int maxClients) {
    buckets =
        Caffeine.newBuilder()
            .maximumSize(maxClients)
            .expireAfterAccess(window)
            .build(client -> Bucket.builder().addLimit(limit).build());
  }

  @Override
  public ConsumptionProbe tryConsume(String client, int tokens) {
    return buckets.get(client).tryConsumeAndReturnRemaining(tokens);
  }

  @Override
  public void giveBack(String client) {
    buckets.get(client).addTokens(1);
  }
}
