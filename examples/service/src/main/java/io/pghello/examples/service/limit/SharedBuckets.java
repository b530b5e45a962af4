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
import javax.sql.DataSource;
import org.springframework.scheduling.annotation.Scheduled;

/** Counts in a table of the database, for all instances together. */
final class SharedBuckets implements Buckets {
  private static final int DELETED_AT_ONCE = 1_000;

  private final PostgreSQLadvisoryLockBasedProxyManager<String> manager;
  private final BucketConfiguration configuration;

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
  public ConsumptionProbe take(String client) {
    return bucket(client).tryConsumeAndReturnRemaining(1);
  }

  @Override
  public void giveBack(String client) {
    bucket(client).addTokens(1);
  }

  private Bucket bucket(String client) {
    return manager.builder().build(client, () -> configuration);
  }

  /** Deletes the clients whose buckets are full again. */
  @Scheduled(fixedDelayString = "PT1M")
  void deleteExpired() {
    int deleted;
    do {
      deleted = manager.removeExpired(DELETED_AT_ONCE);
    } while (deleted == DELETED_AT_ONCE);
  }
}
