// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.attribute;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.FunctionCallException.Code;
import java.sql.SQLException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JdbcExceptionsTest {
  @ParameterizedTest
  @CsvSource({
    "22P05, INVALID_ARGUMENT",
    "54000, RESULT_TOO_LARGE",
    "42501, SERVER_ERROR",
    ", SERVER_ERROR"
  })
  void errorOfASessionIsTranslated(String state, Code code) {
    assertThat(JdbcExceptions.ofSession(new SQLException("words", state)).code()).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource({"42501, Grant the missing privilege", "42883, Create or update it"})
  void remedyFitsTheErrorOfASession(String state, String remedy) {
    assertThat(JdbcExceptions.ofSession(new SQLException("words", state)).remedy())
        .startsWith(remedy)
        .contains("pg-hello.preflight=fail");
  }
}
