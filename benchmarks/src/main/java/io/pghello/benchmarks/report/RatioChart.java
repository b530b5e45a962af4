// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Spread;
import io.pghello.benchmarks.report.Scale.Tick;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A chart of the factor by which this project is ahead in each row, for ratios.html and ratios.svg.
 * It is ahead on the right of the middle line, whether high or low figures are good.
 */
record RatioChart(
    String id,
    String ours,
    String theirs,
    String middle,
    String ahead,
    List<Tick> ticks,
    List<Bar> bars) {
  private static final int MOST_TICKS = 9;
  private static final int MOST_TICKS_OF_A_PHONE = 5;
  // nearer to an edge than this, a phone has no room for the words beside the middle line
  private static final double ROOM = 0.28;

  /** A row with its places along the axis; limits that it does not have are empty. */
  record Bar(
      String id,
      Row row,
      String description,
      String worse,
      String median,
      String better,
      String must,
      String goal,
      HtmlReport.Badge badge,
      String words,
      String rates,
      String cpu) {

    static Bar of(String id, Result result, Scale scale) {
      Lead lead = Lead.of(result);
      return new Bar(
          id,
          result.row(),
          describe(result),
          scale.percent(lead.worse),
          scale.percent(lead.median),
          scale.percent(lead.better),
          lead.must == null ? "" : scale.percent(lead.must),
          lead.goal == null ? "" : scale.percent(lead.goal),
          HtmlReport.Badge.of(result.verdict()),
          ResultText.of(result),
          ResultText.rates(result),
          ResultText.cpu(result));
    }
  }

  /** The factor by which this project is ahead in a row; below 1 it is behind. */
  private record Lead(
      double worse, double median, double better, @Nullable Double must, @Nullable Double goal) {

    static Lead of(Result result) {
      Row.Target target = ratioTarget(result.row());
      Spread ratio = Objects.requireNonNull(result.ratio(), result.row().name());
      Double must = target == null ? null : target.must();
      Double goal = target == null ? null : target.goal();
      return result.row().better() == Row.Better.HIGHER
          ? new Lead(ratio.lower(), ratio.median(), ratio.upper(), must, goal)
          : new Lead(
              1 / ratio.upper(),
              1 / ratio.median(),
              1 / ratio.lower(),
              inverse(must),
              inverse(goal));
    }

    private static @Nullable Double inverse(@Nullable Double value) {
      return value == null ? null : 1 / value;
    }

    Stream<Double> positions() {
      return Stream.of(worse, better, must, goal).filter(Objects::nonNull);
    }
  }

  /** Returns whether the row can be drawn: it has a peer, and there is a factor between the two. */
  static boolean draws(Result result) {
    Spread ratio = result.ratio();
    return ratio != null && ratio.lower() > 0 && Double.isFinite(ratio.upper());
  }

  /** Draws those rows that can be drawn. */
  static RatioChart of(String id, List<Result> results) {
    List<Result> drawn = results.stream().filter(RatioChart::draws).toList();
    List<Double> positions = new ArrayList<>(List.of(0.5, 2.0));
    drawn.forEach(result -> Lead.of(result).positions().forEach(positions::add));
    Scale scale = Scale.logarithmic(positions);
    List<Double> always = scale.ticks(MOST_TICKS_OF_A_PHONE);
    double middle = scale.at(1);
    return new RatioChart(
        id,
        middle < 1 - ROOM ? "ours" : "ours wide",
        middle > ROOM ? "theirs" : "theirs wide",
        scale.percent(1),
        Scale.percentOf(1 - middle),
        scale.ticks(MOST_TICKS).stream()
            .map(tick -> scale.tick(tick, label(tick), always.contains(tick), tick == 1, "equal"))
            .toList(),
        IntStream.range(0, drawn.size())
            .mapToObj(i -> Bar.of(id + "-" + (i + 1), drawn.get(i), scale))
            .toList());
  }

  private static String label(double tick) {
    return tick == 1
        ? "equal"
        : TextTable.figure(tick < 1 ? Math.rint(10 / tick) / 10 : tick) + " ×";
  }

  private static Row.@Nullable Target ratioTarget(Row row) {
    return row.judged() == Row.Judged.RATIO ? row.target() : null;
  }

  private static String describe(Result result) {
    Spread ratio = Objects.requireNonNull(result.ratio());
    Row.Target target = ratioTarget(result.row());
    String measured =
        "Ratio " + TextTable.figure(ratio.median()) + ", quartiles " + ResultText.of(ratio);
    return target == null
        ? measured
        : measured
            + ", must "
            + ResultText.limit(result.row(), target.must())
            + ", goal "
            + ResultText.limit(result.row(), target.goal());
  }
}
