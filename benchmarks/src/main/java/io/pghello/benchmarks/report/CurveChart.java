// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Spread;
import io.pghello.benchmarks.report.Scale.Tick;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A curve as curve.html draws it: a line through each side's medians, in a band from quartile to
 * quartile. Widths are shares of the page's, heights are pixels, so that letters are as large on a
 * phone.
 *
 * @param letters the length of the longest label beside the axis
 * @param gap where the axis is interrupted, if it is, between zero and the rest
 * @param drawn the lines, ours last and so on top; the legend has them in the curve's order
 */
record CurveChart(
    String id,
    String name,
    String figures,
    String description,
    String axis,
    int letters,
    List<Tick> up,
    List<Tick> across,
    String gap,
    List<Track> drawn,
    List<Label> labels,
    List<Track> legend) {
  // those of curve.html
  private static final int HEIGHT = 300;
  private static final int WIDTH = 1000;
  private static final int TEXT_LINE = 15;

  private static final double SIDE = 0.03;
  private static final int MOST_TICKS = 7;
  private static final int LETTER = 8;
  private static final int NARROW = 250;
  private static final int WIDE = 560;
  // words, as many as fit, or one that is longer
  private static final Pattern LABEL_LINE = Pattern.compile("(\\S.{0,18}|\\S+)(?= |$)");

  /** The places of a curve's points. */
  private record Frame(List<Double> places, Scale across, Scale up) {
    static Frame of(Curve curve, List<Curve.Line> lines) {
      List<Double> places = curve.points();
      List<Double> positive = places.stream().filter(place -> place > 0).toList();
      Scale across =
          positive.isEmpty()
              ? new Scale(false, 0, 1)
              : new Scale(true, positive.get(0), positive.get(positive.size() - 1));
      List<Double> shown =
          lines.stream()
              .flatMap(line -> line.points().stream().map(Curve.Point::spread))
              .flatMap(spread -> Stream.of(spread.lower(), spread.upper()))
              .toList();
      return new Frame(places, across, Scale.fitting(shown));
    }

    /** A logarithmic place, and to its left, apart from the others, zero. */
    double x(double value) {
      double width = 1 - 2 * SIDE;
      if (across.low() == across.high()) {
        return value > 0 ? 0.5 : SIDE;
      }
      double start = places.get(0) <= 0 ? width / places.size() : 0;
      return SIDE + (value > 0 ? start + across.at(value) * (width - start) : 0);
    }

    double y(double value) {
      return HEIGHT * (1 - up.at(value));
    }

    String points(List<Curve.Point> points, ToDoubleFunction<Spread> figure) {
      return points.stream()
          .map(p -> number(WIDTH * x(p.x())) + "," + number(y(figure.applyAsDouble(p.spread()))))
          .collect(Collectors.joining(" "));
    }

    Mark mark(Curve.Point point) {
      return new Mark(Scale.percentOf(x(point.x())), number(y(point.spread().median())));
    }

    /** The places whose labels do not touch on a chart of this width; the last is one of them. */
    List<Double> labelled(int width) {
      List<Double> kept = new ArrayList<>();
      for (int i = places.size() - 1; i >= 0; i--) {
        double place = places.get(i);
        double last = kept.isEmpty() ? Double.NaN : kept.get(kept.size() - 1);
        int letters = TextTable.figure(place).length() + TextTable.figure(last).length();
        if (kept.isEmpty() || width * (x(last) - x(place)) > letters * LETTER / 2.0 + LETTER) {
          kept.add(place);
        }
      }
      return kept;
    }

    List<Tick> ticksUp() {
      return up.ticks(MOST_TICKS).stream()
          .map(v -> new Tick(number(y(v)), TextTable.figure(v), true, v == 0, "zero"))
          .toList();
    }

    List<Tick> ticksAcross() {
      List<Double> narrow = labelled(NARROW);
      List<Double> wide = labelled(WIDE);
      return places.stream()
          .map(
              v -> {
                String label = wide.contains(v) ? TextTable.figure(v) : "";
                return new Tick(Scale.percentOf(x(v)), label, narrow.contains(v), true, "zero");
              })
          .toList();
    }

    String gap() {
      return places.size() > 1 && places.get(0) <= 0
          ? Scale.percentOf((x(places.get(0)) + x(places.get(1))) / 2)
          : "";
    }
  }

  /** A line with the style that tells it from others. */
  record Track(
      String name,
      boolean ours,
      String style,
      String marker,
      String band,
      String line,
      List<Mark> marks,
      double end) {

    private static Track of(Curve.Line line, int index, Frame frame) {
      List<Curve.Point> points = line.points();
      List<Curve.Point> back = new ArrayList<>(points);
      Collections.reverse(back);
      return new Track(
          line.name(),
          line.ours(),
          (line.ours() ? "ours" : "peer") + index,
          "#point" + index,
          frame.points(points, Spread::upper) + " " + frame.points(back, Spread::lower),
          frame.points(points, Spread::median),
          points.stream().map(frame::mark).toList(),
          frame.y(back.get(0).spread().median()));
    }
  }

  /** A point. */
  record Mark(String x, String y) {}

  /** The name of a line beside its last point. */
  record Label(String style, Mark from, String middle, String top, List<String> lines) {}

  /** Lets a peer look the same in all curves of a benchmark, if there are not too many of them. */
  record Styles(List<String> peers) {
    private static final int MOST = 6;

    static Styles of(List<Curve> curves) {
      return new Styles(names(curves, false));
    }

    private static List<String> names(List<Curve> curves, boolean ours) {
      return curves.stream()
          .flatMap(curve -> curve.lines().stream())
          .filter(line -> line.ours() == ours)
          .map(Curve.Line::name)
          .distinct()
          .toList();
    }

    private int of(Curve curve, Curve.Line line) {
      boolean all = !line.ours() && peers.size() <= MOST;
      List<String> names = all ? peers : names(List.of(curve), line.ours());
      return names.indexOf(line.name()) % MOST + 1;
    }
  }

  /** Draws a curve; null if it has no points. */
  static @Nullable CurveChart of(String id, Curve curve, Styles styles) {
    List<Curve.Line> lines =
        curve.lines().stream()
            .map(line -> new Curve.Line(line.name(), line.ours(), drawn(line.points())))
            .filter(line -> !line.points().isEmpty())
            .toList();
    if (lines.isEmpty()) {
      return null;
    }
    Frame frame = Frame.of(curve, lines);
    List<Track> tracks =
        lines.stream().map(line -> Track.of(line, styles.of(curve, line), frame)).toList();
    List<Tick> up = frame.ticksUp();
    return new CurveChart(
        id,
        curve.name(),
        figures(curve, frame),
        description(curve, lines),
        curve.axis(),
        up.stream().mapToInt(tick -> tick.label().length()).max().orElse(0),
        up,
        frame.ticksAcross(),
        frame.gap(),
        tracks.stream().sorted(Comparator.comparing(Track::ours)).toList(),
        labels(tracks),
        tracks);
  }

  private static List<Curve.Point> drawn(List<Curve.Point> points) {
    return points.stream()
        .filter(p -> Double.isFinite(p.spread().lower()) && Double.isFinite(p.spread().upper()))
        .sorted(Comparator.comparingDouble(Curve.Point::x))
        .toList();
  }

  private static String figures(Curve curve, Frame frame) {
    String better = curve.better() == Row.Better.LOWER ? "lower is better" : "higher is better";
    return Stream.of(curve.unit(), better, frame.up.logarithmic() ? "logarithmic scale" : "")
        .filter(text -> !text.isEmpty())
        .collect(Collectors.joining(" · "));
  }

  private static String description(Curve curve, List<Curve.Line> lines) {
    String unit = curve.unit().isEmpty() ? "" : curve.unit() + ", ";
    return lines.stream()
        .map(CurveChart::described)
        .collect(Collectors.joining("; ", unit + "by " + curve.axis() + ". ", "."));
  }

  private static String described(Curve.Line line) {
    List<Curve.Point> points = line.points();
    return Stream.of(points.get(0), points.get(points.size() - 1))
        .map(p -> TextTable.figure(p.spread().median()) + " at " + TextTable.figure(p.x()))
        .collect(Collectors.joining(", ", line.name() + ": ", ""));
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  /** Names each line where it ends, pushed apart where they would lie on one another. */
  private static List<Label> labels(List<Track> tracks) {
    List<Track> downwards = tracks.stream().sorted(Comparator.comparingDouble(Track::end)).toList();
    List<List<String>> texts =
        downwards.stream()
            .map(t -> LABEL_LINE.matcher(t.name).results().map(MatchResult::group).toList())
            .toList();
    double[] tops = new double[downwards.size()];
    double free = -TEXT_LINE;
    for (int i = 0; i < tops.length; i++) {
      int height = texts.get(i).size() * TEXT_LINE;
      tops[i] = Math.max(downwards.get(i).end - height / 2.0, free);
      free = tops[i] + height + 2;
    }
    double end = HEIGHT + TEXT_LINE;
    List<Label> labels = new ArrayList<>();
    for (int i = tops.length - 1; i >= 0; i--) {
      Track track = downwards.get(i);
      int height = texts.get(i).size() * TEXT_LINE;
      double top = Math.min(tops[i], end - height);
      end = top - 2;
      Mark last = track.marks.get(track.marks.size() - 1);
      String middle = number(top + height / 2.0);
      labels.add(0, new Label(track.style, last, middle, number(top - 3), texts.get(i)));
    }
    return labels;
  }
}
