// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.benchmarks.harness.Result.Verdict;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResultTest {
  private static final List<Double> PEER = List.of(10.0, 10.0, 10.0, 10.0, 10.0);

  @ParameterizedTest
  @CsvSource({"3, GOAL", "4, GOAL", "4.5, OK", "5, OK", "5.1, MISS"})
  void aCostIsJudgedByTheUpperQuartile(double upper, Verdict verdict) {
    BenchmarkRow row = BenchmarkRow.plain("cost", "peer", "ns").target(0.5, 0.4);
    assertThat(Result.of(row, List.of(1.0, 1.0, 1.0, upper, 99.0), PEER).verdict())
        .isEqualTo(verdict);
  }

  @ParameterizedTest
  @CsvSource({"700, GOAL", "600, GOAL", "500, OK", "300, OK", "299, MISS"})
  void aRateIsJudgedByTheLowerQuartile(double lower, Verdict verdict) {
    BenchmarkRow row = BenchmarkRow.rate("rate", "peer", "1/s").target(30, 60);
    assertThat(Result.of(row, List.of(999.0, lower, 1.0, 999.0, 999.0), PEER).verdict())
        .isEqualTo(verdict);
  }

  @Test
  void countIsJudgedIndependentlyOfThePeer() {
    BenchmarkRow row = BenchmarkRow.plain("round trips", "peer", "").count(50, 20);
    assertThat(Result.of(row, List.of(30.0), List.of(0.001)).verdict()).isEqualTo(Verdict.OK);
    assertThat(Result.of(row, List.of(60.0), List.of(1e9)).verdict()).isEqualTo(Verdict.MISS);
  }

  @Test
  void aCountNeedsNoPeer() {
    BenchmarkRow row = BenchmarkRow.plain("memory", null, "KB").count(512, 512);
    Result result = Result.of(row, List.of(-4.0), List.of());
    assertThat(result.verdict()).isEqualTo(Verdict.GOAL);
    assertThat(result.ratio()).isNull();
  }

  @ParameterizedTest
  @CsvSource({"100, GOAL", "80, GOAL", "79, MISS"})
  void cpuTimeIsJudgedByTheLowerQuartileOfItsRatios(double lower, Verdict verdict) {
    BenchmarkRow row = BenchmarkRow.rate("rate", "peer", "k/s").target(1, 2).lessCpu(8);
    List<Double> rates = List.of(20.0, 20.0, 20.0, 20.0, 20.0);
    var cpu = Result.Cpu.ofMicros(PEER, List.of(999.0, lower, 1.0, 999.0, 999.0));
    Result result = Result.of(row, rates, PEER, cpu);
    assertThat(result.verdict()).isEqualTo(verdict);
    assertThat(result.missesCpu()).isEqualTo(verdict == Verdict.MISS);
    assertThat(result.missesMust()).isFalse();
    assertThat(Result.of(row, PEER, rates, cpu).missesMust()).isTrue();
  }

  @Test
  void cpuTimeThatWasNotCountedMisses() {
    BenchmarkRow row = BenchmarkRow.rate("rate", "peer", "k/s").target(1, 1).lessCpu(0.1);
    assertThat(Result.of(row, PEER, PEER).verdict()).isEqualTo(Verdict.MISS);
    assertThat(Result.of(row.guarded(1).asGuard(), PEER, PEER).verdict()).isEqualTo(Verdict.GOAL);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 0"})
  void aRoundWithoutARatioIsNotJudged(double ours, double peer) {
    BenchmarkRow row = BenchmarkRow.plain("CPU", "peer", "ms").target(1.08, 1.03);
    Result result = Result.of(row, List.of(1.0, ours, 1.0), List.of(1.0, peer, 1.0));
    assertThat(result.ratio()).isNull();
    assertThat(result.verdict()).isEqualTo(Verdict.UNMEASURED);
    assertThat(result.missesMust()).isFalse();
  }

  @Test
  void aRateOfNoTimeIsNotJudged() {
    BenchmarkRow row = BenchmarkRow.rate("rate", "peer", "1/s").target(30, 60);
    Result result = Result.of(row, List.of(1.0, Double.POSITIVE_INFINITY), List.of(1.0, 1.0));
    assertThat(result.verdict()).isEqualTo(Verdict.UNMEASURED);
  }

  @Test
  void aRowWithoutATargetHasNoVerdict() {
    assertThat(Result.of(BenchmarkRow.plain("a", "b", "ns"), List.of(1.0), List.of(1.0)).verdict())
        .isNull();
  }

  @Test
  void aRatioWithoutAPeerIsRefused() {
    BenchmarkRow row = BenchmarkRow.plain("cost", null, "ns").target(0.5, 0.4);
    assertThatThrownBy(() -> Result.of(row, List.of(1.0), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cost");
  }

  @Test
  void ratiosAreCalculatedPerRound() {
    Result result =
        Result.of(
            BenchmarkRow.plain("a", "b", "ns"), List.of(1.0, 20.0, 3.0), List.of(2.0, 40.0, 6.0));
    assertThat(result.ratio()).isEqualTo(new Spread(0.5, 0.5, 0.5));
    assertThat(medianOf(result.peerSpread())).isEqualTo(6);
  }

  @Test
  void joinsTheRoundsOfForks() {
    BenchmarkRow row = BenchmarkRow.plain("cost", "peer", "ns").target(0.5, 0.4);
    Result one = Result.of(row, List.of(1.0, 2.0), List.of(10.0, 10.0));
    Result other = Result.of(row, List.of(9.0), List.of(10.0));
    assertThat(one.and(other))
        .isEqualTo(Result.of(row, List.of(1.0, 2.0, 9.0), List.of(10.0, 10.0, 10.0)));
    assertThat(one.and(other).verdict()).isEqualTo(Verdict.MISS);
  }

  @Test
  void aGuardedRowIsJudgedByItsGuard() {
    BenchmarkRow row = BenchmarkRow.plain("cost", "peer", "ns").target(0.5, 0.4).guarded(0.8);
    List<Double> figures = List.of(7.0);
    assertThat(Result.of(row, figures, List.of(10.0)).verdict()).isEqualTo(Verdict.MISS);
    assertThat(Result.of(row.asGuard(), figures, List.of(10.0)).verdict()).isEqualTo(Verdict.GOAL);
    assertThat(Result.of(row.asGuard(), List.of(9.0), List.of(10.0)).verdict())
        .isEqualTo(Verdict.MISS);
  }

  private static double medianOf(@Nullable Spread spread) {
    assertThat(spread).isNotNull();
    return spread == null ? Double.NaN : spread.median();
  }
}
