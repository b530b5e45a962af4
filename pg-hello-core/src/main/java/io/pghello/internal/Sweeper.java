// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Looks after time-outs every now and then, for as long as there is something to look after, on the
 * JDK's own thread for delays.
 */
final class Sweeper {
  private static final long PERIOD_MAX_MILLIS = 100;
  private static final long PERIODS_PER_TIMEOUT = 20;

  private final AtomicBoolean awake = new AtomicBoolean();
  private final BooleanSupplier sweep;
  private final Executor later;

  /**
   * Creates a sweeper, which sleeps.
   *
   * @param sweep does it, at once, and says whether there is something left
   */
  Sweeper(Duration callTimeout, BooleanSupplier sweep) {
    long period = callTimeout.toMillis() / PERIODS_PER_TIMEOUT;
    this.sweep = sweep;
    this.later =
        CompletableFuture.delayedExecutor(
            Math.max(1, Math.min(period, PERIOD_MAX_MILLIS)), TimeUnit.MILLISECONDS, Runnable::run);
  }

  /** Says that there is something to look after. */
  void wake() {
    if (!awake.get() && awake.compareAndSet(false, true)) {
      later.execute(this::run);
    }
  }

  private void run() {
    if (sweep.getAsBoolean()) {
      later.execute(this::run);
    } else {
      awake.set(false);
      // something may have come since
      if (sweep.getAsBoolean()) {
        wake();
      }
    }
  }
}
