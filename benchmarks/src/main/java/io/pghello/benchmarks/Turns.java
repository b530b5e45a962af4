// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import io.pghello.benchmarks.Comparison.Side;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;

/** Two sides that take some short turns in each round, another one first in each. */
final class Turns {
  /** Which of a side's turns count. */
  enum Counts {
    /**
     * The shortest, or that of the highest rate: what else the machine does only makes a turn
     * slower, and goes on for longer than one.
     */
    BEST,
    /**
     * All but the longest and the shortest tenth, by their mean: where it is chance what a turn
     * meets, as with round trips, of which some cross CPUs, and many turns even that out.
     */
    MEAN
  }

  private final Row.Better better;
  private final Counts counts;
  private final int count;
  private final List<Side> sides;
  private final OptionalDouble[] figures = {OptionalDouble.empty(), OptionalDouble.empty()};

  /**
   * Prepares them.
   *
   * @param count how many turns each side takes in a round
   */
  Turns(Row.Better better, Counts counts, int count, Side ours, Side peer) {
    this.better = better;
    this.counts = counts;
    this.count = count;
    this.sides = List.of(ours, peer);
  }

  /** Our side: what came of its turns, if the peer has been asked, or of new ones. */
  Side ours() {
    return () -> figure(0);
  }

  /** The peer; see {@link #ours}. */
  Side peer() {
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
    for (int turn = 0; turn < count; turn++) {
      for (int i = 0; i < 2; i++) {
        int side = (turn + i) % 2;
        times[side][turn] = inverseIfRate(sides.get(side).measure());
      }
    }
    for (int side = 0; side < 2; side++) {
      figures[side] = OptionalDouble.of(inverseIfRate(whatCounts(times[side])));
    }
  }

  private double whatCounts(double[] times) {
    DoubleStream ascending = Arrays.stream(times).sorted();
    if (counts == Counts.BEST) {
      return ascending.findFirst().orElseThrow();
    }
    int tenth = count / 10;
    return ascending.skip(tenth).limit(count - 2L * tenth).average().orElseThrow();
  }

  private double inverseIfRate(double figure) {
    return better == Row.Better.LOWER ? figure : 1 / figure;
  }
}
