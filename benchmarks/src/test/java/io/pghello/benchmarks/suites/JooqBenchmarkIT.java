// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.Comparison;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class JooqBenchmarkIT {
  @Tag("long")
  @Test
  void measuresAllRows() throws Exception {
    try (var benchmark = new JooqBenchmark(true)) {
      List<String> rows = new ArrayList<>();
      for (Comparison comparison : benchmark.comparisons()) {
        comparison.check().run();
        // the check of a row must leave nothing behind that affects the next row
        rows.add(Once.measure(comparison).row().name());
      }
      assertThat(rows)
          .containsExactly(
              "select of one row with routines",
              "the same, rendered only",
              "fetchPgHello(ctx, 10,000 names)",
              "insert-select of greetings, rows");
    }
  }
}
