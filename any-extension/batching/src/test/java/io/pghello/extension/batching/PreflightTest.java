// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.Installation;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.util.List;
import org.junit.jupiter.api.Test;

class PreflightTest {
  private static final ExtensionDescription ACME = ExtensionDescription.builder("acme").build();

  @Test
  void warningsFollowTheProblemsOfTheInstallation() {
    var installation =
        new Installation(
            ACME,
            "app",
            "17.5",
            null,
            null,
            null,
            List.of(),
            List.of(ExtensionProblem.libraryMissing(ACME)),
            1,
            false,
            false);
    var first = new CallProblem(Code.UNSAFE_POOLER, "A pooler.", "Configure it.");
    var second = new CallProblem(Code.SESSION_SETTINGS_NOT_SHARED, "Citus.", "Pass the count.");
    Preflight preflight = new Preflight(installation, List.of(first));

    assertThat(preflight.withWarning(second).problems())
        .containsExactly(Preflight.problem(ExtensionProblem.libraryMissing(ACME)), first, second);
    assertThat(preflight.warnings()).containsExactly(first);
  }
}
