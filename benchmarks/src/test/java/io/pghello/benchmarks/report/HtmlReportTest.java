// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Row.Better;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathFactory;
import javax.xml.xpath.XPathNodes;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;

class HtmlReportTest {
  private static final Environment ENVIRONMENT =
      new Environment("2026-11-20T08:00:00Z", 1, "a <JDK>", "an OS & more", List.of("a-1.0"));
  private static final Environment.Server SERVER =
      new Environment.Server("18.6", "1.1", Map.of("jit", "off", "fsync", "on"));

  private static final String ROWS = "//div[@class='rows']//tbody/tr";
  private static final String POINTS = "//section[@class='sweep']//tbody/tr";
  private static final String PLOT = "//svg[@class='plot']";
  private static final String BAR = "//figure//li//span";
  private static final String DOTS = "//figure//use[starts-with(@class, 'dot') and @y = '50%']/@x";
  private static final String LEGEND = "//ul[@class='legend']/li";
  private static final String COMMAND = "//pre/code";
  private static final String NOTICE = "//p[@class='notice']";
  private static final String MISSED = "//p[@class='missed']";

  @Test
  void showsAllRowsAndCurvesOfAReport() throws Exception {
    Report report = Report.fromJson(Files.readString(Path.of("results.json")));
    Document page = page(report);
    List<Result> drawn = report.results().stream().filter(r -> r.ratio() != null).toList();
    assertEach(page, ROWS + "/th", report.results(), result -> result.row().name());
    assertEach(page, "//figure//li//strong", drawn, result -> result.row().name());
    assertEach(page, BAR + "[@class='words']", drawn, ResultText::of);
    assertEach(page, BAR + "[@class='rates']", drawn, ResultText::rates);
    assertEach(page, PLOT + "/title", report.curves(), Curve::name);
    assertThat(nodes(page, POINTS))
        .hasSize(report.curves().stream().mapToInt(curve -> curve.points().size()).sum());
  }

  /** What is shown is the text of each that has one. */
  private static <T> void assertEach(
      Document page, String path, List<T> shown, Function<T, String> text) throws Exception {
    assertThat(texts(page, path))
        .hasSizeGreaterThan(10)
        .isEqualTo(shown.stream().map(text).filter(each -> !each.isEmpty()).toList());
  }

  @Test
  void tablesHaveMediansAndQuartiles() throws Exception {
    Row row = Row.plain("a", "b", "ms").target(0.5, 0.4);
    List<Double> ours = List.of(1.0, 2.0, 4.0);
    Result result = Result.of(row, ours, List.of(8.0, 8.0, 16.0));
    assertThat(table(page(result), ROWS))
        .containsExactly("a|b|ms|2|1.50 to 3|8|8 to 12|0.25|0.19 to 0.25|goal|≤ 0.50|≤ 0.40|3");
    var measured = new Curve.Line("a", true, List.of(Curve.Point.of(1_024, ours)));
    var other = new Curve.Line("b", false, List.of(Curve.Point.of(2_048, List.of(7.0))));
    assertThat(table(page(curve(measured, other)), POINTS))
        .containsExactly("1,024|2|1.50 to 3|–|–", "2,048|–|–|7|7 to 7");
  }

  @Test
  void rightOfTheMiddleIsOursAheadWhicheverWayAGoodFigureGoes() throws Exception {
    Document page =
        page(
            result(Row.plain("a", "b", "ns"), 1, 8),
            result(Row.rate("a", "b", "k/s"), 8, 1),
            result(Row.plain("a", "b", "ns"), 8, 1),
            result(Row.rate("a", "b", "k/s"), 1, 8));
    List<Double> dots = percents(page, DOTS);
    double middle = percents(page, "//figure//li[1]//line[@class='equal']/@x1").get(0);
    assertThat(dots).hasSize(4);
    assertThat(dots.subList(0, 2)).allMatch(x -> x > middle).allMatch(x -> x.equals(dots.get(0)));
    assertThat(dots.subList(2, 4)).allMatch(x -> x < middle).allMatch(x -> x.equals(dots.get(2)));
  }

