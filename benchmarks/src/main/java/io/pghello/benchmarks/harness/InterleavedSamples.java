// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import io.pghello.benchmarks.harness.Comparison.Side;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;

/** Two sides that are measured alternately, in some short samples in each round. */
public final class InterleavedSamples {
  /** What a round's figure is of a side's samples. */
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
    TRIMMED_MEAN
  }

  private final Row.Better better;
  private final Statistic statistic;
  private final int count;
  private final List<Side> sides;
  private final OptionalDouble[] figures = {OptionalDouble.empty(), OptionalDouble.empty()};

  /**
   * Prepares them.
   *
   * @param count how many samples of each side a round has
   */
  public InterleavedSamples(
      Row.Better better, Statistic statistic, int count, Side ours, Side peer) {
    this.better = better;
    this.statistic = statistic;
    this.count = count;
    this.sides = List.of(ours, peer);
  }

  /**
   * Our side: the figure of its last samples, if only the peer has been asked for them, or of new
   * ones.
   */
  public Side ours() {
    return () -> figure(0);
  }

  /** The peer; see {@link #ours}. */
  public Side peer() {
    return () -> figure(1);
  }

  private double figure(int side) throws Exception {
    if (figures[side].isEmpty()) {
      take();
    }
    double figure = figures[side].orElseThrow();
    figures[side] = OptionalDouble.empty();
    return figure;
  }

  private void take() throws Exception {
    double[][] times = new double[2][count];
    for (int sample = 0; sample < count; sample++) {
      for (int i = 0; i < 2; i++) {
        int side = (sample + i) % 2;
        times[side][sample] = inverseIfRate(sides.get(side).measure());
      }
    }
    for (int side = 0; side < 2; side++) {
      figures[side] = OptionalDouble.of(inverseIfRate(summary(times[side])));
    }
  }

  private double summary(double[] times) {
    DoubleStream ascending = Arrays.stream(times).sorted();
    if (statistic == Statistic.BEST) {
      return ascending.findFirst().orElseThrow();
    }
    int tenth = count / 10;
    return ascending.skip(tenth).limit(count - 2L * tenth).average().orElseThrow();
  }

  private double inverseIfRate(double figure) {
    return better == Row.Better.LOWER ? figure : 1 / figure;
  }
}
