// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.distributed.ExpirationAfterWriteStrategy;
import io.github.bucket4j.distributed.jdbc.PrimaryKeyMapper;
import io.github.bucket4j.postgresql.Bucket4jPostgreSQL;
import io.github.bucket4j.postgresql.PostgreSQLadvisoryLockBasedProxyManager;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.annotation.Scheduled;

/**
 * Counts requests in a database table shared by all instances. For each client, the database counts
 * one request at a time. Concurrent requests of a client wait for a lock in this class; otherwise,
 * they would occupy connections of the pool while they wait.
 */
final class SharedBuckets implements Buckets {
  private static final int DELETED_AT_ONCE = 1_000;
  private static final int LOCKS = 256;

  private final PostgreSQLadvisoryLockBasedProxyManager<String> manager;
  private final BucketConfiguration configuration;
  // each client uses one of these locks; few clients share the same lock
  private final ReentrantLock[] locks =
      Stream.generate(ReentrantLock::new).limit(LOCKS).toArray(ReentrantLock[]::new);

  SharedBuckets(RateLimitProperties properties, Bandwidth limit, DataSource dataSource) {
    configuration = BucketConfiguration.builder().addLimit(limit).build();
    manager =
        Bucket4jPostgreSQL.advisoryLockBasedBuilder(dataSource)
            .primaryKeyMapper(PrimaryKeyMapper.STRING)
            .table("rate_limit_bucket")
            .requestTimeout(Duration.ofSeconds(5))
            .expirationAfterWrite(
                ExpirationAfterWriteStrategy.basedOnTimeForRefillingBucketUpToMax(
                    properties.window()))
            .build();
  }

  @Override
  public ConsumptionProbe tryConsume(String client, int tokens) {
    return withLock(client, bucket -> bucket.tryConsumeAndReturnRemaining(tokens));
  }

  @Override
  public void giveBack(String client) {
    withLock(
        client,
        bucket -> {
          bucket.addTokens(1);
          return null;
        });
  }

  private <T extends @Nullable Object> T withLock(String client, Function<Bucket, T> action) {
    ReentrantLock lock = locks[Math.floorMod(client.hashCode(), LOCKS)];
    lock.lock();
    try {
      return action.apply(manager.builder().build(client, () -> configuration));
    } finally {
      lock.unlock();
    }
  }

  /** Deletes clients with full buckets. */
  @Scheduled(fixedDelayString = "PT1M")
  void deleteExpired() {
    int deleted;
    do {
      deleted = manager.removeExpired(DELETED_AT_ONCE);
    } while (deleted == DELETED_AT_ONCE);
  }
}
