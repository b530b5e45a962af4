// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

/**
 * The properties {@code pg-hello.*}. Except for {@code preflight} and {@code default-repeat}, they
 * are named after the methods of {@link io.pghello.extension.batching.ClientBuilder}, which
 * document the details.
 *
 * @param schema Schema of the extension, without quotes. By default, the client looks it up, and
 *     Hibernate and jOOQ use the search_path.
 * @param preflight Reaction if the extension cannot be used at startup.
 * @param defaultRepeat Number of greetings for calls without a count, 1 to 10. By default, the
 *     database setting pg_hello.repeat applies.
 * @param callTimeout Maximum duration of a call, including the wait for a connection and retries.
 * @param retryOnConnectionLoss Whether to retry a call on another connection if its connection is
 *     lost.
 * @param batching Whether calls that would have to wait share one statement. By default true for
 *     connection pools, and false if the calling thread determines the connection (a routing data
 *     source, JTA) or if this is unknown.
 * @param maxBatchSize Maximum number of names in a statement.
 * @param maxBatchBytes Maximum size of the names in a statement. One name may exceed it.
 * @param maxInFlightBatches Maximum number of concurrent statements with batched calls. Each uses
 *     its own connection.
 * @param maxConcurrentAsyncCalls Maximum number of concurrent asynchronous calls that do not share
 *     statements.
 * @param maxQueuedCalls Maximum number of waiting calls.
 * @param maxQueuedBytes Maximum size of the names of waiting calls.
 * @param blockWhenFull Whether a call blocks its thread if the queue is full, instead of failing
 *     immediately.
 */
@ConfigurationProperties("pg-hello")
public record PgHelloProperties(
    @Nullable String schema,
    @DefaultValue("warn") PreflightMode preflight,
    @Nullable Integer defaultRepeat,
    @DefaultValue("5s") Duration callTimeout,
    @DefaultValue("true") boolean retryOnConnectionLoss,
    @Nullable Boolean batching,
    @DefaultValue("1024") int maxBatchSize,
    @DefaultValue("1MB") DataSize maxBatchBytes,
    @DefaultValue("2") int maxInFlightBatches,
    @DefaultValue("20") int maxConcurrentAsyncCalls,
    @DefaultValue("65536") int maxQueuedCalls,
    @DefaultValue("64MB") DataSize maxQueuedBytes,
    @DefaultValue("false") boolean blockWhenFull) {

  /** Reaction if the extension cannot be used at startup. */
  public enum PreflightMode {
    /** Startup fails with the problem and its fix. */
    FAIL,
    /** The problem and its fix are logged as a warning. */
    WARN,
    /** The extension is not checked. */
    OFF
  }

  /** Validates the values, so that error messages contain the name of the property. */
  public PgHelloProperties {
    schema = schema == null || schema.isBlank() ? null : schema;
    require(schema == null || schema.indexOf(0) < 0, "schema", schema, "a name without U+0000");
    require(
        defaultRepeat == null || (defaultRepeat >= 1 && defaultRepeat <= 10),
        "default-repeat",
        defaultRepeat,
        "between 1 and 10");
    require(
        callTimeout.toDays() < 20 && callTimeout.toMillis() >= 1,
        "call-timeout",
        callTimeout,
        "a millisecond or more, and less than 20 days");
    positive("max-batch-size", maxBatchSize);
    positive("max-batch-bytes", maxBatchBytes.toBytes());
    positive("max-in-flight-batches", maxInFlightBatches);
    positive("max-concurrent-async-calls", maxConcurrentAsyncCalls);
    positive("max-queued-calls", maxQueuedCalls);
    positive("max-queued-bytes", maxQueuedBytes.toBytes());
  }

  private static void positive(String property, long value) {
    require(
        value >= 1 && value <= Integer.MAX_VALUE,
        property,
        value,
        "1 or more, and at most " + Integer.MAX_VALUE);
  }

  private static void require(
      boolean condition, String property, @Nullable Object value, String what) {
    if (!condition) {
      throw new InvalidConfigurationPropertyValueException(
          "pg-hello." + property, value, "it must be " + what);
    }
  }
}