  @Test
  void cpuTimeIsShownWhereItWasCounted() throws Exception {
    Row row = Row.rate("a", "b", "k/s");
    var cpu = Result.Cpu.ofMicros(List.of(2.0, 4.0), List.of(30.0, 30.0));
    List<Double> rounds = List.of(4.0, 4.0);
    Row judged = row.target(0.5, 2).lessCpu(9);
    Document page = page(Result.of(judged, rounds, rounds, cpu), result(row, 1, 1));
    assertTexts(page, BAR + "[@class='rates cpu']", "CPU a call 3 against 30 us, 11.3 × less");
    assertThat(table(page, ROWS))
        .containsExactly(
            "a|b|k/s|4|4 to 4|4|4 to 4|1|1 to 1|3|30|11.3|9.38 to 13.1|ok|≥ 0.50; CPU ≥ 9 × less|≥ 2|2",
            "a|b|k/s|1|1 to 1|1|1 to 1|1|1 to 1|–|–|–|–|–|–|–|1");
    assertThat(texts(page(result(row, 1, 1)), "//div[@class='rows']//th")).doesNotContain("CPU us");
  }

  @Test
  void limitsLieWhereTheRatioWouldReachThem() throws Exception {
    Row cost = Row.plain("a", "b", "ns").target(0.5, 0.25);
    Document page = page(result(cost, 1, 2), result(cost, 1, 4));
    List<String> dots = texts(page, DOTS);
    assertThat(texts(page, "//figure//use[@class='must']/@x").get(0)).isEqualTo(dots.get(0));
    assertThat(texts(page, "//figure//use[@class='aim']/@x").get(0)).isEqualTo(dots.get(1));
    assertTexts(page, BAR + "[contains(@class, 'badge')]", "ok", "goal");
  }

  @Test
  void namesAreTextWhateverTheyContain() throws Exception {
    String name = "<script>alert(\"1\")</script> & ' ]]> {{css}} \u001b[1m \u20ac";
    var line = new Curve.Line(name, true, List.of(Curve.Point.of(1, List.of(1.0))));
    var section =
        new Report.Section(
            name,
            "2026-11-20T08:00:00Z",
            new Environment.Server("17", name, Map.of(name, name)),
            List.of(result(Row.plain(name, name, name), 1, 2)),
            List.of(new Curve(name, name, name, Better.LOWER, List.of(line))),
            List.of(name));
    var environment = new Environment(name, 2, name, name, List.of(name));
    String html =
        HtmlReport.html(new Report(environment, false, false, "", 1, 1, List.of(section)));
    assertThat(html).doesNotContain("<script", "\u001b");
    Document page = parse(html);
    String shown = name.replace('\u001b', '\uFFFD');
    assertTexts(page, "//figure//strong", shown);
    assertTexts(page, PLOT + "/title", shown);
    assertTexts(page, "//ul[@class='not-run']/li", shown);
    assertTexts(page, "//ul[@class='libraries']/li", shown);
  }

  @Test
  void needsNothingButItself() throws Exception {
    String html = HtmlReport.html(Report.fromJson(Files.readString(Path.of("results.json"))));
    assertThat(html)
        .startsWith("<!DOCTYPE html>")
        .doesNotContain("http:", "https:", "src=", "@import", "url(", "<script", "<link");
    Document page = parse(html);
    List<String> ids = texts(page, "//@id");
    assertThat(ids).doesNotHaveDuplicates();
    assertThat(texts(page, "//@href"))
        .allMatch(target -> target.startsWith("#") && ids.contains(target.substring(1)));
    assertThat(texts(page, "//@aria-labelledby").stream().flatMap(all -> Stream.of(all.split(" "))))
        .isSubsetOf(ids);
    assertThat(texts(page, "//style").get(0))
        .as("the same to HTML and XML")
        .contains("prefers-color-scheme: dark")
        .doesNotContain("<", ">", "&");
    assertThat(
            nodes(page, "//h1|//h2|//h3|//h4").stream().map(Node::getNodeName).collect(joining()))
        .startsWith("h1h2")
        .doesNotContain("h1h3", "h1h4", "h2h4");
  }

