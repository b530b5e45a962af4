// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.Comparison.Side;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

class InterleavedSamplesTest {
  private final StringBuilder calls = new StringBuilder();

  @Test
  void theShortestOfSomeSamplesCounts() throws Exception {
    var samples =
        new InterleavedSamples(
            BenchmarkRow.Better.LOWER,
            InterleavedSamples.Statistic.BEST,
            3,
            side("a", 5, 3, 4),
            side("b", 9, 8, 7));
    assertThat(samples.ours().measure()).isEqualTo(3);
    assertThat(samples.peer().measure()).isEqualTo(7);
    assertThat(calls).hasToString("abbaab");
  }

  @Test
  void theHighestRateCounts() throws Exception {
    var samples =
        new InterleavedSamples(
            BenchmarkRow.Better.HIGHER,
            InterleavedSamples.Statistic.BEST,
            2,
            side("a", 5, 3),
            side("b", 8, 9));
    assertThat(samples.peer().measure()).isCloseTo(9, within(1e-9));
    assertThat(samples.ours().measure()).isCloseTo(5, within(1e-9));
    assertThat(calls).hasToString("abba");
  }

  @Test
  void theMeanOfTheSamplesCounts() throws Exception {
    var times =
        new InterleavedSamples(
            BenchmarkRow.Better.LOWER,
            InterleavedSamples.Statistic.TRIMMED_MEAN,
            2,
            side("a", 5, 3),
            side("b", 8, 9));
    assertThat(times.ours().measure()).isEqualTo(4);
    assertThat(times.peer().measure()).isEqualTo(8.5);
    // the mean rate of 2 and 6 per second is 3
    var rates =
        new InterleavedSamples(
            BenchmarkRow.Better.HIGHER,
            InterleavedSamples.Statistic.TRIMMED_MEAN,
            2,
            side("a", 2, 6),
            side("b", 1, 1));
    assertThat(rates.ours().measure()).isCloseTo(3, within(1e-9));
    assertThat(calls).hasToString("abbaabba");
  }

  @Test
  void theLongestAndTheShortestTenthDoNotCount() throws Exception {
    var samples =
        new InterleavedSamples(
            BenchmarkRow.Better.LOWER,
            InterleavedSamples.Statistic.TRIMMED_MEAN,
            10,
            side("a", 5, 900, 5, 5, 0, 5, 5, 5, 5, 9),
            side("b", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
    assertThat(samples.ours().measure()).isEqualTo(5.5);
    assertThat(samples.peer().measure()).isEqualTo(1);
  }

  @Test
  void theMedianOfTheSamplesCounts() throws Exception {
    var odd =
        new InterleavedSamples(
            BenchmarkRow.Better.LOWER,
            InterleavedSamples.Statistic.MEDIAN,
            5,
            side("a", 900, 5, 800, 3, 4),
            side("b", 1, 1, 700, 2, 1));
    assertThat(odd.ours().measure()).isEqualTo(5);
    assertThat(odd.peer().measure()).isEqualTo(1);
    var even =
        new InterleavedSamples(
            BenchmarkRow.Better.LOWER,
            InterleavedSamples.Statistic.MEDIAN,
            4,
            side("a", 900, 5, 1, 3),
            side("b", 2, 2, 2, 2));
    assertThat(even.ours().measure()).isEqualTo(4);
    assertThat(even.peer().measure()).isEqualTo(2);
  }

  @Test
  void repeatedMeasurementsTakeNewSamples() throws Exception {
    var samples =
        new InterleavedSamples(
            BenchmarkRow.Better.LOWER,
            InterleavedSamples.Statistic.BEST,
            1,
            side("a", 5, 3, 1),
            side("b", 8, 9, 7));
    assertThat(samples.ours().measure()).isEqualTo(5);
    assertThat(samples.ours().measure()).isEqualTo(3);
    assertThat(samples.peer().measure()).isEqualTo(9);
    assertThat(samples.peer().measure()).isEqualTo(7);
    assertThat(samples.ours().measure()).isEqualTo(1);
    assertThat(calls).hasToString("ababab");
  }

  @Test
  void cpuTimeIsTheMeanOfAllSamples() throws Exception {
    Iterator<Double> micros = List.of(1.0, 2.0, 10.0, 30.0, 4.0, 6.0).iterator();
    Side side = Side.of(() -> new Sample(7, micros.next()));
    var samples =
        new InterleavedSamples(
            BenchmarkRow.Better.HIGHER, InterleavedSamples.Statistic.BEST, 3, side, side);
    // 1, then the peer's 2 and 10, then 30 and 4, and the peer's 6
    assertThat(samples.ours().sample().cpuMicros()).isCloseTo(35 / 3.0, within(1e-9));
    assertThat(samples.peer().sample().cpuMicros()).isCloseTo(18 / 3.0, within(1e-9));
  }

  private Side side(String name, double... figures) {
    Iterator<Double> next = Arrays.stream(figures).iterator();
    return () -> {
      calls.append(name);
      return next.next();
    };
  }
}
