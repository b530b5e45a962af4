// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ErrorsTest {
  @Test
  void theTimeOutIsNamedInBothWaysToSetIt() {
    assertThat(Errors.timedOut(Duration.ofSeconds(1)))
        .hasMessageContaining("time-out of 1000 ms")
        .hasMessageContaining("(callTimeout, withTimeout)");
  }

  @Test
  void aCallIsToldItsOwnTimeOutInPlaceOfAnothers() {
    Duration other = Duration.ofSeconds(2);
    Duration own = Duration.ofSeconds(1);
    assertThat(Errors.withTimeout(Errors.timedOut(other), other, own))
        .hasToString(Errors.timedOut(own).toString());
    var cause = new SQLException("the pool is empty");
    PgHelloException none = new PgHelloException(Errors.noConnectionWithin(other), "08001", cause);
    assertThat(Errors.withTimeout(none, other, own))
        .hasToString(Errors.of(Errors.noConnectionWithin(own)).toString())
        .hasCause(cause)
        .extracting(PgHelloException::sqlState)
        .isEqualTo(Optional.of("08001"));
    assertThat(Errors.withTimeout(none, other, other)).isSameAs(none);
    PgHelloException others = Errors.mismatch();
    assertThat(Errors.withTimeout(others, other, own)).isSameAs(others);
  }

  @Test
  void aCopyForAnotherThreadHasAllThatTheErrorHas() {
    var cause = new SQLException("lost");
    var error = new PgHelloException(Errors.timeout(Duration.ofSeconds(1)), "08006", cause);
    PgHelloException before = Errors.mismatch();
    error.addSuppressed(before);
    PgHelloException copy = Errors.again(error);
    assertThat(copy).isNotSameAs(error).hasToString(error.toString()).hasCause(cause);
    assertThat(copy.sqlState()).isEqualTo(error.sqlState());
    assertThat(copy.getSuppressed()).containsExactly(before);
  }
}
