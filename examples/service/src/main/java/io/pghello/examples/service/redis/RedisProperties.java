// SPDX-License-Identifier: MIT
package io.pghello.examples.service.redis;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code greeting.redis.*}.
 *
 * @param url the URL, for example {@code redis://:password@host:6379}, or {@code rediss://} for TLS
 * @param password the password, which overrides the password in the URL; null to use the one in the
 *     URL
 * @param timeout the timeout for opening a connection, and for the response to a command
 * @param pause the time for which Redis is not called after several failures
 */
@ConfigurationProperties("greeting.redis")
record RedisProperties(
    @DefaultValue("redis://localhost:6379") String url,
    @Nullable String password,
    @DefaultValue("250ms") Duration timeout,
    @DefaultValue("10s") Duration pause) {

  /** Omits the URL, because it may contain a password. */
  @Override
  public String toString() {
    return "RedisProperties[timeout=" + timeout + ", pause=" + pause + "]";
  }
}
