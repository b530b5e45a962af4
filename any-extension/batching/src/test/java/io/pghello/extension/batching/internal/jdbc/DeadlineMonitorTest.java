// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.internal.Deadline;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Shows that the monitor leaves no interrupt of its own behind, and does not clear the program's
 * interrupts.
 */
@Timeout(60)
class DeadlineMonitorTest {
  private static final Duration SHORT = Duration.ofMillis(20);

  @Test
  void anInterruptThatEndsAWaitForAConnectionEndsWithIt() {
    ConnectionSource stuck =
        () -> {
          while (!Thread.currentThread().isInterrupted()) {
            LockSupport.park();
          }
          throw new SQLException("interrupted");
        };
    var watch = new DeadlineMonitor(SHORT);
    DeadlineMonitor.WatchedStatement watched = watch.statement(stuck, Deadline.after(SHORT));
    watched.begin();
    assertThat(watch.allWaitFor(stuck)).isTrue();
    assertThatThrownBy(watched::connect).isInstanceOf(SQLException.class);
    assertThat(Thread.interrupted()).isFalse();
    assertThat(watched.end()).isFalse();
    watched.leave();
    assertThat(watch.allWaitFor(stuck)).isFalse();
  }

  @Test
  void anInterruptOfTheProgramStays() {
    var watch = new DeadlineMonitor(SHORT);
    ConnectionSource interrupted =
        () -> {
          watch.checkTimeouts();
          throw new SQLException("interrupted");
        };
    DeadlineMonitor.WatchedStatement watched =
        watch.statement(interrupted, Deadline.after(Duration.ZERO));
    // interrupt before the timer starts, because the timer could interrupt first
    Thread.currentThread().interrupt();
    watched.begin();
    assertThatThrownBy(watched::connect).isInstanceOf(SQLException.class);
    assertThat(Thread.interrupted()).isTrue();
    watched.leave();
    assertThat(watch.isIdle()).isTrue();
  }

  @Test
  void noStatementBeginsWhenTheWatchIsClosed() {
    var watch = new DeadlineMonitor(SHORT);
    watch.close();
    ConnectionSource unused =
        () -> {
          throw new SQLException("not asked");
        };
    DeadlineMonitor.WatchedStatement watched =
        watch.statement(unused, Deadline.after(Duration.ofSeconds(20)));
    assertThatThrownBy(watched::begin).isInstanceOf(FunctionCallException.class);
    watched.leave();
    assertThat(watch.isIdle()).isTrue();
  }
}
