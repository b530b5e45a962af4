// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoublePredicate;
import java.util.stream.IntStream;

/**
 * How curves are measured: at each point of an axis, the sides take turns.
 *
 * @param name what changes along the axis
 * @param unit of the axis; empty if it counts
 * @param metrics what each measurement gives, a curve each
 */
record Sweep(
    String name,
    String unit,
    List<Double> points,
    List<Metric> metrics,
    List<Track> tracks,
    int rounds) {

  /** One of the figures of a measurement. */
  record Metric(String name, String unit, Row.Better better) {}

  /** A side. */
  record Track(String name, boolean ours, DoublePredicate covers, Measurement measurement) {}

  /** Works once. */
  interface Measurement {
    /** Returns a figure for each metric. */
    double[] at(double point) throws Exception;
  }

  /** How many times something is measured. */
  int steps() {
    return (int)
            tracks.stream().flatMap(track -> points.stream().filter(track.covers::test)).count()
        * rounds;
  }

  /** Measures all, with another side first in each round, and returns a curve for each metric. */
  List<Curve> measure(Progress progress) throws Exception {
    List<List<List<double[]>>> figures = new ArrayList<>();
    for (double point : points) {
      figures.add(figures(point, progress));
    }
    return IntStream.range(0, metrics.size()).mapToObj(i -> curve(i, figures)).toList();
  }

  /** The figures of each track at a point, round by round. */
  private List<List<double[]>> figures(double point, Progress progress) throws Exception {
    List<List<double[]>> figures = new ArrayList<>();
    tracks.forEach(track -> figures.add(new ArrayList<>()));
    for (int round = 0; round < rounds; round++) {
      for (int turn = 0; turn < tracks.size(); turn++) {
        int index = (round + turn) % tracks.size();
        Track track = tracks.get(index);
        if (track.covers.test(point)) {
          progress.step(name + ", " + track.name);
          figures.get(index).add(track.measurement.at(point));
        }
      }
    }
    return figures;
  }

  private Curve curve(int index, List<List<List<double[]>>> figures) {
    Metric metric = metrics.get(index);
    return new Curve(
        metric.name + " by " + name,
        unit.isEmpty() ? name : name + ", " + unit,
        metric.unit,
        metric.better,
        IntStream.range(0, tracks.size()).mapToObj(i -> line(i, index, figures)).toList());
  }

  private Curve.Line line(int track, int metric, List<List<List<double[]>>> figures) {
    List<Curve.Point> measured = new ArrayList<>();
    for (int i = 0; i < points.size(); i++) {
      List<Double> rounds = figures.get(i).get(track).stream().map(all -> all[metric]).toList();
      if (!rounds.isEmpty()) {
        measured.add(Curve.Point.of(points.get(i), rounds));
      }
    }
    return new Curve.Line(tracks.get(track).name, tracks.get(track).ours, measured);
  }
}
