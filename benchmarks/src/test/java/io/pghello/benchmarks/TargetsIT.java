// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.load.Workload;
import io.pghello.benchmarks.report.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The targets in the pages must match the targets in the code. */
class TargetsIT {
  static Stream<Arguments> all() {
    return Bench.BENCHMARKS.entrySet().stream()
        .map(each -> Arguments.of(each.getKey(), each.getValue()));
  }

  @ParameterizedTest
  @MethodSource("all")
  void committedRunHasTheCurrentTargets(String name, Benchmark.Factory factory) throws Exception {
    try (Benchmark benchmark = factory.open(false)) {
      List<BenchmarkRow> rows = benchmark.comparisons().stream().map(Comparison::row).toList();
      List<BenchmarkRow> committed = judged(committed(name));
      assertThat(judged(rows.stream())).isNotEmpty().isEqualTo(committed);
    }
  }

  private static Stream<BenchmarkRow> committed(String name) throws IOException {
    return Report.fromJson(Files.readString(Path.of("results.json"))).benchmarks().stream()
        .filter(section -> section.name().equals(name))
        .flatMap(section -> section.results().stream())
        .map(Result::row);
  }

  private static List<BenchmarkRow> judged(Stream<BenchmarkRow> rows) {
    // not available in older JDKs
    boolean virtual = Workload.virtualThreads() != null;
    boolean aot = Runtime.version().feature() >= 25;
    return rows.filter(row -> row.target() != null)
        .filter(row -> virtual || !row.name().contains("virtual"))
        .filter(row -> aot || !row.name().contains("AOT"))
        .map(TargetsIT::withoutGuard)
        .toList();
  }

  /** Guards are not shown. */
  private static BenchmarkRow withoutGuard(BenchmarkRow row) {
    return new BenchmarkRow(
        row.name(), row.peer(), row.unit(), row.better(), row.judged(), row.target(), null);
  }
}
