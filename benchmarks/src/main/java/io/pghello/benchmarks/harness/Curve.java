// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a figure of several sides comes to along an axis.
 *
 * @param name what is shown, as in "throughput by calls in flight"
 * @param axis what changes, with its unit if it has one
 * @param unit of the figures
 * @param better which way a good figure goes
 */
public record Curve(String name, String axis, String unit, Row.Better better, List<Line> lines) {

  /**
   * One side.
   *
   * @param ours whether it is this library
   * @param points where it was measured; the axis may go on beyond them
   */
  public record Line(String name, boolean ours, List<Point> points) {
    /** Returns the figures at a place, if it was measured there. */
    public Optional<Spread> at(double x) {
      return points.stream().filter(point -> point.x == x).findFirst().map(Point::spread);
    }
  }

  /**
   * What was measured at one place.
   *
   * @param figures of each round
   */
  public record Point(double x, List<Double> figures, Spread spread) {
    public static Point of(double x, List<Double> figures) {
      return new Point(x, figures, Spread.of(figures));
    }
  }

  /** Returns the places at which any of the sides was measured. */
  public List<Double> points() {
    return lines.stream()
        .flatMap(line -> line.points.stream())
        .map(Point::x)
        .distinct()
        .sorted()
        .toList();
  }

  /** Joins the rounds of two curves that have the same lines and points. */
  public Curve and(Curve other) {
    return new Curve(
        name,
        axis,
        unit,
        better,
        IntStream.range(0, lines.size())
            .mapToObj(i -> join(lines.get(i), other.lines.get(i)))
            .toList());
  }

  private static Line join(Line one, Line other) {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < one.points.size(); i++) {
      List<Double> figures = new ArrayList<>(one.points.get(i).figures);
      figures.addAll(other.points.get(i).figures);
      points.add(Point.of(one.points.get(i).x, List.copyOf(figures)));
    }
    return new Line(one.name, one.ours, points);
  }
}
