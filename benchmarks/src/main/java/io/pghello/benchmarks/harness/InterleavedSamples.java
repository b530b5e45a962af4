// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import io.pghello.benchmarks.harness.Comparison.Action;
import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.Comparison.Side;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/** Measures two sides alternately, with several short samples per round. */
public final class InterleavedSamples {
  /** The statistic that computes a round's figure from a side's samples. */
  public enum Statistic {
    /**
     * The shortest time or the highest rate. Suitable if other load on the machine only makes
     * samples slower, and each period of such load lasts longer than one sample.
     */
    BEST,
    /**
     * The mean without the highest and lowest tenth. Suitable if the conditions of a sample are
     * random, for example if round trips may cross CPUs. The mean of many samples evens out such
     * differences.
     */
    TRIMMED_MEAN,
    /**
     * The median. Suitable if some samples take many times longer than others, for example because
     * of a full queue. This is the case for p99.
     */
    MEDIAN
  }

  private final BenchmarkRow.Better better;
  private final Statistic statistic;
  private final int count;
  private final List<Side> sides;
  private final @Nullable Sample[] figures = new Sample[2];

  /**
   * Creates a measurement.
   *
   * @param count the number of samples of each side per round
   */
  public InterleavedSamples(
      BenchmarkRow.Better better, Statistic statistic, int count, Side ours, Side peer) {
    this.better = better;
    this.statistic = statistic;
    this.count = count;
    this.sides = List.of(ours, peer);
  }

  /** Returns the comparison for a row. */
  public Comparison comparison(BenchmarkRow row, Action check, int warmUps, int rounds) {
    return new Comparison(row, check, ours(), peer(), warmUps, rounds);
  }

  /**
   * Returns our side. Samples are taken for both sides together. If our figure of the last samples
   * has not been returned yet, our side returns it. Otherwise, our side takes new samples.
   */
  public Side ours() {
    return Side.of(() -> figure(0));
  }

  /** Returns the peer's side, which works like {@link #ours}. */
  public Side peer() {
    return Side.of(() -> figure(1));
  }

  private Sample figure(int side) throws Exception {
    if (figures[side] == null) {
      measureBoth();
    }
    Sample figure = Objects.requireNonNull(figures[side]);
    figures[side] = null;
    return figure;
  }

  private void measureBoth() throws Exception {
    double[][] times = new double[2][count];
    double[] cpu = new double[2];
    for (int sample = 0; sample < count; sample++) {
      for (int i = 0; i < 2; i++) {
        int side = (sample + i) % 2;
        Sample taken = sides.get(side).sample();
        times[side][sample] = better.time(taken.figure());
        cpu[side] += taken.cpuMicros() / count;
      }
    }
    for (int side = 0; side < 2; side++) {
      figures[side] = new Sample(better.time(summary(times[side])), cpu[side]);
    }
  }

  private double summary(double[] times) {
    DoubleStream ascending = Arrays.stream(times).sorted();
    if (statistic == Statistic.BEST) {
      return ascending.findFirst().orElseThrow();
    }
    // for an even number, the median is the mean of the two middle values
    int left = statistic == Statistic.MEDIAN ? (count - 1) / 2 : count / 10;
    return ascending.skip(left).limit(count - 2L * left).average().orElseThrow();
  }
}
