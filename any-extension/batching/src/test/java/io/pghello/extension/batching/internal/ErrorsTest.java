// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.FunctionCallException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ErrorsTest {
  @Test
  void theTimeoutIsNamedInBothWaysToSetIt() {
    assertThat(Errors.timedOut(Duration.ofSeconds(1)))
        .hasMessageContaining("timeout of 1000 ms")
        .hasMessageContaining("(callTimeout, withTimeout)");
  }

  @Test
  void reportsTheTimeoutOfEachCall() {
    Duration other = Duration.ofSeconds(2);
    Duration own = Duration.ofSeconds(1);
    assertThat(Errors.withTimeout(Errors.timedOut(other), other, own))
        .hasToString(Errors.timedOut(own).toString());
    var cause = new SQLException("the pool is empty");
    FunctionCallException none =
        new FunctionCallException(Errors.noConnectionWithin(other), "08001", cause);
    assertThat(Errors.withTimeout(none, other, own))
        .hasToString(Errors.of(Errors.noConnectionWithin(own)).toString())
        .hasCause(cause)
        .extracting(FunctionCallException::sqlState)
        .isEqualTo(Optional.of("08001"));
    assertThat(Errors.withTimeout(none, other, other)).isSameAs(none);
    FunctionCallException others = Errors.mismatch(NameRequest.FUNCTIONS.extension());
    assertThat(Errors.withTimeout(others, other, own)).isSameAs(others);
  }

  @Test
  void aCopyForAnotherThreadHasAllThatTheErrorHas() {
    var cause = new SQLException("lost");
    var error = new FunctionCallException(Errors.timeout(Duration.ofSeconds(1)), "08006", cause);
    FunctionCallException before = Errors.mismatch(NameRequest.FUNCTIONS.extension());
    error.addSuppressed(before);
    FunctionCallException copy = Errors.again(error);
    assertThat(copy).isNotSameAs(error).hasToString(error.toString()).hasCause(cause);
    assertThat(copy.sqlState()).isEqualTo(error.sqlState());
    assertThat(copy.getSuppressed()).containsExactly(before);
  }
}
