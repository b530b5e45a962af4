// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static io.pghello.benchmarks.report.Markup.percent;

import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Spread;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Draws a curve: a line through each side's medians, in a band from quartile to quartile. Widths
 * are shares of the page's, heights are pixels, so that letters are as large on a phone.
 */
final class CurveChart {
  private static final int HEIGHT = 300;
  // of the picture that is stretched over the whole width
  private static final int WIDTH = 1000;
  private static final double SIDE = 0.03;
  private static final int MOST_TICKS = 7;
  private static final int LETTER = 8;
  private static final int TEXT_LINE = 15;
  private static final int LETTERS_A_LINE = 19;
  private static final int NARROW = 250;
  private static final int WIDE = 560;

  private final Markup page;
  private final String id;
  private final Curve curve;
  private final List<Track> tracks;
  private final List<Double> places;
  private final Scale across;
  private final Scale up;

  /** A line with the style that tells it from others. */
  private record Track(Curve.Line line, List<Curve.Point> points, String style, String marker) {

    Curve.Point last() {
      return points.get(points.size() - 1);
    }
  }

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

  private CurveChart(Markup page, String id, Curve curve, List<Track> tracks) {
    this.page = page;
    this.id = id;
    this.curve = curve;
    this.tracks = tracks;
    List<Curve.Point> points = tracks.stream().flatMap(track -> track.points.stream()).toList();
    places = curve.points();
    List<Double> positive = places.stream().filter(place -> place > 0).toList();
    across =
        positive.isEmpty()
            ? new Scale(false, 0, 1)
            : new Scale(true, positive.get(0), positive.get(positive.size() - 1));
    up =
        Scale.fitting(
            points.stream()
                .map(Curve.Point::spread)
                .flatMap(spread -> Stream.of(spread.lower(), spread.upper()))
                .toList());
  }

  /** Draws a curve that has points. */
  static void write(Markup page, String id, Curve curve, Styles styles) {
    List<Track> tracks = new ArrayList<>();
    for (Curve.Line line : curve.lines()) {
      int index = styles.of(curve, line);
      List<Curve.Point> points =
          line.points().stream()
              .filter(point -> finite(point.spread()))
              .sorted(Comparator.comparingDouble(Curve.Point::x))
              .toList();
      if (!points.isEmpty()) {
        tracks.add(
            new Track(line, points, (line.ours() ? "ours" : "peer") + index, "#point" + index));
      }
    }
    if (tracks.isEmpty()) {
      page.element("p", "Nothing was measured that could be drawn.");
    } else {
      new CurveChart(page, id, curve, tracks).write();
    }
  }

  private static boolean finite(Spread spread) {
    return Double.isFinite(spread.lower()) && Double.isFinite(spread.upper());
  }

  private void write() {
    page.element("p", figures(), "class", "figures");
    page.open("div", "class", "curve");
    page.open(
        "svg",
        "class",
        "plot",
        "role",
        "img",
        "height",
        String.valueOf(HEIGHT),
        "style",
        "--letters: " + letters(),
        "aria-labelledby",
        id + "-title " + id + "-desc");
    page.element("title", curve.name(), "id", id + "-title");
    page.element("desc", description(), "id", id + "-desc");
    axisUp();
    axisAcross();
    page.open(
        "svg",
        "width",
        "100%",
        "height",
        String.valueOf(HEIGHT),
        "viewBox",
        "0 0 " + WIDTH + " " + HEIGHT,
        "preserveAspectRatio",
        "none");
    // ours last, and so on top
    List<Track> inOrder =
        tracks.stream().sorted(Comparator.comparing((Track track) -> track.line.ours())).toList();
    for (Track track : inOrder) {
      page.empty("polygon", "class", "band " + track.style, "points", band(track));
    }
    for (Track track : inOrder) {
      page.empty(
          "polyline",
          "class",
          "line " + track.style,
          "points",
          points(track.points, Spread::median));
    }
    page.close();
    for (Track track : inOrder) {
      for (Curve.Point point : track.points) {
        page.empty(
            "use",
            "class",
            "point " + track.style,
            "href",
            track.marker,
            "x",
            percent(x(point.x())),
            "y",
            number(y(point.spread().median())));
      }
    }
    labels();
    page.close().close();
    legend();
  }

