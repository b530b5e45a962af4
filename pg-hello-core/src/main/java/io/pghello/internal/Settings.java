// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloListener;
import java.time.Duration;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * What a client was told; {@code PgHelloClient.Builder} says what each means.
 *
 * @param schema the extension's schema, in quotes; null to find it
 * @param asyncExecutor makes calls of futures that go alone; null for none
 */
public record Settings(
    @Nullable String schema,
    Duration callTimeout,
    boolean retryLostCalls,
    boolean coalescing,
    int maxBatchSize,
    int maxBatchBytes,
    int maxInFlightBatches,
    int maxQueuedCalls,
    int maxQueuedBytes,
    boolean blockWhenFull,
    int maxInFlightCalls,
    @Nullable Executor asyncExecutor,
    PgHelloListener listener) {

  /** Listens to nothing. */
  public static final PgHelloListener NO_LISTENER = new PgHelloListener() {};

  /** Returns the settings of a statement that is run without a client. */
  static Settings ofOneStatement(Duration timeout) {
    return new Settings(null, timeout, true, false, 1, 1, 1, 1, 1, false, 1, null, NO_LISTENER);
  }

  /** Returns whether there is a listener. */
  public boolean listens() {
    return !listener.equals(NO_LISTENER);
  }

  /** Returns when a call that begins now, and has no time-out of its own, must have ended. */
  public Deadline deadline() {
    return Deadline.after(callTimeout);
  }

  /** Returns the same settings with another time-out. */
  public Settings with(Duration callTimeout) {
    return new Settings(
        schema,
        callTimeout,
        retryLostCalls,
        coalescing,
        maxBatchSize,
        maxBatchBytes,
        maxInFlightBatches,
        maxQueuedCalls,
        maxQueuedBytes,
        blockWhenFull,
        maxInFlightCalls,
        asyncExecutor,
        listener);
  }

  @Override
  public String toString() {
    return (schema == null ? "" : "schema " + schema + ", ")
        + "time-out "
        + callTimeout.toMillis()
        + " ms, "
        + (coalescing
            ? "coalescing " + maxInFlightBatches + " x " + maxBatchSize
            : "not coalescing");
  }
}
