// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Runs a time-out check periodically while there are calls to check, on one thread that all clients
 * share. The thread ends after some idle seconds. The JDK's own thread for delays never ends, and
 * would keep a reference to the application whose call started it.
 */
final class TimeoutTimer {
  private static final long PERIOD_MAX_MILLIS = 100;
  private static final long PERIODS_PER_TIMEOUT = 20;
  private static final long THREAD_IDLE_SECONDS = 5;
  private static final ScheduledThreadPoolExecutor TIMER = timer();

  private final AtomicBoolean started = new AtomicBoolean();
  private final BooleanSupplier checkTimeouts;
  private final long periodMillis;

  /**
   * Creates a stopped timer.
   *
   * @param checkTimeouts runs the check without blocking; returns whether calls are left to check
   */
  TimeoutTimer(Duration callTimeout, BooleanSupplier checkTimeouts) {
    long period = callTimeout.toMillis() / PERIODS_PER_TIMEOUT;
    this.checkTimeouts = checkTimeouts;
    this.periodMillis = Math.max(1, Math.min(period, PERIOD_MAX_MILLIS));
  }

  private static ScheduledThreadPoolExecutor timer() {
    var timer = new ScheduledThreadPoolExecutor(1, task -> new AsyncWorker(task, "pg-hello-timer"));
    timer.setKeepAliveTime(THREAD_IDLE_SECONDS, TimeUnit.SECONDS);
    timer.allowCoreThreadTimeOut(true);
    return timer;
  }

  /** Starts the periodic check unless it is running; it stops when no call is left to check. */
  void start() {
    if (!started.get() && started.compareAndSet(false, true)) {
      schedule();
    }
  }

  private void schedule() {
    var unused = TIMER.schedule(this::run, periodMillis, TimeUnit.MILLISECONDS);
  }

  private void run() {
    if (checkTimeouts.getAsBoolean()) {
      schedule();
    } else {
      started.set(false);
      // a call may have been added since
      if (checkTimeouts.getAsBoolean()) {
        start();
      }
    }
  }
}
