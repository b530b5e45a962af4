// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit.redis;

import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.distributed.ExpirationAfterWriteStrategy;
import io.github.bucket4j.redis.lettuce.Bucket4jLettuce;
import io.lettuce.core.api.StatefulRedisConnection;
import io.pghello.examples.service.limit.Buckets;
import io.pghello.examples.service.limit.MemoryBuckets;
import io.pghello.examples.service.limit.RateLimitProperties;
import io.pghello.examples.service.redis.Redis;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.stereotype.Component;

/**
 * Counts the requests of all instances in Redis. While Redis is unavailable, each instance counts
 * its own requests.
 */
@Component
@ConditionalOnProperty(name = "greeting.rate-limit.enabled", matchIfMissing = true)
@ConditionalOnProperty(name = "greeting.rate-limit.store", havingValue = "redis")
final class RedisBuckets implements Buckets {
  private static final Logger LOG = LoggerFactory.getLogger(RedisBuckets.class);

  private final Redis redis;
  private final MemoryBuckets own;
  private final BucketConfiguration configuration;
  private final ExpirationAfterWriteStrategy expiration;

  RedisBuckets(RateLimitProperties properties, Bandwidth limit, Redis redis) {
    this.redis = redis;
    this.own = new MemoryBuckets(limit, properties.window(), properties.maxClients());
    this.configuration = BucketConfiguration.builder().addLimit(limit).build();
    this.expiration =
        ExpirationAfterWriteStrategy.basedOnTimeForRefillingBucketUpToMax(properties.window());
  }

  @Override
  public ConsumptionProbe tryConsume(String client, int tokens) {
    try {
      return redis.call(c -> bucket(c, client).tryConsumeAndReturnRemaining(tokens));
    } catch (RuntimeException e) {
      LOG.debug("A request is counted only in this instance", e);
      return own.tryConsume(client, tokens);
    }
  }

  @Override
  public void giveBack(String client) {
    try {
      redis.call(
          c -> {
            bucket(c, client).addTokens(1);
            return true;
          });
    } catch (RuntimeException e) {
      LOG.debug("A token is returned only in this instance", e);
      own.giveBack(client);
    }
  }

  private Bucket bucket(StatefulRedisConnection<String, byte[]> connection, String client) {
    return Bucket4jLettuce.casBasedBuilder(connection)
        .expirationAfterWrite(expiration)
        .build()
        .builder()
        .build("greeting-limit:" + client, () -> configuration);
  }
}
