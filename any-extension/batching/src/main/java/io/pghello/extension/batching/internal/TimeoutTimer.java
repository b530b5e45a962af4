// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs a timeout check periodically while there are calls to check, on one thread that all clients
 * share. The thread ends after it has been idle for a few seconds. The JDK's own thread for delayed
 * tasks is not used, because it never ends and would keep a reference to the application that
 * started it.
 */
public final class TimeoutTimer {
  private static final Logger LOG = System.getLogger("io.pghello.extension.batching");
  private static final long PERIOD_MAX_MILLIS = 100;
  private static final long PERIODS_PER_TIMEOUT = 20;
  private static final long THREAD_IDLE_SECONDS = 5;

  // several times the number of stack frames that a scheduler needs to start its thread
  private static final int STACK_FRAMES = 500;

  private static final ScheduledThreadPoolExecutor TIMER = timer();

  private final AtomicReference<@Nullable Check> current = new AtomicReference<>();
  private final BooleanSupplier checkTimeouts;
  private final long periodMillis;
  private final ScheduledExecutorService scheduler;

  /**
   * Creates a stopped timer.
   *
   * @param checkTimeouts the check, which must not block and returns whether calls are left to
   *     check
   */
  public TimeoutTimer(Duration callTimeout, BooleanSupplier checkTimeouts) {
    this(callTimeout, checkTimeouts, TIMER);
  }

  /** Creates a stopped timer that uses the given scheduler. */
  public TimeoutTimer(
      Duration callTimeout, BooleanSupplier checkTimeouts, ScheduledExecutorService scheduler) {
    long period = callTimeout.toMillis() / PERIODS_PER_TIMEOUT;
    this.checkTimeouts = checkTimeouts;
    this.periodMillis = Math.max(1, Math.min(period, PERIOD_MAX_MILLIS));
    this.scheduler = scheduler;
  }

  private static ScheduledThreadPoolExecutor timer() {
    var timer =
        new ScheduledThreadPoolExecutor(1, task -> new AsyncWorker(task, "pg-extension-timer"));
    timer.setKeepAliveTime(THREAD_IDLE_SECONDS, TimeUnit.SECONDS);
    timer.allowCoreThreadTimeOut(true);
    return timer;
  }

  /**
   * Starts the periodic check unless it is running. The check stops when no call is left to check.
   *
   * @return false if the JVM cannot start a thread; the next invocation of this method tries again
   */
  public boolean start() {
    if (current.get() != null) {
      return true;
    }
    var check = new Check();
    // a stack overflow in the scheduler would leave its lock locked
    Threads.requireStack(STACK_FRAMES);
    return !current.compareAndSet(null, check) || check.schedule();
  }

  /** A periodic check, from its start to its end. */
  private final class Check implements Runnable {
    private boolean schedule() {
      boolean scheduled = false;
      try {
        scheduled = trySchedule();
      } finally {
        if (!scheduled) {
          current.set(null);
        }
      }
      return scheduled;
    }

    private boolean trySchedule() {
      return Threads.tryExecute(
          task -> {
            var unused = scheduler.schedule(task, periodMillis, TimeUnit.MILLISECONDS);
          },
          this);
    }

    @Override
    public void run() {
      // a scheduler that could not start a thread may still run the task later; the task is then
      // ignored
      if (equals(current.get())) {
        if (checkSafely()) {
          scheduleAgain();
        } else {
          current.set(null);
          // a call may have been added in the meantime
          if (checkSafely()) {
            start();
          }
        }
      }
    }

    /**
     * Schedules the next check. Retries until the JVM has enough memory, because calls rely on this
     * check.
     */
    private void scheduleAgain() {
      while (!trySchedule()) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(periodMillis));
      }
    }

    private boolean checkSafely() {
      try {
        return checkTimeouts.getAsBoolean();
      } catch (RuntimeException | Error e) {
        // the next check is more important than the log
        boolean unused =
            Threads.tryExecute(
                Runnable::run,
                () -> LOG.log(Level.WARNING, "A timeout check failed; it will be repeated", e));
        return true;
      }
    }
  }
}