  private String figures() {
    return Stream.of(
            curve.unit(),
            curve.better() == Row.Better.LOWER ? "lower is better" : "higher is better",
            up.logarithmic() ? "logarithmic scale" : "")
        .filter(text -> !text.isEmpty())
        .collect(Collectors.joining(" · "));
  }

  private String description() {
    return curve.unit()
        + (curve.unit().isEmpty() ? "" : ", ")
        + "by "
        + curve.axis()
        + ". "
        + tracks.stream()
            .map(
                track ->
                    track.line.name()
                        + ": "
                        + TextTable.figure(track.points.get(0).spread().median())
                        + " at "
                        + TextTable.figure(track.points.get(0).x())
                        + ", "
                        + TextTable.figure(track.last().spread().median())
                        + " at "
                        + TextTable.figure(track.last().x()))
            .collect(Collectors.joining("; "))
        + ".";
  }

  /** A logarithmic place, and to its left, apart from the others, zero. */
  private double x(double value) {
    double width = 1 - 2 * SIDE;
    if (across.low() == across.high()) {
      return value > 0 ? 0.5 : SIDE;
    }
    boolean zero = places.get(0) <= 0;
    double start = zero ? width / places.size() : 0;
    return SIDE + (value > 0 ? start + across.at(value) * (width - start) : 0);
  }

  private double y(double value) {
    return HEIGHT * (1 - up.at(value));
  }

  /** The length of the longest label beside the axis. */
  private int letters() {
    return up.ticks(MOST_TICKS).stream()
        .mapToInt(tick -> TextTable.figure(tick).length())
        .max()
        .orElse(0);
  }

  private void axisUp() {
    for (double tick : up.ticks(MOST_TICKS)) {
      String y = number(y(tick));
      page.empty(
          "line", "class", tick == 0 ? "zero" : "grid", "x1", "0", "x2", "100%", "y1", y, "y2", y);
      page.element(
          "text",
          TextTable.figure(tick),
          "class",
          "tick",
          "x",
          "-8",
          "y",
          y,
          "dy",
          "0.35em",
          "text-anchor",
          "end");
    }
  }

  private void axisAcross() {
    String bottom = String.valueOf(HEIGHT);
    page.empty("line", "class", "zero", "x1", "0", "x2", "100%", "y1", bottom, "y2", bottom);
    List<Double> narrow = labelled(NARROW);
    List<Double> wide = labelled(WIDE);
    for (double place : places) {
      String x = percent(x(place));
      page.empty(
          "line",
          "class",
          "zero",
          "x1",
          x,
          "x2",
          x,
          "y1",
          bottom,
          "y2",
          String.valueOf(HEIGHT + 5));
      if (wide.contains(place)) {
        page.element(
            "text",
            TextTable.figure(place),
            "class",
            narrow.contains(place) ? "tick" : "tick wide",
            "x",
            x,
            "y",
            String.valueOf(HEIGHT + 20),
            "text-anchor",
            "middle");
      }
    }
    if (places.size() > 1 && places.get(0) <= 0) {
      page.element(
          "text",
          "//",
          "class",
          "tick",
          "x",
          percent((x(places.get(0)) + x(places.get(1))) / 2),
          "y",
          String.valueOf(HEIGHT + 5),
          "text-anchor",
          "middle");
    }
    page.element(
        "text",
        curve.axis(),
        "class",
        "name",
        "x",
        "50%",
        "y",
        String.valueOf(HEIGHT + 42),
        "text-anchor",
        "middle");
  }

