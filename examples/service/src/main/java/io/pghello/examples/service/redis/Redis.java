// SPDX-License-Identifier: MIT
package io.pghello.examples.service.redis;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import io.pghello.examples.web.OutageLog;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Redis client that tolerates outages. A call fails after a short timeout. After several
 * failures, all calls fail immediately until a pause has passed. An error returned by Redis counts
 * as a response, not as a failure. Redis need not be available at startup. Thread-safe.
 */
public final class Redis implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Redis.class);
  private static final RedisCodec<String, byte[]> CODEC =
      RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE);
  private static final int CALLS_LOOKED_AT = 5;
  private static final int FAILED_PERCENT = 50;

  private final ClientResources resources =
      ClientResources.builder().reconnectDelay(Delay.constant(Duration.ofSeconds(1))).build();
  private final RedisURI uri;
  private final RedisClient client;
  private final Duration timeout;
  private final CircuitBreaker breaker;
  private final OutageLog outages;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable CompletableFuture<StatefulRedisConnection<String, byte[]>> connection;

  Redis(RedisProperties properties, OutageLog outages) {
    this.outages = outages;
    timeout = properties.timeout();
    uri = RedisURI.create(properties.url());
    uri.setTimeout(timeout);
    if (properties.password() != null) {
      uri.setAuthentication(properties.password().strip().toCharArray());
    }
    client = RedisClient.create(resources);
    client.setOptions(
        ClientOptions.builder()
            .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
            .socketOptions(SocketOptions.builder().connectTimeout(timeout).build())
            .timeoutOptions(TimeoutOptions.enabled(timeout))
            .build());
    breaker =
        CircuitBreaker.of(
            "redis",
            CircuitBreakerConfig.custom()
                .slidingWindowSize(CALLS_LOOKED_AT)
                .minimumNumberOfCalls(CALLS_LOOKED_AT)
                .failureRateThreshold(FAILED_PERCENT)
                .waitDurationInOpenState(properties.pause())
                .permittedNumberOfCallsInHalfOpenState(1)
                // errors returned by Redis and errors of the caller do not count as failures of
                // Redis
                .recordException(
                    e ->
                        e instanceof RedisException
                            && !(e instanceof RedisCommandExecutionException))
                .build());
    breaker
        .getEventPublisher()
        .onError(e -> LOG.debug("Redis failed", e.getThrowable()))
        .onStateTransition(e -> stateChanged(e.getStateTransition().getToState(), properties));
  }

  private void stateChanged(State state, RedisProperties properties) {
    if (state == State.OPEN) {
      LOG.warn(
          "Redis is unavailable and will not be called for {} s", properties.pause().toSeconds());
      // otherwise, a silently broken connection would be noticed only after 15 minutes
      forgetConnection();
    } else if (state == State.CLOSED) {
      LOG.info("Redis responds again");
    }
  }

  /**
   * Calls Redis.
   *
   * @param work the function that executes the commands, on a shared connection that stays open
   * @throws RuntimeException if the call fails, or if Redis is not called because of earlier
   *     failures
   */
  public <T extends @Nullable Object> T call(
      Function<StatefulRedisConnection<String, byte[]>, T> work) {
    try {
      return breaker.executeSupplier(() -> work.apply(connection()));
    } catch (RedisException e) {
      logRefusal(e);
      throw e;
    } catch (Error e) {
      // otherwise, the circuit breaker's trial call would never end
      breaker.releasePermission();
      throw e;
    }
  }

  /** Logs an error returned by Redis, including a failed login that caused another error. */
  private void logRefusal(RedisException e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof RedisCommandExecutionException) {
        outages.failed("REDIS_REFUSES", cause.getMessage());
        return;
      }
    }
  }

  State state() {
    return breaker.getState();
  }

  private StatefulRedisConnection<String, byte[]> connection() {
    try {
      return connecting().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RedisException(e);
    } catch (ExecutionException | TimeoutException e) {
      throw new RedisException("no connection", e);
    }
  }

  /**
   * Returns a future of the shared connection; all callers wait for the same future. Once
   * established, the connection reconnects automatically.
   */
  private CompletableFuture<StatefulRedisConnection<String, byte[]>> connecting() {
    lock.lock();
    try {
      if (connection == null || connection.isCompletedExceptionally()) {
        connection = client.connectAsync(CODEC, uri).toCompletableFuture();
      }
      return connection;
    } finally {
      lock.unlock();
    }
  }

  private void forgetConnection() {
    CompletableFuture<StatefulRedisConnection<String, byte[]>> old;
    lock.lock();
    try {
      old = connection;
      connection = null;
    } finally {
      lock.unlock();
    }
    if (old != null) {
      var unused = old.thenCompose(StatefulRedisConnection::closeAsync);
    }
  }

  @Override
  public void close() {
    client.shutdown();
    var unused = resources.shutdown();
  }
}
