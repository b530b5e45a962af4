// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Spread;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Shows a report as one HTML file that needs nothing else: no network, no scripts. It is XML as
 * well.
 */
public final class HtmlReport {
  private static final String NONE = "–";
  private static final List<String> ROW_HEADERS =
      List.of(
          "measured",
          "against",
          "unit",
          "ours",
          "quartiles",
          "peer",
          "quartiles",
          "ratio",
          "quartiles",
          "verdict",
          "must",
          "goal",
          "rounds");
  private static final Set<String> FIGURES = Set.of("ours", "peer", "ratio", "quartiles", "rounds");

  /** Shapes of verdicts, of limits, and of the points of lines. */
  private static final Map<String, String> SHAPES =
      Map.ofEntries(
          Map.entry("verdict-goal", "M0 -7 7 0 0 7 -7 0Z"),
          Map.entry("verdict-ok", "M-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0 -11 0Z"),
          Map.entry(
              "verdict-miss",
              "M-6 -3.5 -3.5 -6 0 -2.5 3.5 -6 6 -3.5 2.5 0 6 3.5 3.5 6 0 2.5 -3.5 6 -6 3.5 -2.5"
                  + " 0Z"),
          Map.entry("verdict-none", "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0Z"),
          Map.entry("limit-must", "M6 -14H0V14H6"),
          Map.entry("limit-goal", "M0 -7V14M0 -15 4 -11 0 -7 -4 -11Z"),
          Map.entry("point1", "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0Z"),
          Map.entry("point2", "M-3.2 -3.2H3.2V3.2H-3.2Z"),
          Map.entry("point3", "M0 -4.2 4.2 3.2H-4.2Z"),
          Map.entry("point4", "M0 -4.8 4.8 0 0 4.8 -4.8 0Z"),
          Map.entry("point5", "M0 4.2 4.2 -3.2H-4.2Z"),
          Map.entry("point6", "M-4 -4 4 4M4 -4 -4 4"));

  private final Markup page = new Markup();
  private final Report report;

  private HtmlReport(Report report) {
    this.report = report;
  }

  public static String html(Report report) {
    var page = new HtmlReport(report);
    page.write();
    return page.page.toString();
  }

  private void write() {
    page.open("html", "lang", "en");
    head();
    page.open("body");
    page.element("a", "Skip to the results", "class", "skip", "href", "#results");
    shapes();
    header();
    page.open("main");
    targets();
    reading();
    repeating();
    page.open("div", "id", "results", "tabindex", "-1");
    if (report.benchmarks().isEmpty()) {
      page.element("p", "No benchmark was run.");
    }
    for (int i = 0; i < report.benchmarks().size(); i++) {
      section(id(i), report.benchmarks().get(i));
    }
    page.close();
    environment();
    page.close().close().close();
  }

  private static String id(int section) {
    return "benchmark-" + (section + 1);
  }

  private void head() {
    page.open("head");
    page.empty("meta", "charset", "utf-8");
    page.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
    page.empty("meta", "name", "color-scheme", "content", "light dark");
    // the browser itself sees to it that nothing is fetched and nothing runs
    page.empty(
        "meta",
        "http-equiv",
        "Content-Security-Policy",
        "content",
        "default-src 'none'; style-src 'unsafe-inline'");
    page.element("title", "pg-hello, measured on " + report.environment().date());
    page.element("style", css());
    page.close();
  }

