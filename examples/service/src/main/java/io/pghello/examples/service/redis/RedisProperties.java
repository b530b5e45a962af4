// SPDX-License-Identifier: MIT
package io.pghello.examples.service.redis;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code greeting.redis.*}.
 *
 * @param url as in {@code redis://:password@host:6379}, or {@code rediss://} for TLS
 * @param password in place of one in the URL; null for the URL's
 * @param timeout how long a connection, or the answer to a command, is waited for
 * @param pause how long Redis is not asked after it has failed several times
 */
@ConfigurationProperties("greeting.redis")
record RedisProperties(
    @DefaultValue("redis://localhost:6379") String url,
    @Nullable String password,
    @DefaultValue("250ms") Duration timeout,
    @DefaultValue("10s") Duration pause) {

  /** The URL may have a password in it. */
  @Override
  public String toString() {
    return "RedisProperties[timeout=" + timeout + ", pause=" + pause + "]";
  }
}
