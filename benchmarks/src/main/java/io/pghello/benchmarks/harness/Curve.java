// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.List;
import java.util.Optional;
import java.util.function.BinaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A figure for several sides, along the axis of a chart.
 *
 * @param name the title, e.g. "throughput by calls in flight"
 * @param axis the variable, with its unit if it has one
 * @param unit the unit of the figures
 * @param better the direction of improvement
 */
public record Curve(
    String name, String axis, String unit, BenchmarkRow.Better better, List<Line> lines) {

  /** One side, with the points at which it was measured. Other sides may have more points. */
  public record Line(String name, boolean ours, List<Point> points) {
    /** Returns the figures at a position of the axis; empty if none were measured there. */
    public Optional<Spread> at(double x) {
      return points.stream().filter(point -> point.x == x).findFirst().map(Point::spread);
    }

    private Line and(Line other) {
      return new Line(name, ours, joined(points, other.points, Point::and));
    }
  }

  /** The figures of all rounds at one position. */
  public record Point(double x, List<Double> figures, Spread spread) {
    public static Point of(double x, List<Double> figures) {
      return new Point(x, figures, Spread.of(figures));
    }

    private Point and(Point other) {
      return of(x, Stream.concat(figures.stream(), other.figures.stream()).toList());
    }
  }

  /** Returns the positions at which any side was measured. */
  public List<Double> points() {
    return lines.stream()
        .flatMap(line -> line.points.stream().map(Point::x))
        .distinct()
        .sorted()
        .toList();
  }

  /** Combines the rounds of two curves with the same lines and points. */
  public Curve and(Curve other) {
    return new Curve(name, axis, unit, better, joined(lines, other.lines, Line::and));
  }

  private static <T> List<T> joined(List<T> ones, List<T> others, BinaryOperator<T> and) {
    return IntStream.range(0, ones.size())
        .mapToObj(i -> and.apply(ones.get(i), others.get(i)))
        .toList();
  }
}
