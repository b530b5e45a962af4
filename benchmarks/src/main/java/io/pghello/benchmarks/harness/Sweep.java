// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.DoublePredicate;
import java.util.stream.IntStream;

/**
 * How curves are measured: at each point of an axis, each side works once. Spread comes from forks.
 *
 * @param name what changes along the axis
 * @param unit of the axis; empty if it counts
 * @param metrics what each measurement gives, a curve each
 */
public record Sweep(
    String name, String unit, List<Double> points, List<Metric> metrics, List<Track> tracks) {

  /** One of the figures of a measurement. */
  public record Metric(String name, String unit, Row.Better better) {}

  /** A side. */
  public record Track(String name, boolean ours, DoublePredicate covers, Measurement measurement) {}

  /** Works once. */
  public interface Measurement {
    /** Returns a figure for each metric. */
    double[] at(double point) throws Exception;
  }

  /** Returns the number of measurements. */
  public int steps() {
    return (int)
        tracks.stream().flatMap(track -> points.stream().filter(track.covers::test)).count();
  }

  /** Measures all, with another side first at each point, and returns a curve for each metric. */
  public List<Curve> measure(Progress progress) throws Exception {
    List<SortedMap<Double, double[]>> figures = new ArrayList<>();
    tracks.forEach(track -> figures.add(new TreeMap<>()));
    for (int i = 0; i < points.size(); i++) {
      double point = points.get(i);
      for (int position = 0; position < tracks.size(); position++) {
        int index = (i + position) % tracks.size();
        Track track = tracks.get(index);
        if (track.covers.test(point)) {
          progress.step(name + ", " + track.name);
          figures.get(index).put(point, track.measurement.at(point));
        }
      }
    }
    return IntStream.range(0, metrics.size()).mapToObj(i -> curve(i, figures)).toList();
  }

  private Curve curve(int index, List<SortedMap<Double, double[]>> figures) {
    Metric metric = metrics.get(index);
    return new Curve(
        metric.name + " by " + name,
        unit.isEmpty() ? name : name + ", " + unit,
        metric.unit,
        metric.better,
        IntStream.range(0, tracks.size())
            .mapToObj(i -> line(tracks.get(i), index, figures.get(i)))
            .toList());
  }

  private static Curve.Line line(Track track, int metric, SortedMap<Double, double[]> figures) {
    List<Curve.Point> measured =
        figures.entrySet().stream()
            .map(point -> Curve.Point.of(point.getKey(), List.of(point.getValue()[metric])))
            .toList();
    return new Curve.Line(track.name, track.ours, measured);
  }
}
