// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.InterleavedSamples.Statistic;
import io.pghello.benchmarks.harness.Sweep.Metric;
import io.pghello.benchmarks.harness.Sweep.Series;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares two sides, each with its best number of concurrent calls. To choose these numbers, the
 * sides are measured alternately before the first round, at all points of an axis. The figures of
 * these measurements are not part of the result, because the highest of several figures is biased
 * upwards.
 */
public final class BestInFlight {
  /** A side under load. */
  public interface Rate {
    /**
     * Runs once with a number of concurrent calls, and returns the throughput in thousands of calls
     * per second.
     */
    Sample with(int inFlight) throws Exception;
  }

  private final List<Integer> axis;
  private final int samples;
  private final List<Rate> sides;
  private final List<Map<Integer, Double>> figures = new ArrayList<>();

  /**
   * Creates a comparison.
   *
   * @param axis the numbers of concurrent calls to try
   * @param samples the number of samples at each point of the axis
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

  /**
   * Returns the figures that determine the best numbers of calls, as a curve. The figures are
   * measured only once.
   */
  public Sweep sweep(String name, Metric metric, String ours, String peer) {
    List<Double> points = axis.stream().map(Integer::doubleValue).toList();
    return new Sweep(name, "", points, List.of(metric), List.of(series(ours, 0), series(peer, 1)));
  }

  private Series series(String name, int side) {
    return Series.of(name, side == 0, inFlight -> figures(side).getOrDefault((int) inFlight, 0.0));
  }

  private Sample atBest(int side) throws Exception {
    Map<Integer, Double> found = figures(side);
    int best =
        axis.stream()
            .max(Comparator.comparingDouble(i -> found.getOrDefault(i, 0.0)))
            .orElseThrow();
    return sides.get(side).with(best);
  }

  private Map<Integer, Double> figures(int side) throws Exception {
    if (figures.isEmpty()) {
      figures.addAll(List.of(new HashMap<>(), new HashMap<>()));
      for (int inFlight : axis) {
        var both =
            new InterleavedSamples(
                BenchmarkRow.Better.HIGHER,
                Statistic.TRIMMED_MEAN,
                samples,
                Side.of(() -> sides.get(0).with(inFlight)),
                Side.of(() -> sides.get(1).with(inFlight)));
        figures.get(0).put(inFlight, both.ours().measure());
        figures.get(1).put(inFlight, both.peer().measure());
      }
    }
    return figures.get(side);
  }
}
