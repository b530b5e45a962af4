// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.DoublePredicate;
import java.util.stream.IntStream;

/**
 * The measurement of curves. Each side runs once at each point of an axis. The spread results from
 * the measurements of several forks.
 *
 * @param name the variable of the axis
 * @param unit the unit of the axis; empty for a count
 * @param metrics the figures of each measurement; each metric results in one curve
 */
public record Sweep(
    String name, String unit, List<Double> points, List<Metric> metrics, List<Series> sides) {

  /** A figure of a measurement. */
  public record Metric(String name, String unit, BenchmarkRow.Better better) {}

  /** A side and the range in which it is measured. */
  public record Series(String name, boolean ours, DoublePredicate covers, Measurement measurement) {
    /** Returns a side with one figure, which is measured at all points. */
    public static Series of(String name, boolean ours, Figure figure) {
      return new Series(name, ours, point -> true, point -> new double[] {figure.at(point)});
    }

    /** Returns a copy that is not measured beyond a point. */
    public Series upTo(double last) {
      return new Series(name, ours, point -> point <= last, measurement);
    }
  }

  /** Runs once, and returns one figure per metric. Additional figures are ignored. */
  public interface Measurement {
    double[] at(double point) throws Exception;
  }

  /** Runs once, and returns the figure of the only metric. */
  public interface Figure {
    double at(double point) throws Exception;
  }

  /** Returns the number of measurements. */
  public int steps() {
    return (int) sides.stream().flatMap(side -> points.stream().filter(side.covers::test)).count();
  }

  /**
   * Runs all measurements and returns one curve per metric. The order of the sides changes at each
   * point.
   */
  public List<Curve> measure(Consumer<String> progress) throws Exception {
    List<SortedMap<Double, double[]>> figures = new ArrayList<>();
    sides.forEach(side -> figures.add(new TreeMap<>()));
    for (int i = 0; i < points.size(); i++) {
      double point = points.get(i);
      for (int position = 0; position < sides.size(); position++) {
        int index = (i + position) % sides.size();
        Series side = sides.get(index);
        if (side.covers.test(point)) {
          progress.accept(name + ", " + side.name);
          figures.get(index).put(point, side.measurement.at(point));
        }
      }
    }
    return IntStream.range(0, metrics.size()).mapToObj(i -> curve(i, figures)).toList();
  }

  private Curve curve(int metric, List<SortedMap<Double, double[]>> figures) {
    List<Curve.Line> lines = new ArrayList<>();
    for (int i = 0; i < sides.size(); i++) {
      List<Curve.Point> measured = new ArrayList<>();
      figures.get(i).forEach((x, all) -> measured.add(Curve.Point.of(x, List.of(all[metric]))));
      lines.add(new Curve.Line(sides.get(i).name, sides.get(i).ours, measured));
    }
    Metric shown = metrics.get(metric);
    String axis = unit.isEmpty() ? name : name + ", " + unit;
    return new Curve(shown.name + " by " + name, axis, shown.unit, shown.better, lines);
  }
}
