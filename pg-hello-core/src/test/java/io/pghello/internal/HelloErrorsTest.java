// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.sql.SQLException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HelloErrorsTest {
  @ParameterizedTest
  @CsvSource({
    "22P05, INVALID_ARGUMENT",
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
  void serverRejectsBytesOfSomeEncodings(String encoding, boolean refused) {
    CallProblem problem = HelloErrors.CHECKS.problem("22021", encoding);
    assertThat(problem != null).isEqualTo(refused);
  }
}
