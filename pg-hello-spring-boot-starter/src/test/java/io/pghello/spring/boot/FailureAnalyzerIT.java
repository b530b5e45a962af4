// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Which errors of a start are explained, and which are left to their stack traces. */
class FailureAnalyzerIT {
  private static final Set<Code> EXPLAINED =
      EnumSet.of(
          Code.FILES_MISSING,
          Code.NOT_CREATED,
          Code.NOT_ON_PATH,
          Code.TOO_OLD,
          Code.FOREIGN_BUILD,
          Code.NO_SCHEMA_PRIVILEGE,
          Code.NO_EXECUTE_PRIVILEGE,
          Code.LOGIN_REFUSED,
          Code.NO_CONNECTION);

  @ParameterizedTest
  @EnumSource
  void explainsWhatALineOfSqlOrConfigurationMends(Code code) {
    var failure = new IllegalStateException(new PgHelloException(code, "It is so."));
    FailureAnalysis analysis = new PgHelloFailureAnalyzer(null).analyze(failure);
    assertThat(analysis == null ? null : analysis.getDescription())
        .isEqualTo(EXPLAINED.contains(code) ? "It is so. [" + code + "]" : null);
  }
}
