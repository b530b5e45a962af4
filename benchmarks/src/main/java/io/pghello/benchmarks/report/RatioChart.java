// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static io.pghello.benchmarks.report.Markup.percent;

import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Spread;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Draws how far ahead our side is in each row of a benchmark: to the right of the middle line it is
 * ahead, whichever way a good figure goes.
 */
final class RatioChart {
  private static final int MOST_TICKS = 9;
  private static final int MOST_TICKS_OF_A_PHONE = 5;
  // nearer to an edge than this, a phone has no room for the words beside the middle line
  private static final double ROOM = 0.28;

  private final Markup page;
  private final Scale scale;

  private RatioChart(Markup page, List<Lead> leads) {
    this.page = page;
    scale =
        Scale.logarithmic(
            Stream.concat(leads.stream().flatMap(Lead::positions), Stream.of(0.5, 2.0)).toList());
  }

  /**
   * By what factor ours is ahead in a row; below 1 it is behind.
   *
   * @param worse the quartile in which ours looks worse
   * @param must by what factor it has to be ahead, if its target says so
   */
  private record Lead(
      Result result,
      double worse,
      double median,
      double better,
      @Nullable Double must,
      @Nullable Double goal) {

    static Lead of(Result result, Spread ratio) {
      Row row = result.row();
      Row.Target target = row.judged() == Row.Judged.RATIO ? row.target() : null;
      boolean low = row.better() == Row.Better.LOWER;
      return new Lead(
          result,
          low ? 1 / ratio.upper() : ratio.lower(),
          low ? 1 / ratio.median() : ratio.median(),
          low ? 1 / ratio.lower() : ratio.upper(),
          target == null ? null : low ? 1 / target.must() : target.must(),
          target == null ? null : low ? 1 / target.goal() : target.goal());
    }

    Stream<Double> positions() {
      return Stream.of(worse, better, orEqual(must), orEqual(goal));
    }

    private static double orEqual(@Nullable Double limit) {
      return limit == null ? 1 : limit;
    }
  }

  /** Can the row be drawn? Not without a peer, nor if there is no factor between the two. */
  static boolean draws(Result result) {
    Spread ratio = result.ratio();
    return ratio != null && ratio.lower() > 0 && Double.isFinite(ratio.upper());
  }

  /** Draws those rows that can be drawn. */
  static void write(Markup page, String id, List<Result> results) {
    List<Lead> leads =
        results.stream()
            .filter(RatioChart::draws)
            .flatMap(result -> Stream.ofNullable(result.ratio()).map(r -> Lead.of(result, r)))
            .toList();
    if (!leads.isEmpty()) {
      new RatioChart(page, leads).write(id, leads);
    }
  }

  private void write(String id, List<Lead> leads) {
    page.open("figure", "class", "ratios", "aria-labelledby", id);
    page.element(
        "figcaption",
        "How many times as good as the peer: medians of the ratios, with their quartiles, on a"
            + " logarithmic scale",
        "id",
        id);
    axis("top");
    page.open("ol");
    for (int i = 0; i < leads.size(); i++) {
      row(id + "-" + (i + 1), leads.get(i));
    }
    page.close();
    axis("bottom");
    page.close();
  }

  private void axis(String edge) {
    double middle = scale.at(1);
    page.open("div", "class", "axis " + edge, "aria-hidden", "true");
    page.open("svg");
    if (edge.equals("top")) {
      side(middle, "-10", "end", "‹ peer ahead", middle > ROOM ? "theirs" : "theirs wide");
      side(middle, "10", "start", "ours ahead ›", middle < 1 - ROOM ? "ours" : "ours wide");
    }
    String y = edge.equals("top") ? "32" : "16";
    List<Double> always = scale.ticks(MOST_TICKS_OF_A_PHONE);
    for (double tick : scale.ticks(MOST_TICKS)) {
      String label =
          tick == 1
              ? "equal"
              : TextTable.figure(tick < 1 ? Math.rint(10 / tick) / 10 : tick) + " ×";
      page.element(
          "text",
          label,
          "class",
          always.contains(tick) ? "tick" : "tick wide",
          "x",
          percent(scale.at(tick)),
          "y",
          y,
          "text-anchor",
          "middle");
    }
    page.close().close();
  }

  private void side(double x, String dx, String anchor, String words, String whose) {
    page.element(
        "text", words, "class", whose, "x", percent(x), "dx", dx, "y", "12", "text-anchor", anchor);
  }

  private void row(String id, Lead lead) {
    Result result = lead.result;
    page.open("li");
    page.open("div", "class", "what");
    page.element("strong", result.row().name());
    page.text(" ").element("span", "against " + result.row().peer(), "class", "against");
    page.close();
    strip(id, lead);
    page.open("div", "class", "outcome");
    page.element("span", ResultText.of(result), "class", "words").text(" ");
    String rates = ResultText.rates(result);
    if (!rates.isEmpty()) {
      page.element("span", rates, "class", "rates").text(" ");
    }
    HtmlReport.badge(page, result.verdict());
    page.close().close();
  }

  private void strip(String id, Lead lead) {
    double middle = scale.at(1);
    page.open("div", "class", "strip");
    page.open("svg", "role", "img", "aria-labelledby", id);
    page.element("title", description(lead.result), "id", id);
    page.empty(
        "rect",
        "class",
        "ahead",
        "x",
        percent(middle),
        "width",
        percent(1 - middle),
        "height",
        "100%");
    for (double tick : scale.ticks(MOST_TICKS)) {
      upright(tick == 1 ? "equal" : "grid", scale.at(tick), "0", "100%");
    }
    if (lead.must != null) {
      mark("must", "#limit-must", lead.must);
    }
    if (lead.goal != null) {
      mark("aim", "#limit-goal", lead.goal);
    }
    String verdict = HtmlReport.style(lead.result.verdict());
    page.empty(
        "line",
        "class",
        "spread " + verdict,
        "x1",
        percent(scale.at(lead.worse)),
        "x2",
        percent(scale.at(lead.better)),
        "y1",
        "50%",
        "y2",
        "50%");
    mark("dot " + verdict, "#verdict-" + verdict, lead.median);
    page.close().close();
  }

  private void upright(String style, double x, String from, String to) {
    page.empty("line", "class", style, "x1", percent(x), "x2", percent(x), "y1", from, "y2", to);
  }

  private void mark(String style, String shape, double factor) {
    page.empty("use", "class", style, "href", shape, "x", percent(scale.at(factor)), "y", "50%");
  }

  private static String description(Result result) {
    Spread ratio = result.ratio();
    Row.Target target = result.row().judged() == Row.Judged.RATIO ? result.row().target() : null;
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
