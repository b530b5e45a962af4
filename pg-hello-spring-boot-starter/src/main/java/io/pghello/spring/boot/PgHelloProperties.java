// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

/**
 * The properties {@code pg-hello.*}. They have the names of {@link
 * io.pghello.PgHelloClientBuilder}'s methods, which say more.
 *
 * @param schema The schema that the extension is in, without quotes. By default the client asks the
 *     server, and Hibernate and jOOQ leave it to the search_path.
 * @param preflight What to do when the application starts and the extension cannot be used.
 * @param defaultRepeat How many times a greeting is repeated where no count is given, 1 to 10. By
 *     default what the database's setting pg_hello.repeat says.
 * @param callTimeout How long a call may take, with waiting for a connection and retries.
 * @param retryLostCalls Whether a call is made again on another connection when its own is lost.
 * @param coalescing Whether calls that would have to wait share one statement. By default true on a
 *     pool, and false where the calling thread decides on the connection (a routing data source,
 *     JTA), or where that is not known of the data source.
 * @param maxBatchSize How many names a statement carries at most.
 * @param maxBatchBytes How many bytes of names a statement carries, plus at most one name.
 * @param maxInFlightBatches How many statements of coalesced calls are in flight at a time, each on
 *     a connection of its own.
 * @param maxInFlightCalls How many calls of futures that share no statement are in flight at a
 *     time.
 * @param maxQueuedCalls How many calls may wait.
 * @param maxQueuedBytes How many bytes of names may wait.
 * @param blockWhenFull Whether a call that would be one more than may wait blocks its thread,
 *     instead of failing at once.
 */
@ConfigurationProperties("pg-hello")
public record PgHelloProperties(
    @Nullable String schema,
    @DefaultValue("warn") Preflight preflight,
    @Nullable Integer defaultRepeat,
    @DefaultValue("5s") Duration callTimeout,
    @DefaultValue("true") boolean retryLostCalls,
    @Nullable Boolean coalescing,
    @DefaultValue("1024") int maxBatchSize,
    @DefaultValue("1MB") DataSize maxBatchBytes,
    @DefaultValue("2") int maxInFlightBatches,
    @DefaultValue("20") int maxInFlightCalls,
    @DefaultValue("65536") int maxQueuedCalls,
    @DefaultValue("64MB") DataSize maxQueuedBytes,
    @DefaultValue("false") boolean blockWhenFull) {

  /** Behaviour at the start of an application when the extension cannot be used. */
  public enum Preflight {
    /** The application does not start, and says what is wrong and what mends it. */
    FAIL,
    /** The same as a warning in the log. */
    WARN,
    /** Nothing; the database is not asked. */
    OFF
  }

  /** Checks the values, so that an error names the property. */
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
    positive("max-in-flight-calls", maxInFlightCalls);
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
