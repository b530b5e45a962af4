// SPDX-License-Identifier: MIT
package io.pghello.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.ConnectionSource;
import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import io.pghello.internal.Deadline;
import io.pghello.internal.Settings;
import io.pghello.internal.StatementContext;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Shows what callers are told that get no connection; without a server. */
@Timeout(60)
class StatementExecutorTest {
  private static final Duration SHORT = Duration.ofMillis(200);

  @Test
  void aCallIsToldItsOwnTimeOut() {
    ConnectionSource stuck =
        () -> {
          while (!Thread.currentThread().isInterrupted()) {
            LockSupport.park();
          }
          throw new SQLException("interrupted");
        };
    var executor = new StatementExecutor(stuck, Settings.Statements.withoutClient(SHORT));
    assertThatThrownBy(() -> run(executor, Deadline.after(SHORT)))
        .isInstanceOf(PgHelloException.class)
        .hasMessageContaining("200 ms");
    PgHelloException other = executor.timedOut(Duration.ofMillis(777));
    assertThat(other.code()).isEqualTo(Code.NO_CONNECTION);
    assertThat(other).hasMessageContaining("777 ms").hasMessageNotContaining("200 ms");
    assertThat(executor.timedOut(SHORT)).hasMessageContaining("200 ms");
  }

  @Test
  void aThreadThatTheProgramInterruptsIsToldSo() {
    Deadline deadline = Deadline.after(Duration.ofSeconds(2));
    ConnectionSource interrupted =
        () -> {
          Thread.currentThread().interrupt();
          while (!deadline.isOver()) {
            Thread.onSpinWait();
          }
          throw new SQLException("interrupted");
        };
    var executor = new StatementExecutor(interrupted, Settings.Statements.withoutClient(SHORT));
    assertThatThrownBy(() -> run(executor, deadline))
        .isInstanceOfSatisfying(
            PgHelloException.class, e -> assertThat(e.code()).isEqualTo(Code.INTERRUPTED));
    assertThat(Thread.interrupted()).isTrue();
  }

  private static String run(StatementExecutor executor, Deadline deadline) {
    return executor.run(StatementContext.single(deadline), session -> "never");
  }
}
