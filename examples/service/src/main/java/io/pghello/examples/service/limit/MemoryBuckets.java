// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;

/** Counts in this instance. A client that makes no request for a window is forgotten. */
final class MemoryBuckets implements Buckets {
  private final LoadingCache<String, Bucket> buckets;

  MemoryBuckets(RateLimitProperties properties, Bandwidth limit) {
    buckets =
        Caffeine.newBuilder()
            .maximumSize(properties.maxClients())
            .expireAfterAccess(properties.window())
            .build(client -> Bucket.builder().addLimit(limit).build());
  }

  @Override
  public Bucket of(String client) {
    return buckets.get(client);
  }
}