  @Test
  void saysHowToRepeatTheRun() throws Exception {
    List<Report.Section> sections =
        Stream.of("client", "jooq")
            .map(
                name ->
                    new Report.Section(
                        name, "2026-11-20T08:00:00Z", SERVER, List.of(), List.of(), List.of()))
            .toList();
    Document page = page(new Report(ENVIRONMENT, true, false, "", 5, 2, sections));
    assertTexts(
        page,
        COMMAND,
        "./dev bench client jooq --major 18 --quick --forks 5 --handicap 2 --report");
    assertTexts(page, NOTICE + "/strong", "A quick run.", "Our side was slowed down.");
    assertThat(texts(page, "//dd")).contains("1 CPU", "a <JDK>", "in 5 JVMs", "on", "off");

    Document full = page(new Report(ENVIRONMENT, false, false, "", 3, 1, List.of()));
    assertTexts(full, COMMAND, "./dev bench --forks 3 --report");
    assertTexts(full, NOTICE);
    assertTexts(full, "//div[@id='results']/p", "No benchmark was run.");

    Document some = page(new Report(ENVIRONMENT, true, true, "'Hello, ' ||", 1, 1, List.of()));
    assertTexts(
        some, COMMAND, "./dev bench --guard --row ''\\''Hello, '\\'' ||' --forks 1 --report");
  }

  @Test
  void countsTheTargetsAndNamesThoseMissed() throws Exception {
    Row row = Row.plain("slow", "b", "ns").target(0.5, 0.4);
    Result plain = result(Row.plain("a", "b", "ns"), 1, 2);
    Stream<Result> judged = Stream.of(6.0, 4.5, 4.1, 3.0).map(ours -> result(row, ours, 10));
    Document page = page(Stream.concat(judged, Stream.of(plain)).toArray(Result[]::new));
    assertTexts(page, "//ul[@class='counts']/li/strong", "1", "2", "1");
    assertThat(table(page, "//section[@id='targets']//tbody/tr")).containsExactly("x|1|2|1|1|0");
    String miss = "MISS slow against b: ";
    assertTexts(page, MISSED, miss + "ratio ≤ 0.50 is what must be, 0.60 to 0.60 was measured");
    Row rate = Row.rate("slow", "b", "k/s").target(10, 20);
    page = page(result(rate, 54, 6));
    String below = "ratio ≥ 10 is what must be, 9 to 9 was measured, 54 against 6 k/s";
    assertTexts(page, MISSED, miss + below);
    var cpu = Result.Cpu.ofMicros(List.of(2.0), List.of(10.0));
    page = page(Result.of(rate.lessCpu(8), List.of(54.0), List.of(1.0), cpu));
    assertTexts(page, MISSED, miss + "CPU ≥ 8 × less is what must be, 5 to 5 was measured");
    assertTexts(page(new Result[0]), "//section[@id='benchmark-1']/p", "No row was measured.");
  }

  @Test
  void whatHasNoFactorStandsInTheTableAlone() throws Exception {
    Document page =
        page(
            Result.of(Row.plain("no peer", null, "KB"), List.of(-4.0), List.of()),
            result(Row.plain("below zero", "b", "KB"), -4, 8),
            result(Row.plain("by zero", "b", "KB"), 4, 0),
            result(Row.plain("drawn", "b", "KB"), 4, 8));
    assertTexts(page, "//figure//strong", "drawn");
    assertThat(texts(page, "//p[@class='aside']").get(0)).startsWith("3 rows have no ratio");
    assertThat(table(page, ROWS)).contains("no peer|–|KB|-4|-4 to -4|–|–|–|–|–|–|–|1");
  }

