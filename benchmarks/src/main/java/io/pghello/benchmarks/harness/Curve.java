// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
   * @param points where it was measured; the axis may go on beyond them
   */
  public record Line(String name, boolean ours, List<Point> points) {
    /** Returns the figures at a place, if it was measured there. */
    public Optional<Spread> at(double x) {
      return points.stream().filter(point -> point.x == x).findFirst().map(Point::spread);
    }

    private Line and(Line other) {
      List<Point> joined = new ArrayList<>();
      for (int i = 0; i < points.size(); i++) {
        List<Double> figures = new ArrayList<>(points.get(i).figures);
        figures.addAll(other.points.get(i).figures);
        joined.add(Point.of(points.get(i).x, figures));
      }
      return new Line(name, ours, joined);
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
        .flatMap(line -> line.points.stream().map(Point::x))
        .distinct()
        .sorted()
        .toList();
  }

  /** Joins the rounds of two curves that have the same lines and points. */
  public Curve and(Curve other) {
    List<Line> joined = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      joined.add(lines.get(i).and(other.lines.get(i)));
    }
    return new Curve(name, axis, unit, better, joined);
  }
}
