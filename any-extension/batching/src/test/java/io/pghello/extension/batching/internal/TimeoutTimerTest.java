// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Shows that the timeout check misses no call. */
@Timeout(60)
class TimeoutTimerTest {
  private static final Duration SHORT = Duration.ofMillis(20);

  @Test
  void checksAgainForCallsThatWereAddedDuringTheCheck() throws InterruptedException {
    var timer = new AtomicReference<@Nullable TimeoutTimer>();
    var looks = new AtomicInteger();
    var third = new CountDownLatch(1);
    timer.set(
        new TimeoutTimer(
            SHORT,
            () -> {
              switch (looks.incrementAndGet()) {
                case 1 -> {
                  // a call is added just after the check, while the timer is still started
                  start(timer);
                  return false;
                }
                case 2 -> {
                  return true;
                }
                default -> {
                  third.countDown();
                  return false;
                }
              }
            }));
    start(timer);
    assertThat(third.await(20, TimeUnit.SECONDS)).isTrue();
  }

  private static void start(AtomicReference<@Nullable TimeoutTimer> timer) {
    TimeoutTimer known = timer.get();
    if (known != null) {
      known.start();
    }
  }

  @Test
  void triesAgainIfItCannotStartAThread() throws InterruptedException {
    var checks = new AtomicInteger();
    var checked = new CountDownLatch(3);
    BooleanSupplier check =
        () -> {
          checks.incrementAndGet();
          checked.countDown();
          return checked.getCount() > 0;
        };
    try (var scheduler = new ThreadlessOnce()) {
      var timer = new TimeoutTimer(SHORT, check, scheduler);
      assertThat(timer.start()).isFalse();
      assertThat(checks).hasValue(0);
      var gate = new CountDownLatch(1);
      scheduler.execute(() -> await(gate));
      assertThat(timer.start()).isTrue();
      // the task that the scheduler kept from the first attempt must not check anything
      Objects.requireNonNull(scheduler.refused).run();
      assertThat(checks).hasValue(0);
      gate.countDown();
      assertThat(checked.await(20, TimeUnit.SECONDS)).isTrue();
      until(() -> scheduler.getQueue().isEmpty() && scheduler.getActiveCount() == 0);
      assertThat(checks).hasValue(4);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void continuesAfterAnOutOfMemoryErrorWhileScheduling() throws InterruptedException {
    var checked = new CountDownLatch(2);
    BooleanSupplier check =
        () -> {
          checked.countDown();
          return checked.getCount() > 0;
        };
    try (var scheduler = new ThreadlessOnce()) {
      var timer = new TimeoutTimer(SHORT, check, scheduler);
      scheduler.refused = () -> {};
      scheduler.refuseOnTimer = true;
      assertThat(timer.start()).isTrue();
      assertThat(checked.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(scheduler.refuseOnTimer).isFalse();
    }
  }

  /** The stack overflows at every depth at which the timer may be started. */
  @Tag("slow")
  @Test
  void aStackOverflowLeavesNoLockBehind() throws Exception {
    for (int frames = 1; frames < 1_000; frames += 3) {
      try (var scheduler = new ThreadlessOnce()) {
        scheduler.refused = () -> {};
        var checked = new CountDownLatch(1);
        BooleanSupplier check =
            () -> {
              checked.countDown();
              return false;
            };
        var timer = new TimeoutTimer(SHORT, check, scheduler);
        var deep = new DeepStart(timer, frames);
        deep.start();
        deep.join();
        timer.start();
        assertThat(checked.await(20, TimeUnit.SECONDS)).as("with room for %s", frames).isTrue();
      }
    }
  }

  /** A thread that starts a timer when its stack has room for a number of small frames. */
  private static final class DeepStart extends Thread {
    private final TimeoutTimer timer;
    private final int frames;

    DeepStart(TimeoutTimer timer, int frames) {
      super(null, null, "with room for " + frames, 256 * 1024);
      this.timer = timer;
      this.frames = frames;
    }

    @Override
    public void run() {
      dive();
    }

    /**
     * Recurses until the stack is full. Returns the number of frames that have returned since then.
     */
    @SuppressWarnings("InfiniteRecursion")
    private int dive() {
      int returned;
      try {
        returned = dive() + 1;
      } catch (StackOverflowError e) {
        return 1;
      }
      if (returned == frames) {
        try {
          timer.start();
        } catch (StackOverflowError e) {
          return returned;
        }
      }
      return returned;
    }
  }

  @Test
  void aCheckThatThrowsIsRepeated() throws InterruptedException {
    var checked = new CountDownLatch(2);
    var timer =
        new TimeoutTimer(
            SHORT,
            () -> {
              checked.countDown();
              if (checked.getCount() > 0) {
                throw new StackOverflowError("of a test");
              }
              return false;
            });
    assertThat(timer.start()).isTrue();
    assertThat(checked.await(20, TimeUnit.SECONDS)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "19, 1", "40, 2", "1000, 50", "2000, 100", "60000, 100"})
  void checksSoOftenThatACallEndsLittleLate(long timeoutMillis, long periodMillis) {
    var delay = new AtomicLong();
    var scheduler =
        new ScheduledThreadPoolExecutor(0) {
          @Override
          public ScheduledFuture<?> schedule(Runnable task, long time, TimeUnit unit) {
            delay.set(unit.toMillis(time));
            throw new OutOfMemoryError("no check is needed");
          }
        };
    assertThat(new TimeoutTimer(Duration.ofMillis(timeoutMillis), () -> false, scheduler).start())
        .isFalse();
    assertThat(delay).hasValue(periodMillis);
    scheduler.shutdownNow();
  }

  private static void until(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(end - System.nanoTime()).as("time left to wait").isPositive();
      LockSupport.parkNanos(100_000);
    }
  }

  /**
   * A scheduler that cannot start its thread at first, as if the JVM had no memory for the thread.
   */
  private static final class ThreadlessOnce extends ScheduledThreadPoolExecutor
      implements AutoCloseable {
    @Nullable Runnable refused;
    volatile boolean refuseOnTimer;

    ThreadlessOnce() {
      super(1, task -> new Thread(task, "timer"));
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
      if (refused == null) {
        refused = task;
        throw new OutOfMemoryError("unable to create native thread");
      }
      if (refuseOnTimer && Thread.currentThread().getName().equals("timer")) {
        refuseOnTimer = false;
        throw new OutOfMemoryError("no memory for a task");
      }
      return super.schedule(task, delay, unit);
    }

    @Override
    public void close() {
      shutdownNow();
    }
  }
}
