// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Looks after time-outs every now and then, for as long as there is something to look after, on a
 * thread that all clients share. It ends when it has had nothing to do for some seconds: the JDK's
 * own thread for delays does not, and would keep the application whose call happened to start it.
 */
final class TimeoutTimer {
  private static final long PERIOD_MAX_MILLIS = 100;
  private static final long PERIODS_PER_TIMEOUT = 20;
  private static final long THREAD_IDLE_SECONDS = 5;
  private static final ScheduledThreadPoolExecutor TIMER = timer();

  private final AtomicBoolean awake = new AtomicBoolean();
  private final BooleanSupplier checkTimeouts;
  private final long periodMillis;

  /**
   * Creates a timer, which sleeps.
   *
   * @param checkTimeouts does it, at once, and says whether there is something left
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

  /** Says that there is something to look after. */
  void wake() {
    if (!awake.get() && awake.compareAndSet(false, true)) {
      runLater();
    }
  }

  private void runLater() {
    var unused = TIMER.schedule(this::run, periodMillis, TimeUnit.MILLISECONDS);
  }

  private void run() {
    if (checkTimeouts.getAsBoolean()) {
      runLater();
    } else {
      awake.set(false);
      // something may have come since
      if (checkTimeouts.getAsBoolean()) {
        wake();
      }
    }
  }
}
