// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Row.Better;
import io.pghello.benchmarks.harness.Row.Judged;
import io.pghello.benchmarks.harness.Spread;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HtmlReportTest {
  private static final Environment ENVIRONMENT =
      new Environment("2026-11-20T08:00:00Z", 1, "a <JDK>", "an OS & more", List.of("a-1.0"));
  private static final Environment.Server SERVER =
      new Environment.Server("18.6", "1.1", Map.of("jit", "off", "fsync", "on"));

  @Test
  void tablesSayWhatTheReportSays() throws Exception {
    Report report = SampleReport.create();
    Document page = parse(HtmlReport.html(report));
    List<String> rows = new ArrayList<>();
    for (Report.Section section : report.benchmarks()) {
      section.results().forEach(result -> rows.add(cells(result)));
    }
    assertThat(rows).hasSizeGreaterThan(30);
    assertThat(table(page, "//div[@class='rows']//tbody/tr")).isEqualTo(rows);
  }

  @Test
  void chartsShowAllRowsThatHaveARatioAndAllCurves() throws Exception {
    Report report = SampleReport.create();
    Document page = parse(HtmlReport.html(report));
    List<Result> results =
        report.benchmarks().stream().flatMap(section -> section.results().stream()).toList();
    assertThat(texts(page, "//figure//li//strong"))
        .isEqualTo(
            results.stream().filter(r -> r.ratio() != null).map(r -> r.row().name()).toList());
    assertThat(texts(page, "//figure//li//span[@class='words']"))
        .isEqualTo(results.stream().filter(r -> r.ratio() != null).map(ResultText::of).toList());

    assertThat(texts(page, "//figure//li//span[@class='rates']"))
        .hasSizeGreaterThan(10)
        .isEqualTo(
            results.stream().map(ResultText::rates).filter(rates -> !rates.isEmpty()).toList());

    List<Curve> curves =
        report.benchmarks().stream().flatMap(section -> section.curves().stream()).toList();
    assertThat(texts(page, "//svg[@class='plot']/title"))
        .isEqualTo(curves.stream().map(Curve::name).toList());
    List<String> figures = new ArrayList<>();
    for (Curve curve : curves) {
      for (double place : curve.points()) {
        StringBuilder cells = new StringBuilder(TextTable.figure(place));
        for (Curve.Line line : curve.lines()) {
          cells.append('|').append(cells(line, place));
        }
        figures.add(cells.toString());
      }
    }
    assertThat(table(page, "//section[@class='sweep']//tbody/tr")).isEqualTo(figures);
    assertThat(texts(page, "//ul[@class='not-run']/li"))
        .isEqualTo(report.benchmarks().stream().flatMap(s -> s.notRun().stream()).toList());
  }

  @Test
  void rightOfTheMiddleIsOursAheadWhicheverWayAGoodFigureGoes() throws Exception {
    Document page =
        parse(
            html(
                result(Row.plain("a", "b", "ns"), 1, 8),
                result(Row.rate("a", "b", "k/s"), 8, 1),
                result(Row.plain("a", "b", "ns"), 8, 1),
                result(Row.rate("a", "b", "k/s"), 1, 8)));
    List<Double> dots =
        texts(page, "//figure//use[starts-with(@class, 'dot') and @y = '50%']/@x").stream()
            .map(x -> Double.valueOf(x.replace("%", "")))
            .toList();
    double middle =
        Double.parseDouble(
            texts(page, "//figure//li[1]//line[@class='equal']/@x1").get(0).replace("%", ""));
    assertThat(dots).hasSize(4);
    assertThat(dots.subList(0, 2)).allMatch(x -> x > middle);
    assertThat(dots.subList(2, 4)).allMatch(x -> x < middle);
    assertThat(dots.get(0)).isEqualTo(dots.get(1));
    assertThat(dots.get(2)).isEqualTo(dots.get(3));
  }

  @Test
  void limitsLieWhereTheRatioWouldReachThem() throws Exception {
    Row cost = Row.atMost("a", "b", "ns", Judged.RATIO, 0.5, 0.25);
    Document page = parse(html(result(cost, 1, 2), result(cost, 1, 4)));
    assertThat(texts(page, "//figure//use[@class='must']/@x").get(0))
        .isEqualTo(texts(page, "//figure//li[1]//use[@y='50%'][last()]/@x").get(0));
    assertThat(texts(page, "//figure//use[@class='aim']/@x").get(0))
        .isEqualTo(texts(page, "//figure//li[2]//use[@y='50%'][last()]/@x").get(0));
    assertThat(texts(page, "//figure//li[1]//span[contains(@class, 'badge')]")).containsOnly("ok");
    assertThat(texts(page, "//figure//li[2]//span[contains(@class, 'badge')]"))
        .containsOnly("goal");
  }

  @Test
  void namesAreTextWhateverTheyContain() throws Exception {
    String name = "<script>alert(\"1\")</script> & ' ]]> \u001b[1m \u20ac";
    var curve =
        new Curve(
            name,
            name,
            name,
            Better.LOWER,
            List.of(new Curve.Line(name, true, List.of(Curve.Point.of(1, List.of(1.0))))));
    var section =
        new Report.Section(
            name,
            new Environment.Server("17", name, Map.of(name, name)),
            List.of(result(Row.plain(name, name, name), 1, 2)),
            List.of(curve),
            List.of(name));
    var environment = new Environment(name, 2, name, name, List.of(name));
    String html =
        HtmlReport.html(new Report(environment, false, false, "", 1, 1, List.of(section)));
    assertThat(html).doesNotContain("<script", "\u001b");
    String shown = name.replace('\u001b', '\uFFFD');
    Document page = parse(html);
    assertThat(texts(page, "//figure//strong")).containsExactly(shown);
    assertThat(texts(page, "//svg[@class='plot']/title")).containsExactly(shown);
    assertThat(texts(page, "//ul[@class='not-run']/li")).containsExactly(shown);
    assertThat(texts(page, "//ul[@class='libraries']/li")).containsExactly(shown);
  }

  @Test
  void needsNothingButItself() throws Exception {
    String html = HtmlReport.html(SampleReport.create());
    assertThat(html)
        .startsWith("<!DOCTYPE html>")
        .doesNotContain("http:", "https:", "src=", "@import", "url(", "<script", "<link");
    Document page = parse(html);
    assertThat(texts(page, "//@href")).allMatch(target -> target.startsWith("#"));
    List<String> ids = texts(page, "//@id");
    assertThat(ids).doesNotHaveDuplicates();
    assertThat(texts(page, "//@href").stream().map(target -> target.substring(1))).isSubsetOf(ids);
    assertThat(
            texts(page, "//@aria-labelledby").stream()
                .flatMap(names -> List.of(names.split(" ", -1)).stream()))
        .isSubsetOf(ids);
  }

  @Test
  void styleIsTheSameToHtmlAndXml() throws Exception {
    String style = texts(parse(HtmlReport.html(report(List.of()))), "//style").get(0);
    assertThat(style).contains("prefers-color-scheme: dark").doesNotContain("<", ">", "&");
  }

  @Test
  void headingsGoDownOneByOne() throws Exception {
    Document page = parse(HtmlReport.html(SampleReport.create()));
    NodeList headings = nodes(page, "//h1|//h2|//h3|//h4");
    int level = 0;
    for (int i = 0; i < headings.getLength(); i++) {
      int next = Integer.parseInt(headings.item(i).getNodeName().substring(1));
      assertThat(next).isLessThanOrEqualTo(level + 1);
      level = next;
    }
    assertThat(nodes(page, "//h1").getLength()).isOne();
  }

  @Test
  void saysHowToRepeatTheRun() throws Exception {
    var report =
        new Report(
            ENVIRONMENT,
            true,
            false,
            "",
            5,
            2,
            List.of(section("client", List.of()), section("jooq", List.of())));
    Document page = parse(HtmlReport.html(report));
    assertThat(texts(page, "//pre/code"))
        .containsExactly(
            "./dev bench client jooq --major 18 --quick --forks 5 --handicap 2 --report");
    assertThat(texts(page, "//p[@class='notice']/strong"))
        .containsExactly("A quick run.", "Our side was slowed down.");
    assertThat(texts(page, "//dd")).contains("1 CPU", "a <JDK>", "in 5 JVMs", "on", "off");

    Document full =
        parse(HtmlReport.html(new Report(ENVIRONMENT, false, false, "", 3, 1, List.of())));
    assertThat(texts(full, "//pre/code")).containsExactly("./dev bench --forks 3 --report");
    assertThat(texts(full, "//p[@class='notice']")).isEmpty();

    Document some =
        parse(
            HtmlReport.html(new Report(ENVIRONMENT, true, true, "'Hello, ' ||", 1, 1, List.of())));
    assertThat(texts(some, "//pre/code"))
        .containsExactly("./dev bench --guard --row ''\\''Hello, '\\'' ||' --forks 1 --report");
  }

  @Test
  void countsTheTargetsAndNamesThoseMissed() throws Exception {
    Row row = Row.atMost("slow", "b", "ns", Judged.RATIO, 0.5, 0.4);
    Document page =
        parse(
            html(
                result(row, 6, 10),
                result(row, 4.5, 10),
                result(row, 4.1, 10),
                result(row, 3, 10),
                result(Row.plain("a", "b", "ns"), 1, 2)));
    assertThat(texts(page, "//ul[@class='counts']/li/strong")).containsExactly("1", "2", "1");
    assertThat(table(page, "//section[@id='targets']//tbody/tr")).containsExactly("x|1|2|1|1|0");
    assertThat(texts(page, "//p[@class='missed']")).hasSize(1);
    assertThat(texts(page, "//p[@class='missed']").get(0))
        .contains("MISS", "slow", "ratio ≤ 0.50", "0.60 to 0.60")
        .doesNotContain("against 10");

    Row rate = Row.atLeast("slow", "b", "k/s", Judged.RATIO, 10, 20);
    assertThat(texts(parse(html(result(rate, 54, 6))), "//p[@class='missed']"))
        .singleElement()
        .asString()
        .contains("ratio ≥ 10 is what must be, 9 to 9 was measured, 54 against 6 k/s");
  }

  @Test
  void mayBeAlmostEmpty() throws Exception {
    assertThat(texts(parse(HtmlReport.html(report(List.of()))), "//div[@id='results']/p"))
        .containsExactly("No benchmark was run.");
    Document page = parse(html());
    assertThat(texts(page, "//section[@id='benchmark-1']/p"))
        .containsExactly("No row was measured.");
  }

  @Test
  void whatHasNoFactorStandsInTheTableAlone() throws Exception {
    Document page =
        parse(
            html(
                Result.of(Row.plain("no peer", null, "KB"), List.of(-4.0), List.of()),
                result(Row.plain("below zero", "b", "KB"), -4, 8),
                result(Row.plain("by zero", "b", "KB"), 4, 0),
                result(Row.plain("drawn", "b", "KB"), 4, 8)));
    assertThat(texts(page, "//figure//strong")).containsExactly("drawn");
    assertThat(texts(page, "//p[@class='aside']").get(0)).startsWith("3 rows have no ratio");
    assertThat(table(page, "//div[@class='rows']//tbody/tr"))
        .contains("no peer|–|KB|-4|-4 to -4|–|–|–|–|–|–|–|1");
  }

  @Test
  void curvesMayLackPointsAndBeginAtZero() throws Exception {
    Curve curve =
        new Curve(
            "rate by delay",
            "delay, ms",
            "k/s",
            Better.HIGHER,
            List.of(
                line("all", true, 0, 1, 10, 100), line("some", false, 1, 10), line("none", false)));
    Document page = parse(HtmlReport.html(report(List.of(section(List.of(curve))))));
    List<Double> places =
        texts(page, "//svg[@class='plot']/use[contains(@class, 'ours1')]/@x").stream()
            .map(x -> Double.valueOf(x.replace("%", "")))
            .toList();
    assertThat(places).hasSize(4).isSorted().doesNotHaveDuplicates();
    assertThat(places.get(3) - places.get(2)).isEqualTo(places.get(2) - places.get(1));
    assertThat(places).allMatch(x -> x >= 0 && x <= 100);
    assertThat(texts(page, "//svg[@class='plot']/use[contains(@class, 'peer1')]/@x")).hasSize(2);
    assertThat(texts(page, "//ul[@class='legend']/li")).containsExactly("all", "some");
    assertThat(table(page, "//section[@class='sweep']//tbody/tr").get(0)).endsWith("|–|–|–|–");
  }

  @Test
  void aPeerLooksTheSameInAllCurvesOfABenchmark() throws Exception {
    var one =
        new Curve(
            "a by b",
            "b",
            "ms",
            Better.LOWER,
            List.of(line("x", false, 1, 2), line("y", false, 1, 2), line("ours", true, 1, 2)));
    var other =
        new Curve(
            "c by d",
            "d",
            "ms",
            Better.LOWER,
            List.of(line("y", false, 1, 2), line("other ours", true, 1, 2)));
    Document page = parse(HtmlReport.html(report(List.of(section(List.of(one, other))))));
    assertThat(texts(page, "//ul[@class='legend']/li/@class"))
        .containsExactly("peer1", "peer2", "ours1", "peer2", "ours1");
  }

  @Test
  void curvesMayHaveNothingToDraw() throws Exception {
    var empty = new Curve("a by b", "b", "ms", Better.LOWER, List.of());
    var nothing = new Curve("c by d", "d", "ms", Better.LOWER, List.of(line("none", true)));
    Document page = parse(HtmlReport.html(report(List.of(section(List.of(empty, nothing))))));
    assertThat(texts(page, "//section[@class='sweep']/p"))
        .containsExactly(
            "Nothing was measured that could be drawn.",
            "Nothing was measured that could be drawn.");
    assertThat(texts(page, "//svg[@class='plot']")).isEmpty();
  }

  @Test
  void curvesMayHaveFiguresBelowZeroOrOnePlace() throws Exception {
    var point = new Curve.Line("a", true, List.of(Curve.Point.of(0, List.of(0.0))));
    var one = new Curve("a by b", "b", "ms", Better.LOWER, List.of(point));
    var below =
        new Curve(
            "c by d",
            "d",
            "KB",
            Better.LOWER,
            List.of(
                new Curve.Line(
                    "a",
                    true,
                    List.of(
                        Curve.Point.of(1, List.of(-4.0)), Curve.Point.of(2, List.of(4000.0))))));
    Document page = parse(HtmlReport.html(report(List.of(section(List.of(one, below))))));
    assertThat(texts(page, "//svg[@class='plot']//@*[name()='points' or name()='y']"))
        .isNotEmpty()
        .noneMatch(value -> value.contains("NaN") || value.contains("Infinity"));
  }

  private static Curve.Line line(String name, boolean ours, double... places) {
    return new Curve.Line(
        name,
        ours,
        IntStream.range(0, places.length)
            .mapToObj(i -> Curve.Point.of(places[i], List.of(10.0 * (i + 1))))
            .toList());
  }

  private static String cells(Result result) {
    Row row = result.row();
    Row.Target target = row.target();
    Result.Verdict verdict = result.verdict();
    String peer = row.peer();
    return String.join(
        "|",
        row.name(),
        peer == null ? "–" : peer,
        row.unit(),
        cells(result.ourSpread()),
        result.peerSpread() == null ? "–|–" : cells(result.peerSpread()),
        result.ratio() == null ? "–|–" : cells(result.ratio()),
        verdict == null
            ? "–"
            : Map.of("OK", "ok", "GOAL", "goal", "MISS", "MISS").get(verdict.name()),
        target == null ? "–" : ResultText.target(row, target.must()),
        target == null ? "–" : ResultText.target(row, target.goal()),
        String.valueOf(result.ours().size()));
  }

  private static String cells(Spread spread) {
    return TextTable.figure(spread.median())
        + "|"
        + TextTable.figure(spread.lower())
        + " to "
        + TextTable.figure(spread.upper());
  }

  private static String cells(Curve.Line line, double place) {
    return line.at(place).map(HtmlReportTest::cells).orElse("–|–");
  }

  private static Result result(Row row, double ours, double peer) {
    return Result.of(row, List.of(ours), List.of(peer));
  }

  private static String html(Result... results) {
    return HtmlReport.html(report(List.of(section("x", List.of(results)))));
  }

  private static Report report(List<Report.Section> sections) {
    return new Report(ENVIRONMENT, false, false, "", 1, 1, sections);
  }

  private static Report.Section section(String name, List<Result> results) {
    return new Report.Section(name, SERVER, results, List.of(), List.of());
  }

  private static Report.Section section(List<Curve> curves) {
    return new Report.Section("x", SERVER, List.of(), curves, List.of());
  }

  private static Document parse(String html) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(html)));
  }

  private static NodeList nodes(Document page, String path) throws Exception {
    return (NodeList)
        XPathFactory.newInstance().newXPath().evaluate(path, page, XPathConstants.NODESET);
  }

  private static List<String> texts(Document page, String path) throws Exception {
    NodeList nodes = nodes(page, path);
    return IntStream.range(0, nodes.getLength())
        .mapToObj(i -> nodes.item(i).getTextContent().strip())
        .toList();
  }

  /** The cells of each row, with a bar between them. */
  private static List<String> table(Document page, String path) throws Exception {
    NodeList rows = nodes(page, path);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < rows.getLength(); i++) {
      List<String> cells = new ArrayList<>();
      NodeList children = rows.item(i).getChildNodes();
      for (int j = 0; j < children.getLength(); j++) {
        if (children.item(j).getNodeName().matches("t[hd]")) {
          cells.add(children.item(j).getTextContent().strip());
        }
      }
      lines.add(String.join("|", cells));
    }
    return lines;
  }
}