  @Test
  void curvesMayLackPointsAndBeginAtZero() throws Exception {
    Curve.Line all = line("all", true, 0, 1, 10, 100);
    Document page = page(curve(all, line("some", false, 1, 10), line("no", false)));
    List<Double> places = percents(page, PLOT + "/use[contains(@class, 'ours1')]/@x");
    assertThat(places).hasSize(4).isSorted().doesNotHaveDuplicates();
    assertThat(places.get(3) - places.get(2)).isEqualTo(places.get(2) - places.get(1));
    assertThat(places).allMatch(x -> x >= 0 && x <= 100);
    assertThat(texts(page, PLOT + "/use[contains(@class, 'peer1')]/@x")).hasSize(2);
    assertTexts(page, LEGEND, "all", "some");
    assertThat(table(page, POINTS).get(0)).endsWith("|–|–|–|–");
  }

  @Test
  void aPeerLooksTheSameInAllCurvesOfABenchmark() throws Exception {
    Curve.Line peer = line("y", false, 1, 2);
    Curve first = curve(line("x", false, 1, 2), peer, line("ours", true, 1, 2));
    Document page = page(first, curve(peer, line("other ours", true, 1, 2)));
    assertTexts(page, LEGEND + "/@class", "peer1", "peer2", "ours1", "peer2", "ours1");
  }

  @Test
  void curvesMayHaveNothingToDrawFiguresBelowZeroOrOnePlace() throws Exception {
    String nothing = "Nothing was measured that could be drawn.";
    Document page = page(curve(), curve(line("none", true)));
    assertTexts(page, "//section[@class='sweep']/p", nothing, nothing);
    assertTexts(page, PLOT);

    var zero = new Curve.Line("a", true, List.of(Curve.Point.of(0, List.of(0.0))));
    var below = List.of(Curve.Point.of(1, List.of(-4.0)), Curve.Point.of(2, List.of(4000.0)));
    Document drawn = page(curve(zero), curve(new Curve.Line("a", true, below)));
    assertThat(texts(drawn, PLOT + "//@*[name()='points' or name()='y']"))
        .isNotEmpty()
        .noneMatch(value -> value.contains("NaN") || value.contains("Infinity"));
  }

  private static Curve curve(Curve.Line... lines) {
    return new Curve("a by b", "b", "ms", Better.LOWER, List.of(lines));
  }

  private static Curve.Line line(String name, boolean ours, double... places) {
    var points = Arrays.stream(places).mapToObj(x -> Curve.Point.of(x, List.of(x + 1)));
    return new Curve.Line(name, ours, points.toList());
  }

  private static Result result(Row row, double ours, double peer) {
    return Result.of(row, List.of(ours), List.of(peer));
  }

  private static Document page(Result... results) throws Exception {
    return page(List.of(results), List.of());
  }

  private static Document page(Curve... curves) throws Exception {
    return page(List.of(), List.of(curves));
  }

  private static Document page(List<Result> results, List<Curve> curves) throws Exception {
    var section =
        new Report.Section("x", "2026-11-20T08:00:00Z", SERVER, results, curves, List.of());
    return page(new Report(ENVIRONMENT, false, false, "", 1, 1, List.of(section)));
  }

  private static Document page(Report report) throws Exception {
    return parse(HtmlReport.html(report));
  }

  private static Document parse(String html) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(html)));
  }

  private static List<Node> nodes(Node page, String path) throws Exception {
    List<Node> found = new ArrayList<>();
    XPathFactory.newInstance()
        .newXPath()
        .evaluateExpression(path, page, XPathNodes.class)
        .forEach(found::add);
    return found;
  }

  private static void assertTexts(Document page, String path, String... texts) throws Exception {
    assertThat(texts(page, path)).containsExactly(texts);
  }

  private static List<String> texts(Node page, String path) throws Exception {
    return nodes(page, path).stream().map(node -> node.getTextContent().strip()).toList();
  }

  private static List<Double> percents(Document page, String path) throws Exception {
    return texts(page, path).stream().map(x -> Double.valueOf(x.replace("%", ""))).toList();
  }

  /** The cells of each row, with a bar between them. */
  private static List<String> table(Document page, String path) throws Exception {
    List<String> lines = new ArrayList<>();
    for (Node row : nodes(page, path)) {
      lines.add(String.join("|", texts(row, "th|td")));
    }
    return lines;
  }
}