  private static String css() {
    try (InputStream css = HtmlReport.class.getResourceAsStream("page.css")) {
      return new String(Objects.requireNonNull(css).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void shapes() {
    page.open("svg", "class", "shapes", "width", "0", "height", "0", "aria-hidden", "true");
    page.open("defs");
    SHAPES.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(shape -> page.empty("path", "id", shape.getKey(), "d", shape.getValue()));
    page.close().close();
  }

  private void header() {
    Environment environment = report.environment();
    page.open("header");
    page.element("h1", "pg-hello, measured");
    page.element(
        "p",
        "A native PostgreSQL extension and its Java libraries, side by side with the other ways to"
            + " do the same: each figure with its peer, their ratio, and its spread.",
        "class",
        "lead");
    if (report.quick()) {
      notice(
          "A quick run",
          "Fewer and shorter rounds, to see that all works. The figures of a full run are"
              + " steadier.");
    }
    if (report.handicap() != 1) {
      notice(
          "Our side was slowed down",
          "It did its work "
              + report.handicap()
              + " times (--handicap "
              + report.handicap()
              + "), to see that rows can miss. These are not its figures.");
    }
    page.open("dl", "class", "facts");
    fact("Measured", environment.date());
    fact("On", environment.cpus() + (environment.cpus() == 1 ? " CPU" : " CPUs"));
    fact("System", environment.os());
    fact("Java", environment.jdk());
    fact(
        "Server",
        report.benchmarks().stream()
            .map(section -> server(section.server()))
            .distinct()
            .collect(Collectors.joining("; ")));
    fact("Each row", report.forks() == 1 ? "in one JVM" : "in " + report.forks() + " JVMs");
    page.close();
    navigation();
    page.close();
  }

  private void notice(String what, String meaning) {
    page.open("p", "class", "notice");
    page.element("strong", what + ".").text(" " + meaning).close();
  }

  private void fact(String name, String value) {
    page.open("div").element("dt", name).element("dd", value.isEmpty() ? NONE : value).close();
  }

  private static String server(Environment.Server server) {
    return "PostgreSQL " + server.version() + ", pg_hello " + server.extension();
  }

  private void navigation() {
    page.open("nav", "aria-label", "Contents").open("ul");
    link("targets", "Targets");
    link("reading", "How to read it");
    link("repeating", "How to repeat it");
    for (int i = 0; i < report.benchmarks().size(); i++) {
      link(id(i), report.benchmarks().get(i).name());
    }
    link("environment", "Where it was measured");
    page.close().close();
  }

  private void link(String target, String text) {
    page.open("li").element("a", text, "href", "#" + target).close();
  }

  private void targets() {
    begin("targets", "Targets");
    List<Result> all = report.benchmarks().stream().flatMap(s -> s.results().stream()).toList();
    page.open("ul", "class", "counts");
    count(all, Result.Verdict.GOAL, "reach the goal");
    count(all, Result.Verdict.OK, "do what they must");
    count(all, Result.Verdict.MISS, "miss");
    page.close();
    page.open("div", "class", "beside").open("div");
    caption("targets-table", "Rows by their verdicts");
    page.open("thead").open("tr");
    for (String name : List.of("benchmark", "goal", "ok", "MISS", "without a target", "curves")) {
      columnHeader(name, name.equals("benchmark") ? "" : "n");
    }
    page.close().close().open("tbody");
    for (int i = 0; i < report.benchmarks().size(); i++) {
      Report.Section section = report.benchmarks().get(i);
      page.open("tr").open("th", "scope", "row");
      page.element("a", section.name(), "href", "#" + id(i)).close();
      for (Result.Verdict verdict :
          List.of(Result.Verdict.GOAL, Result.Verdict.OK, Result.Verdict.MISS)) {
        figure(String.valueOf(count(section.results(), verdict)));
      }
      figure(String.valueOf(section.results().stream().filter(r -> r.verdict() == null).count()));
      figure(String.valueOf(section.curves().size())).close();
    }
    page.close().close().close().close().open("div");
    for (int i = 0; i < report.benchmarks().size(); i++) {
      misses(i);
    }
    page.close().close().close();
  }

  private void misses(int section) {
    for (Result result : report.benchmarks().get(section).results()) {
      Row.Target target = result.row().target();
      if (result.verdict() == Result.Verdict.MISS && target != null) {
        String rates = ResultText.rates(result);
        page.open("p", "class", "missed");
        badge(page, Result.Verdict.MISS);
        page.text(" ").element("a", result.row().name(), "href", "#" + id(section));
        page.text(
            (result.row().peer() == null ? "" : " against " + result.row().peer())
                + ": "
                + (result.row().judged() == Row.Judged.RATIO ? "ratio " : "")
                + ResultText.target(result.row(), target.must())
                + " is what must be, "
                + ResultText.of(Objects.requireNonNull(result.judged()))
                + " was measured"
                + (rates.isEmpty() ? "" : ", " + rates));
        page.close();
      }
    }
  }

  private void count(List<Result> results, Result.Verdict verdict, String words) {
    page.open("li", "class", style(verdict));
    mark(page, style(verdict));
    page.element("strong", String.valueOf(count(results, verdict)));
    page.element("span", words).close();
  }

  private static long count(List<Result> results, Result.Verdict verdict) {
    return results.stream().filter(result -> result.verdict() == verdict).count();
  }

  private void reading() {
    begin("reading", "How to read it");
    page.open("div", "class", "beside").open("div");
    page.element(
        "p",
        "Both sides of a row are measured alternately in one run, another one first each time, so"
            + " what disturbs the machine disturbs both. A ratio is our figure divided by the"
            + " peer's of the same round; shown are the medians of all rounds, and the quartiles,"
            + " between which half of the rounds lie. Where there are answers, those of both sides"
            + " are compared with what they should be.");
    page.element(
        "p",
        "In the charts, right of the line means that ours is ahead, whether a good figure is a low"
            + " one or a high one. The tables keep the plain ratio. A row is judged by the less"
            + " favourable quartile:");
    page.close().open("div").open("dl", "class", "key");
    key("dot", "verdict-goal", "goal", "goal", "what we are after");
    key("dot", "verdict-ok", "ok", "ok", "what must be");
    key("dot", "verdict-miss", "miss", "MISS", "less than what must be");
    key("dot", "verdict-none", "none", "no target", "shown for information");
    key("must", "limit-must", "", "must", "the whole bar has to lie right of it");
    key("aim", "limit-goal", "", "goal", "we want the whole bar to lie right of it");
    page.open("div").open("dt");
    page.open("svg", "width", "44", "height", "32", "aria-hidden", "true");
    page.empty("line", "class", "spread ok", "x1", "6", "x2", "38", "y1", "16", "y2", "16");
    page.close().text("bar").close();
    page.element("dd", "from quartile to quartile").close();
    page.close();
    page.close().close();
    page.element(
        "p",
        "Curves: the line goes through the medians, the band is from quartile to quartile; ours is"
            + " thick and has filled marks. A target about our figure alone, not about the ratio,"
            + " has no mark in a chart; the tables say which it is.");
    page.element(
        "p",
        "Units: ns, us, ms are a thousand-millionth, a millionth and a thousandth of a second; k/s"
            + " is thousands a second; B, KB, MB are bytes. No"
            + " unit is a number of things, as of round trips.");
    page.close();
  }

  private void key(String style, String shape, String verdict, String name, String meaning) {
    page.open("div").open("dt");
    page.open("svg", "width", "44", "height", "32", "aria-hidden", "true");
    page.empty(
        "use",
        "class",
        (style + " " + verdict).stripTrailing(),
        "href",
        "#" + shape,
        "x",
        "22",
        "y",
        "16");
    page.close().text(name).close().element("dd", meaning).close();
  }

  private void repeating() {
    begin("repeating", "How to repeat it");
    page.element("p", "On Linux, in the project's folder; what is missing is installed:");
    page.open("pre", "role", "region", "tabindex", "0", "aria-label", "The command")
        .element("code", command());
    page.close();
    page.element(
        "p",
        "Ratios of two runs on one machine should agree within their quartiles. --json FILE writes"
            + " the figures of every round.");
    page.close();
  }

  private String command() {
    return Stream.of(
            Stream.of("./dev bench"),
            report.benchmarks().stream().map(Report.Section::name),
            report.benchmarks().stream()
                .map(section -> "--major " + section.server().major())
                .distinct(),
            report.guard()
                ? Stream.of("--guard")
                : report.quick() ? Stream.of("--quick") : Stream.<String>empty(),
            report.rows().isEmpty()
                ? Stream.<String>empty()
                : Stream.of("--row '" + report.rows().replace("'", "'\\''") + "'"),
            Stream.of("--forks " + report.forks()),
            report.handicap() == 1
                ? Stream.<String>empty()
                : Stream.of("--handicap " + report.handicap()),
            Stream.of("--report"))
        .flatMap(options -> options)
        .collect(Collectors.joining(" "));
  }

  private void section(String id, Report.Section section) {
    begin(id, section.name());
    page.open("details");
    page.element("summary", server(section.server()) + ", and its settings");
    settings(section.server());
    page.close();
    if (section.results().isEmpty()) {
      page.element("p", "No row was measured.");
    } else {
      RatioChart.write(page, id + "-ratios", section.results());
      long others = section.results().stream().filter(r -> !RatioChart.draws(r)).count();
      if (others > 0) {
        page.element(
            "p",
            others
                + (others == 1 ? " row has" : " rows have")
                + " no ratio that could be drawn, and "
                + (others == 1 ? "stands" : "stand")
                + " in the table alone.",
            "class",
            "aside");
      }
      page.element("h3", "All rows");
      rows(id, section);
    }
    var styles = CurveChart.Styles.of(section.curves());
    for (int i = 0; i < section.curves().size(); i++) {
      curve(id + "-curve-" + (i + 1), section.curves().get(i), styles);
    }
    if (!section.notRun().isEmpty()) {
      page.element("h3", "What was not run");
      page.open("ul", "class", "not-run");
      section.notRun().forEach(reason -> page.element("li", reason));
      page.close();
    }
    page.close();
  }

  private void settings(Environment.Server server) {
    page.open("dl", "class", "facts");
    server.settings().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(setting -> fact(setting.getKey(), setting.getValue()));
    page.close();
  }

  private void rows(String id, Report.Section section) {
    page.open("div", "class", "rows");
    caption(
        id + "-rows",
        section.name()
            + ": medians and quartiles of all rounds; must and goal are about the ratio, unless"
            + " they say ours");
    page.open("thead").open("tr");
    for (String name : ROW_HEADERS) {
      columnHeader(name, FIGURES.contains(name) ? "n" : "");
    }
    page.close().close().open("tbody");
    for (Result result : section.results()) {
      Row row = result.row();
      Row.Target target = row.target();
      page.open("tr").element("th", row.name(), "scope", "row");
      String peer = row.peer();
      page.element("td", peer == null ? NONE : peer);
      page.element("td", row.unit());
      spread(result.ourSpread());
      spread(result.peerSpread());
      spread(result.ratio());
      page.open("td");
      badge(page, result.verdict());
      page.close();
      page.element("td", target == null ? NONE : ResultText.target(row, target.must()));
      page.element("td", target == null ? NONE : ResultText.target(row, target.goal()));
      figure(String.valueOf(result.ours().size())).close();
    }
    page.close().close().close().close();
  }

  private void spread(@Nullable Spread spread) {
    figure(spread == null ? NONE : TextTable.figure(spread.median()));
    page.element("td", spread == null ? NONE : ResultText.of(spread), "class", "n quartiles");
  }

  private void curve(String id, Curve curve, CurveChart.Styles styles) {
    page.open("section", "class", "sweep", "aria-labelledby", id + "-heading");
    page.element("h3", curve.name(), "id", id + "-heading");
    CurveChart.write(page, id, curve, styles);
    page.open("details").element("summary", "The figures");
    caption(
        id + "-table",
        curve.name()
            + (curve.unit().isEmpty() ? "" : ", " + curve.unit())
            + ": medians and quartiles; "
            + NONE
            + " is not measured");
    page.open("colgroup").close();
    curve.lines().forEach(line -> page.open("colgroup", "span", "2").close());
    page.open("thead").open("tr");
    page.element("th", curve.axis(), "scope", "col", "rowspan", "2", "class", "n");
    for (Curve.Line line : curve.lines()) {
      page.element("th", line.name(), "scope", "colgroup", "colspan", "2", "class", "n");
    }
    page.close().open("tr");
    for (int i = 0; i < curve.lines().size(); i++) {
      columnHeader("median", "n");
      columnHeader("quartiles", "n");
    }
    page.close().close().open("tbody");
    for (double place : curve.points()) {
      page.open("tr").element("th", TextTable.figure(place), "scope", "row", "class", "n");
      for (Curve.Line line : curve.lines()) {
        spread(line.at(place).orElse(null));
      }
      page.close();
    }
    page.close().close().close().close().close();
  }

  private void environment() {
    begin("environment", "Where it was measured");
    page.element("p", report.environment().jdk() + ", " + report.environment().os());
    page.open("details");
    page.element("summary", report.environment().libraries().size() + " libraries");
    page.open("ul", "class", "libraries");
    report.environment().libraries().forEach(library -> page.element("li", library));
    page.close().close().close();
  }

  private void begin(String id, String heading) {
    page.open("section", "id", id, "aria-labelledby", id + "-heading");
    page.element("h2", heading, "id", id + "-heading");
  }

  /** Begins a table in a region of its own, which scrolls if it is too wide. */
  private void caption(String id, String text) {
    page.open("div", "class", "scroll", "role", "region", "tabindex", "0", "aria-labelledby", id);
    page.open("table").element("caption", text, "id", id);
  }

  private void columnHeader(String text, String style) {
    if (style.isEmpty()) {
      page.element("th", text, "scope", "col");
    } else {
      page.element("th", text, "scope", "col", "class", style);
    }
  }

  private Markup figure(String text) {
    return page.element("td", text, "class", "n");
  }

  /** Says a verdict in a shape and a word; a row without a target has none. */
  static void badge(Markup page, Result.@Nullable Verdict verdict) {
    if (verdict == null) {
      page.element("span", NONE, "class", "badge none");
      return;
    }
    page.open("span", "class", "badge " + style(verdict));
    mark(page, style(verdict));
    page.text(verdict == Result.Verdict.MISS ? "MISS" : style(verdict)).close();
  }

  private static void mark(Markup page, String style) {
    page.open("svg", "width", "16", "height", "16", "viewBox", "0 0 16 16", "aria-hidden", "true");
    page.empty("use", "class", "dot " + style, "href", "#verdict-" + style, "x", "8", "y", "8");
    page.close();
  }

  static String style(Result.@Nullable Verdict verdict) {
    return verdict == null ? "none" : verdict.name().toLowerCase(Locale.ROOT);
  }
}
