// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Result;

/** Measures rows only to check that the measurement works, regardless of the result. */
final class Once {
  private Once() {}

  /** Verifies results and measures each side once. */
  static Result measure(Comparison comparison) throws Exception {
    Result result =
        new Comparison(
                comparison.row(), comparison.check(), comparison.ours(), comparison.peer(), 0, 1)
            .measure(1, false, step -> {});
    assertThat(result.ours()).hasSize(1).allMatch(figure -> figure > 0);
    assertThat(result.peer())
        .hasSize(comparison.peer() == null ? 0 : 1)
        .allMatch(figure -> figure > 0);
    return result;
  }
}