  /** The places whose labels do not touch on a chart of this width; the last is one of them. */
  private List<Double> labelled(int width) {
    List<Double> kept = new ArrayList<>();
    for (int i = places.size() - 1; i >= 0; i--) {
      double place = places.get(i);
      double room =
          kept.isEmpty() ? Double.MAX_VALUE : width * (x(kept.get(kept.size() - 1)) - x(place));
      int letters =
          TextTable.figure(place).length()
              + (kept.isEmpty() ? 0 : TextTable.figure(kept.get(kept.size() - 1)).length());
      if (room > letters * LETTER / 2.0 + LETTER) {
        kept.add(place);
      }
    }
    return kept;
  }

  private String band(Track track) {
    List<Curve.Point> back = new ArrayList<>(track.points);
    back.sort(Comparator.comparingDouble(Curve.Point::x).reversed());
    return points(track.points, Spread::upper) + " " + points(back, Spread::lower);
  }

  private String points(List<Curve.Point> points, ToDoubleFunction<Spread> figure) {
    return points.stream()
        .map(
            point ->
                number(WIDTH * x(point.x()))
                    + ","
                    + number(y(figure.applyAsDouble(point.spread()))))
        .collect(Collectors.joining(" "));
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  /** Names each line where it ends, pushed apart where they would lie on one another. */
  private void labels() {
    List<Track> downwards =
        tracks.stream()
            .sorted(Comparator.comparingDouble(track -> y(track.last().spread().median())))
            .toList();
    List<List<String>> texts = downwards.stream().map(track -> wrapped(track.line.name())).toList();
    double[] tops = new double[downwards.size()];
    double free = -TEXT_LINE;
    for (int i = 0; i < tops.length; i++) {
      double wish =
          y(downwards.get(i).last().spread().median()) - texts.get(i).size() * TEXT_LINE / 2.0;
      tops[i] = Math.max(wish, free);
      free = tops[i] + texts.get(i).size() * TEXT_LINE + 2;
    }
    double end = HEIGHT + TEXT_LINE;
    for (int i = tops.length - 1; i >= 0; i--) {
      tops[i] = Math.min(tops[i], end - texts.get(i).size() * TEXT_LINE);
      end = tops[i] - 2;
    }
    for (int i = 0; i < tops.length; i++) {
      label(downwards.get(i), texts.get(i), tops[i]);
    }
  }

  private void label(Track track, List<String> text, double top) {
    String y = number(y(track.last().spread().median()));
    page.open("g", "class", "direct " + track.style, "aria-hidden", "true");
    page.empty(
        "line",
        "class",
        "leader",
        "x1",
        percent(x(track.last().x())),
        "x2",
        "100%",
        "y1",
        y,
        "y2",
        y);
    page.open("svg", "x", "100%");
    page.empty(
        "line",
        "class",
        "leader",
        "x1",
        "0",
        "x2",
        "12",
        "y1",
        y,
        "y2",
        number(top + text.size() * TEXT_LINE / 2.0));
    page.open("text", "y", number(top - 3));
    for (String line : text) {
      page.element("tspan", line, "x", "16", "dy", String.valueOf(TEXT_LINE));
    }
    page.close().close().close();
  }

  private static List<String> wrapped(String text) {
    List<String> lines = new ArrayList<>();
    for (String word : text.split(" ", -1)) {
      int last = lines.size() - 1;
      if (last >= 0 && lines.get(last).length() + word.length() < LETTERS_A_LINE) {
        lines.set(last, lines.get(last) + " " + word);
      } else {
        lines.add(word);
      }
    }
    return lines;
  }

  private void legend() {
    page.open("ul", "class", "legend");
    for (Track track : tracks) {
      page.open("li", "class", track.style);
      page.open("svg", "width", "44", "height", "16", "aria-hidden", "true");
      page.empty(
          "line", "class", "line " + track.style, "x1", "0", "x2", "44", "y1", "8", "y2", "8");
      page.empty("use", "class", "point " + track.style, "href", track.marker, "x", "22", "y", "8");
      page.close();
      page.element("span", track.line.name()).close();
    }
    page.close();
  }
}
