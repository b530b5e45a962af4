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
  /** The computation of a round's figure from a side's samples. */
  public enum Statistic {
    /**
     * The shortest time or the highest rate. Other load on the machine only makes samples slower,
     * and lasts longer than one sample.
     */
    BEST,
    /**
     * The mean without the highest and lowest tenth. Suitable if the conditions of a sample are
     * random, for example for round trips that may cross CPUs, and averaging many samples evens
     * them out.
     */
    TRIMMED_MEAN,
    /**
     * The median. Suitable if some samples are many times longer, for example if they meet a full
     * queue, as with p99.
     */
    MEDIAN
  }

  private final Row.Better better;
  private final Statistic statistic;
  private final int count;
  private final List<Side> sides;
  private final @Nullable Sample[] figures = new Sample[2];

  /** Creates a measurement with a number of samples of each side per round. */
  public InterleavedSamples(
      Row.Better better, Statistic statistic, int count, Side ours, Side peer) {
    this.better = better;
    this.statistic = statistic;
    this.count = count;
    this.sides = List.of(ours, peer);
  }

  /** Returns the comparison for a row. */
  public Comparison comparison(Row row, Action check, int warmUps, int rounds) {
    return new Comparison(row, check, ours(), peer(), warmUps, rounds);
  }

  /**
   * Our side. If only the peer has used the last samples, returns the figure of these; otherwise
   * takes new ones.
   */
  public Side ours() {
    return Side.of(() -> figure(0));
  }

  /** The peer; see {@link #ours}. */
  public Side peer() {
    return Side.of(() -> figure(1));
  }

  private Sample figure(int side) throws Exception {
    if (figures[side] == null) {
      take();
    }
    Sample figure = Objects.requireNonNull(figures[side]);
    figures[side] = null;
    return figure;
  }

  private void take() throws Exception {
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
