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

/** Two sides that are measured alternately, in some short samples in each round. */
public final class InterleavedSamples {
  /** The figure of a round, computed from a side's samples. */
  public enum Statistic {
    /**
     * The shortest time, or the highest rate: what else the machine does only makes a sample
     * slower, and goes on for longer than one.
     */
    BEST,
    /**
     * The mean without the longest and the shortest tenth: where it is chance what a sample meets,
     * as with round trips, of which some cross CPUs, and many samples even that out.
     */
    TRIMMED_MEAN,
    /** The median: where a sample that meets a full queue is many times another, as with p99. */
    MEDIAN
  }

  private final Row.Better better;
  private final Statistic statistic;
  private final int count;
  private final List<Side> sides;
  private final @Nullable Sample[] figures = new Sample[2];

  /** Prepares them, with so many samples of each side in a round. */
  public InterleavedSamples(
      Row.Better better, Statistic statistic, int count, Side ours, Side peer) {
    this.better = better;
    this.statistic = statistic;
    this.count = count;
    this.sides = List.of(ours, peer);
  }

  /** Compares the two for a row. */
  public Comparison comparison(Row row, Action check, int warmUps, int rounds) {
    return new Comparison(row, check, ours(), peer(), warmUps, rounds);
  }

  /** Our side: the figure of its last samples, if only the peer took it, or of new ones. */
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
    // of an even number, the median is the mean of two
    int left = statistic == Statistic.MEDIAN ? (count - 1) / 2 : count / 10;
    return ascending.skip(left).limit(count - 2L * left).average().orElseThrow();
  }
}
