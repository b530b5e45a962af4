// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.FunctionCallException.Code;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FunctionCallExceptionTest {
  @Test
  void canBeCreatedByTestsOfPrograms() {
    var error = new FunctionCallException(Code.OVERLOADED, "Too much.");
    assertThat(error).hasMessage("Too much.").hasNoCause();
    assertThat(error.code()).isEqualTo(Code.OVERLOADED);
    assertThat(error.sqlState()).isEmpty();
    assertThat(error.remedy()).isEmpty();
    assertThat(error.problem()).isEqualTo(new CallProblem(Code.OVERLOADED, "Too much.", ""));
  }

  @Test
  void transientErrorsAreRetryable() {
    assertThat(Stream.of(Code.values()).filter(Code::isRetryable))
        .containsExactlyInAnyOrderElementsOf(
            EnumSet.of(
                Code.CONNECTION_UNAVAILABLE,
                Code.CONNECTION_LOST,
                Code.TIMEOUT,
                Code.CANCELLED_BY_SERVER,
                Code.OVERLOADED));
  }

  @Test
  void problemsAreValues() {
    var problem = new CallProblem(Code.VERSION_TOO_OLD, "Old.", "Update.");
    assertThat(problem)
        .isEqualTo(new CallProblem(Code.VERSION_TOO_OLD, "Old.", "Update."))
        .hasSameHashCodeAs(new CallProblem(Code.VERSION_TOO_OLD, "Old.", "Update."))
        .hasToString("Old. Update.")
        .isNotEqualTo(new CallProblem(Code.NOT_CREATED, "Old.", "Update."))
        .isNotEqualTo(new CallProblem(Code.VERSION_TOO_OLD, "New.", "Update."))
        .isNotEqualTo(new CallProblem(Code.VERSION_TOO_OLD, "Old.", "Update.", Set.of("acme()")))
        .isNotEqualTo(new CallProblem(Code.VERSION_TOO_OLD, "Old.", "Downgrade."))
        .isNotEqualTo("Old. Update.");
  }

  @Test
  void containsItsProblem() {
    var problem = new CallProblem(Code.VERSION_TOO_OLD, "Old.", "Update.");
    var cause = new IOException("lost");
    assertThat(new FunctionCallException(problem, "42883", cause))
        .hasMessage("Old. Update.")
        .hasCause(cause)
        .satisfies(e -> assertThat(e.problem()).isSameAs(problem))
        .satisfies(e -> assertThat(e.sqlState()).contains("42883"));
    var bare = new FunctionCallException(problem, null, null);
    assertThat(bare).hasNoCause();
    assertThat(bare.sqlState()).isEmpty();
  }
}
