// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.ConnectionSource;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Shows that the watch leaves no interrupt behind. */
@Timeout(60)
class StatementWatchTest {
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
    var watch = new StatementWatch(SHORT);
    StatementWatch.Watched watched = watch.begin(Deadline.after(SHORT));
    assertThat(watch.waitingForConnection()).isEqualTo(1);
    assertThatThrownBy(() -> watched.connect(stuck)).isInstanceOf(SQLException.class);
    assertThat(Thread.interrupted()).isFalse();
    assertThat(watched.end()).isFalse();
    assertThat(watch.waitingForConnection()).isZero();
  }
}
