// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Result;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResultTextTest {
  @Test
  void formatsTheRatesOfBothSides() {
    List<Double> ours = List.of(1_300.0, 1_407.0, 1_500.0);
    List<Double> peer = List.of(108.0, 110.0, 140.0);
    assertThat(ResultText.rates(Result.of(BenchmarkRow.rate("a", "b", "k/s"), ours, peer)))
        .isEqualTo("1,407 against 110 k/s");
    assertThat(ResultText.rates(Result.of(BenchmarkRow.plain("a", "b", "ms"), ours, peer)))
        .isEmpty();
    assertThat(ResultText.rates(Result.of(BenchmarkRow.rate("a", null, "k/s"), ours, List.of())))
        .isEmpty();
  }

  @Test
  void formatsTheCpuTimeOfACall() {
    BenchmarkRow row = BenchmarkRow.rate("a", "b", "k/s");
    assertThat(ResultText.cpu(counted(row, 0.62, 8.9)))
        .isEqualTo("CPU per call 0.62 against 8.90 us, 14.4 × less");
    assertThat(ResultText.cpu(counted(row, 30, 20)))
        .isEqualTo("CPU per call 30 against 20 us, 1.50 × more");
    assertThat(ResultText.cpu(Result.of(row, List.of(1.0), List.of(1.0)))).isEmpty();
  }

  private static Result counted(BenchmarkRow row, double ours, double peer) {
    return Result.of(
        row, List.of(1.0), List.of(1.0), Result.Cpu.ofMicros(List.of(ours), List.of(peer)));
  }
}
