// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class HelloErrorsTest {
  @ParameterizedTest
  @EnumSource(FunctionCallException.Code.class)
  void anErrorKeepsItsCodeAndWhetherItIsRetryable(FunctionCallException.Code code) {
    Code translated = HelloErrors.translate(new FunctionCallException(code, "words")).code();
    assertThat(translated.name())
        .isEqualTo(
            code == FunctionCallException.Code.INVALID_ARGUMENT ? "INVALID_NAME" : code.name());
    assertThat(translated.isRetryable()).isEqualTo(code.isRetryable());
  }

  @Test
  void aTranslatedErrorHasAllThatTheErrorHas() {
    var cause = new SQLException("lost");
    var error =
        new FunctionCallException(
            new CallProblem(
                FunctionCallException.Code.NOT_CREATED, "Missing.", "Create it.", Set.of("f()")),
            "42883",
            cause);
    var suppressed = new IllegalStateException("other");
    error.addSuppressed(suppressed);
    error.addSuppressed(
        new FunctionCallException(FunctionCallException.Code.CONNECTION_LOST, "Before."));
    PgHelloException translated = HelloErrors.translate(error);
    assertThat(translated).hasMessage("Missing. Create it.").hasCause(cause);
    assertThat(translated.sqlState()).contains("42883");
    assertThat(translated.remedy()).isEqualTo("Create it.");
    assertThat(translated.problem().functions()).containsExactly("f()");
    assertThat(translated.getStackTrace()).isEqualTo(error.getStackTrace());
    assertThat(translated.getSuppressed()[0]).isSameAs(suppressed);
    assertThat(translated.getSuppressed()[1])
        .isInstanceOfSatisfying(
            PgHelloException.class, e -> assertThat(e.code()).isEqualTo(Code.CONNECTION_LOST));
  }

  @ParameterizedTest
  @CsvSource({
    "22P05, INVALID_NAME",
    "54000, RESULT_TOO_LARGE",
    "42501, SERVER_ERROR",
    ", SERVER_ERROR"
  })
  void anErrorOfAnotherSessionIsTranslated(String state, Code code) {
    assertThat(HelloErrors.ofSession(new SQLException("words", state)).code()).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource({"42501, Grant the missing privilege", "42883, Create or update it"})
  void theRemedyFitsTheErrorOfAnotherSession(String state, String remedy) {
    assertThat(HelloErrors.ofSession(new SQLException("words", state)).remedy())
        .startsWith(remedy)
        .contains("pg-hello.preflight=fail");
  }

  @ParameterizedTest
  @CsvSource({"EUC_TW, true", "EUC_JIS_2004, true", "LATIN1, false", ", false"})
  void theServerRefusesItsOwnBytesInSomeEncodings(String encoding, boolean refused) {
    CallProblem problem =
        Objects.requireNonNull(HelloErrors.FUNCTIONS.checks()).problem("22021", encoding);
    assertThat(problem != null).isEqualTo(refused);
  }
}
