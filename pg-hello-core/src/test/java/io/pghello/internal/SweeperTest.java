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

/** What looks after time-outs misses nothing, and leaves nothing behind. */
@Timeout(60)
class SweeperTest {
  private static final Duration SHORT = Duration.ofMillis(20);

  @Test
  void looksAgainForWhatHasComeSinceItLooked() throws InterruptedException {
    var sweeper = new AtomicReference<@Nullable Sweeper>();
    var looks = new AtomicInteger();
    var third = new CountDownLatch(1);
    sweeper.set(
        new Sweeper(
            SHORT,
            () -> {
              switch (looks.incrementAndGet()) {
                case 1 -> {
                  // comes just after the look, and finds the sweeper awake
                  wake(sweeper);
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
    wake(sweeper);
    assertThat(third.await(20, TimeUnit.SECONDS)).isTrue();
  }

  private static void wake(AtomicReference<@Nullable Sweeper> sweeper) {
    Sweeper known = sweeper.get();
    if (known != null) {
      known.wake();
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
    var patience = new Patience(SHORT);
    assertThatThrownBy(() -> patience.get(stuck, Deadline.after(SHORT)))
        .isInstanceOf(SQLException.class);
    assertThat(Thread.interrupted()).isFalse();
    assertThat(patience.waiting()).isZero();
  }
}
