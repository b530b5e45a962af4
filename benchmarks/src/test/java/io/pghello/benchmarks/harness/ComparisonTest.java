// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.Comparison.Side;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonTest {
  private static final BenchmarkRow COST =
      BenchmarkRow.plain("cost", "peer", "ns").target(0.5, 0.4);

  private final List<String> calls = new ArrayList<>();
  private int steps;

  @Test
  void anotherSideBeginsEachRound() throws Exception {
    Comparison comparison = new Comparison(COST, () -> {}, side("a", 1), side("b", 4), 1, 3);
    Result result = comparison.measure(1, false, ComparisonTest::ignore);
    assertThat(String.join("", calls)).isEqualTo("ba" + "ab" + "ba" + "ab");
    assertThat(result.ours()).containsExactly(1.0, 1.0, 1.0);
    assertThat(result.peer()).containsExactly(4.0, 4.0, 4.0);
  }

  @Test
  void aHandicapAddsUpCosts() throws Exception {
    Comparison comparison = new Comparison(COST, () -> {}, side("a", 1), side("b", 4), 0, 1);
    assertThat(comparison.measure(3, false, ComparisonTest::ignore).ours()).containsExactly(3.0);
    assertThat(String.join("", calls)).isEqualTo("aaab");
  }

  @Test
  void aHandicapDividesRates() throws Exception {
    BenchmarkRow rate = BenchmarkRow.rate("rate", "peer", "1/s").target(1, 1);
    Comparison comparison = new Comparison(rate, () -> {}, side("a", 8), side("b", 8), 0, 1);
    assertThat(comparison.measure(2, false, ComparisonTest::ignore).ours()).containsExactly(4.0);
  }

  @Test
  void handicapDoesNotAffectCounts() throws Exception {
    BenchmarkRow count = BenchmarkRow.plain("round trips", null, "").count(31, 31);
    Comparison comparison = new Comparison(count, () -> {}, side("a", 31), null, 0, 1);
    assertThat(comparison.measure(2, false, ComparisonTest::ignore).ours()).containsExactly(31.0);
  }

  @Test
  void cpuTimeOfACallIsComparedWhereBothSidesCountIt() throws Exception {
    Side ours = Side.of(() -> new Sample(8, 2));
    Side peer = Side.of(() -> new Sample(4, 30));
    BenchmarkRow rate = BenchmarkRow.rate("rate", "peer", "k/s").target(1, 1);
    Result result =
        new Comparison(rate, () -> {}, ours, peer, 1, 2).measure(1, false, ComparisonTest::ignore);
    assertThat(result.cpu())
        .isEqualTo(Result.Cpu.ofMicros(List.of(2.0, 2.0), List.of(30.0, 30.0)))
        .extracting(Result.Cpu::ratio)
        .isEqualTo(new Spread(15, 15, 15));
    assertThat(result.and(result).cpu())
        .extracting(Result.Cpu::ours)
        .isEqualTo(List.of(2.0, 2.0, 2.0, 2.0));
    Result handicapped =
        new Comparison(rate, () -> {}, ours, peer, 0, 1).measure(3, false, ComparisonTest::ignore);
    assertThat(handicapped.cpu()).extracting(Result.Cpu::ours).isEqualTo(List.of(6.0));
    Comparison half = new Comparison(rate, () -> {}, ours, side("b", 4), 0, 1);
    assertThat(half.measure(1, false, ComparisonTest::ignore).cpu()).isNull();
  }

  @Test
  void aGuardMeasuresAMissOnceMore() throws Exception {
    assertThat(guard(9, 1, 1).verdict()).isEqualTo(Result.Verdict.GOAL);
    assertThat(String.join("", calls)).isEqualTo("?abab");
    calls.clear();
    assertThat(guard(9, 8, 1).verdict()).isEqualTo(Result.Verdict.MISS);
    assertThat(String.join("", calls)).isEqualTo("?abab");
    calls.clear();
    assertThat(guard(1, 9, 9).verdict()).isEqualTo(Result.Verdict.GOAL);
    assertThat(String.join("", calls)).isEqualTo("?ab");
    assertThat(steps).isEqualTo(3);
  }

  /** Judges a side with varying figures. */
  private Result guard(double... figures) throws Exception {
    Iterator<Double> next = Arrays.stream(figures).iterator();
    Side ours =
        () -> {
          calls.add("a");
          return next.next();
        };
    return new Comparison(COST, () -> calls.add("?"), ours, side("b", 4), 0, 1)
        .measure(1, true, step -> steps++);
  }

  @Test
  void nothingIsMeasuredOnceAnAnswerIsWrong() {
    var wrong = new IllegalStateException("wrong answers");
    Comparison comparison =
        new Comparison(
            COST,
            () -> {
              throw wrong;
            },
            side("a", 1),
            side("b", 1),
            0,
            1);
    assertThatThrownBy(() -> comparison.measure(1, false, ComparisonTest::ignore)).isSameAs(wrong);
    assertThat(calls).isEmpty();
  }

  private Side side(String name, double figure) {
    return () -> {
      calls.add(name);
      return figure;
    };
  }

  private static void ignore(String step) {}
}
