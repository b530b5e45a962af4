// SPDX-License-Identifier: MIT
package io.pghello.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloException.Code;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is made of errors that no server can be told to report. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SqlErrorsTest {
  @Test
  void readsCausesThatGoInACircleOnce() {
    var first = new SQLException("first");
    var second = new SQLException("second", first);
    first.initCause(second);
    assertThat(SqlErrors.translate(first, Duration.ofSeconds(1)).code())
        .isEqualTo(Code.SERVER_ERROR);
    assertThat(SqlErrors.ofSession(first).code()).isEqualTo(Code.SERVER_ERROR);
    assertThat(SqlErrors.noConnection(first))
        .hasMessageContaining("could be had: second.")
        .hasCause(first);
  }

  @Test
  void namesTheDeepestReasonOfAPool() {
    var reason = new SQLException("password authentication failed.");
    assertThat(SqlErrors.noConnection(new SQLException("timed out", reason)))
        .hasMessageContaining("could be had: password authentication failed. Check");
    var foreign = new SQLException("timed out", new IllegalStateException("deeper"));
    assertThat(SqlErrors.noConnection(foreign))
        .hasMessageContaining("could be had: timed out. Check");
  }

  /** The client has interrupted the wait for a connection; nobody has interrupted the caller. */
  @Test
  void aRefusedLogInAtTheEndOfTheTimeIsNoInterrupt() {
    var refused = new SQLException("no such user", "28000");
    refused.initCause(new InterruptedException());
    assertThat(SqlErrors.noConnectionWithin(Duration.ofSeconds(1), refused).code())
        .isEqualTo(Code.LOGIN_REFUSED);
    assertThat(Thread.interrupted()).isFalse();
  }
}
