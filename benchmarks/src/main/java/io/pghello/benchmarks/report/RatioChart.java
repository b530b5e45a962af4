// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Spread;
import io.pghello.benchmarks.report.Scale.Tick;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How far ahead our side is in each row of a benchmark, as ratios.html draws it: to the right of
 * the middle line it is ahead, whichever way a good figure goes.
 *
 * @param ours the style of the words right of the middle line
 * @param theirs the style of those left of it
 * @param ahead the width of what lies right of the middle
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

  /**
   * A row.
   *
   * @param worse where the quartile lies in which ours looks worse
   * @param must where it has to be ahead; empty if its target does not say so
   */
  record Bar(
      String id,
      String name,
      @Nullable String peer,
      String description,
      String worse,
      String median,
      String better,
      String must,
      String goal,
      String style,
      String word,
      String words,
      String rates,
      String cpu) {

    static Bar of(String id, Result result, Scale scale) {
      Row row = result.row();
      Lead lead = Lead.of(result);
      var badge = HtmlReport.Badge.of(result.verdict());
      return new Bar(
          id,
          row.name(),
          row.peer(),
          describe(result),
          scale.percent(lead.worse),
          scale.percent(lead.median),
          scale.percent(lead.better),
          lead.must == null ? "" : scale.percent(lead.must),
          lead.goal == null ? "" : scale.percent(lead.goal),
          badge.style(),
          badge.word(),
          ResultText.of(result),
          ResultText.rates(result),
          ResultText.cpu(result));
    }
  }

  /** By what factor ours is ahead in a row; below 1 it is behind. */
  private record Lead(
      double worse, double median, double better, @Nullable Double must, @Nullable Double goal) {

    static Lead of(Result result) {
      Row row = result.row();
      Row.Target target = ratioTarget(row);
      Spread ratio = result.ratio();
      if (ratio == null) {
        throw new IllegalArgumentException(row.name() + " has no ratio");
      }
      boolean low = row.better() == Row.Better.LOWER;
      return new Lead(
          low ? 1 / ratio.upper() : ratio.lower(),
          low ? 1 / ratio.median() : ratio.median(),
          low ? 1 / ratio.lower() : ratio.upper(),
          target == null ? null : low ? 1 / target.must() : target.must(),
          target == null ? null : low ? 1 / target.goal() : target.goal());
    }

    Stream<Double> positions() {
      return Stream.of(worse, better, must == null ? 1 : must, goal == null ? 1 : goal);
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
    Scale scale =
        Scale.logarithmic(
            Stream.concat(
                    drawn.stream().flatMap(result -> Lead.of(result).positions()),
                    Stream.of(0.5, 2.0))
                .toList());
    List<Double> always = scale.ticks(MOST_TICKS_OF_A_PHONE);
    double middle = scale.at(1);
    return new RatioChart(
        id,
        middle < 1 - ROOM ? "ours" : "ours wide",
        middle > ROOM ? "theirs" : "theirs wide",
        scale.percent(1),
        Scale.percentOf(1 - middle),
        scale.ticks(MOST_TICKS).stream()
            .map(
                tick ->
                    new Tick(
                        scale.percent(tick),
                        label(tick),
                        always.contains(tick),
                        tick == 1,
                        "equal"))
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
    Spread ratio = result.ratio();
    Row.Target target = ratioTarget(result.row());
    return "Ratio "
        + (ratio == null
            ? ""
            : TextTable.figure(ratio.median()) + ", quartiles " + ResultText.of(ratio))
        + (target == null
            ? ""
            : ", must "
                + ResultText.limit(result.row(), target.must())
                + ", goal "
                + ResultText.limit(result.row(), target.goal()));
  }
}
