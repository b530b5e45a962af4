// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.Comparison;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class PluginBenchmarkIT {
  @Tag("long")
  @Test
  void measuresAllRows() throws Exception {
    try (var benchmark = new PluginBenchmark(true)) {
      List<String> rows = new ArrayList<>();
      List<Comparison> all = benchmark.comparisons();
      // omit the last row, which needs Node.js and files that only ./dev bench provides
      for (Comparison comparison : all.subList(0, all.size() - 1)) {
        comparison.check().run();
        // the check of a row must leave nothing behind that affects the next row
        rows.add(Once.measure(comparison).row().name());
      }
      assertThat(rows)
          .containsExactly(
              "queryOne() by a key",
              "queryOne() by a key",
              "a query by a key, with JDBC on HikariCP, into a Map",
              "query() of 100,000 rows",
              "batchInsert() of 20,000 rows",
              "batchInsert() of 100,000 rows",
              "heap of an idle pool");
    }
  }
}
