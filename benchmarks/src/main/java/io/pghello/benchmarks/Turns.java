// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import io.pghello.benchmarks.Comparison.Side;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Two sides that take some short turns in each round, of which the best counts: what else the
 * machine does only makes a turn slower, and goes on for longer than one.
 */
final class Turns {
  private final Row.Better better;
  private final int count;
  private final List<Side> sides;
  private final OptionalDouble[] best = {OptionalDouble.empty(), OptionalDouble.empty()};

  /**
   * Prepares them.
   *
   * @param count how many turns each side takes in a round
   */
  Turns(Row.Better better, int count, Side ours, Side peer) {
    this.better = better;
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
    if (best[side].isEmpty()) {
      take();
    }
    double figure = best[side].orElseThrow();
    best[side] = OptionalDouble.empty();
    return figure;
  }

  private void take() throws Exception {
    for (int i = 0; i < 2 * count; i++) {
      int side = i % 2;
      double figure = sides.get(side).measure();
      best[side] = OptionalDouble.of(i < 2 ? figure : better(best[side].orElseThrow(), figure));
    }
  }

  private double better(double one, double other) {
    return better == Row.Better.LOWER ? Math.min(one, other) : Math.max(one, other);
  }
}
