// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.ConnectionSource;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Shows that the time-out check misses no call and leaves no interrupt behind. */
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
                  // is added just after the check, while the timer is still started
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
  void anInterruptThatEndsAWaitForAConnectionEndsWithIt() {
    ConnectionSource stuck =
        () -> {
          while (!Thread.currentThread().isInterrupted()) {
            LockSupport.park();
          }
          throw new SQLException("interrupted");
        };
    var watch = new StatementWatch(SHORT);
    StatementWatch.Watched watched = watch.begin(Deadline.after(SHORT));
    assertThat(watch.waitingForConnection()).isEqualTo(1);
    assertThatThrownBy(() -> watched.connect(stuck)).isInstanceOf(SQLException.class);
    assertThat(Thread.interrupted()).isFalse();
    assertThat(watched.end()).isFalse();
    assertThat(watch.waitingForConnection()).isZero();
  }
}
