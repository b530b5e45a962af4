// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.Sweep.Metric;
import io.pghello.benchmarks.harness.Sweep.Track;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Two sides, each at its own best number of calls in flight. Both numbers are chosen from one axis,
 * along which the sides are measured alternately, before the first round. The figures that a number
 * is chosen by do not count themselves: the highest of several is partly high by chance.
 */
public final class BestInFlight {
  /** A side under load. */
  public interface Rate {
    /** Works once with so many calls in flight; in thousands a second. */
    Sample with(int inFlight) throws Exception;
  }

  private final List<Integer> axis;
  private final int samples;
  private final List<Rate> sides;
  private double[][] figures = {};

  /**
   * Prepares them.
   *
   * @param axis the numbers to choose from
   * @param samples how many each side takes with each number
   */
  public BestInFlight(List<Integer> axis, int samples, Rate ours, Rate peer) {
    this.axis = axis;
    this.samples = samples;
    this.sides = List.of(ours, peer);
  }

  public Side ours() {
    return Side.of(() -> atBest(0));
  }

  public Side peer() {
    return Side.of(() -> atBest(1));
  }

  /** Returns the figures that the numbers are chosen by, as a curve; it is measured once. */
  public Sweep sweep(String name, Metric metric, String ours, String peer) {
    List<Double> points = axis.stream().map(Integer::doubleValue).toList();
    return new Sweep(name, "", points, List.of(metric), List.of(track(ours, 0), track(peer, 1)));
  }

  private Track track(String name, int side) {
    return Track.of(name, side == 0, inFlight -> figures(side)[axis.indexOf((int) inFlight)]);
  }

  private Sample atBest(int side) throws Exception {
    double[] found = figures(side);
    int best =
        IntStream.range(0, found.length)
            .reduce((one, other) -> found[other] > found[one] ? other : one)
            .orElseThrow();
    return sides.get(side).with(axis.get(best));
  }

  private double[] figures(int side) throws Exception {
    if (figures.length == 0) {
      figures = measure();
    }
    return figures[side];
  }

  private double[][] measure() throws Exception {
    var measured = new double[2][axis.size()];
    for (int i = 0; i < axis.size(); i++) {
      int inFlight = axis.get(i);
      var both =
          new InterleavedSamples(
              Row.Better.HIGHER,
              InterleavedSamples.Statistic.TRIMMED_MEAN,
              samples,
              Side.of(() -> sides.get(0).with(inFlight)),
              Side.of(() -> sides.get(1).with(inFlight)));
      measured[0][i] = both.ours().measure();
      measured[1][i] = both.peer().measure();
    }
    return measured;
  }
}
