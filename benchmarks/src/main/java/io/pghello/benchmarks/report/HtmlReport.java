// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import com.samskivert.mustache.Escapers;
import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Result.Verdict;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Spread;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Shows a report as one HTML file that needs nothing else: no network, no scripts. It is XML as
 * well. The templates are beside this class: report.html, with parts for badges and charts.
 */
public final class HtmlReport {
  private static final String NONE = "–";

  private static final Template PAGE =
      Mustache.compiler()
          .emptyStringIsFalse(true)
          .withEscaper(text -> Escapers.HTML.escape(withoutControlCharacters(text)))
          .withLoader(name -> new StringReader(resource(name + ".html").strip()))
          .compile(resource("report.html"));

  private HtmlReport() {}

  /** Returns the page. */
  public static String html(Report report) {
    List<SectionView> sections =
        IntStream.range(0, report.benchmarks().size())
            .mapToObj(i -> SectionView.of("benchmark-" + (i + 1), report.benchmarks().get(i)))
            .toList();
    List<Result> all = report.benchmarks().stream().flatMap(s -> s.results().stream()).toList();
    return PAGE.execute(
        Map.of(
            "css", resource("report.css"),
            "environment", report.environment(),
            "quick", report.quick(),
            "slowed", report.handicap() == 1 ? "" : String.valueOf(report.handicap()),
            "facts", facts(report),
            "counts",
                List.of(
                    new Count("goal", count(all, Verdict.GOAL), "reach the goal"),
                    new Count("ok", count(all, Verdict.OK), "do what they must"),
                    new Count("miss", count(all, Verdict.MISS), "miss")),
            "key", KEY,
            "command", command(report),
            "sections", sections));
  }

  private static String resource(String name) {
    try (InputStream file = HtmlReport.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(file, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Replaces the characters that XML cannot contain, even escaped. */
  private static String withoutControlCharacters(String text) {
    return text.replaceAll("[\\p{Cntrl}&&[^\n\t]]", "\uFFFD");
  }

  private static List<Fact> facts(Report report) {
    Environment environment = report.environment();
    return List.of(
        new Fact("Measured", environment.date()),
        new Fact("On", environment.cpus() + (environment.cpus() == 1 ? " CPU" : " CPUs")),
        new Fact("System", environment.os()),
        new Fact("Java", environment.jdk()),
        new Fact(
            "Server",
            report.benchmarks().stream()
                .map(section -> server(section.server()))
                .distinct()
                .collect(Collectors.joining("; "))),
        new Fact(
            "Each row", report.forks() == 1 ? "in one JVM" : "in " + report.forks() + " JVMs"));
  }

  private static String server(Environment.Server server) {
    return "PostgreSQL " + server.version() + ", pg_hello " + server.extension();
  }

  private static String command(Report report) {
    return Stream.of(
            Stream.of("./dev bench"),
            report.benchmarks().stream().map(Report.Section::name),
            report.benchmarks().stream()
                .map(section -> "--major " + section.server().major())
                .distinct(),
            Stream.of(
                report.guard() ? "--guard" : report.quick() ? "--quick" : "",
                report.rows().isEmpty()
                    ? ""
                    : "--row '" + report.rows().replace("'", "'\\''") + "'",
                "--forks " + report.forks(),
                report.handicap() == 1 ? "" : "--handicap " + report.handicap(),
                "--report"))
        .flatMap(options -> options)
        .filter(option -> !option.isEmpty())
        .collect(Collectors.joining(" "));
  }

  private static long count(List<Result> results, @Nullable Verdict verdict) {
    return results.stream().filter(result -> result.verdict() == verdict).count();
  }

  private record Fact(String name, String value) {
    Fact {
      value = value.isEmpty() ? NONE : value;
    }
  }

  private record Count(String style, long count, String words) {}

  private record Key(String style, String shape, String name, String meaning) {}

  private static final List<Key> KEY =
      List.of(
          new Key("dot goal", "verdict-goal", "goal", "what we are after"),
          new Key("dot ok", "verdict-ok", "ok", "what must be"),
          new Key("dot miss", "verdict-miss", "MISS", "less than what must be"),
          new Key("dot none", "verdict-none", "no target", "shown for information"),
          new Key("must", "limit-must", "must", "the whole bar has to lie right of it"),
          new Key("aim", "limit-goal", "goal", "we want the whole bar to lie right of it"));

  /** A verdict as a shape and a word; a row without a target has no word. */
  record Badge(String style, String word) {
    static Badge of(@Nullable Verdict verdict) {
      String style = verdict == null ? "none" : verdict.name().toLowerCase(Locale.ROOT);
      return new Badge(
          style, verdict == null ? "" : verdict == Verdict.MISS ? verdict.name() : style);
    }
  }

  private record Cells(String median, String quartiles) {
    static Cells of(@Nullable Spread spread) {
      return spread == null
          ? new Cells(NONE, NONE)
          : new Cells(TextTable.figure(spread.median()), ResultText.of(spread));
    }
  }

  private record SectionView(
      String id,
      String name,
      String server,
      List<Fact> settings,
      List<Long> numbers,
      List<Miss> misses,
      boolean measured,
      boolean counted,
      @Nullable RatioChart chart,
      String others,
      List<RowView> rows,
      List<CurveView> curves,
      boolean skipped,
      List<String> notRun) {

    static SectionView of(String id, Report.Section section) {
      List<Result> results = section.results();
      var styles = CurveChart.Styles.of(section.curves());
      long others = results.stream().filter(result -> !RatioChart.draws(result)).count();
      return new SectionView(
          id,
          section.name(),
          HtmlReport.server(section.server()),
          section.server().settings().entrySet().stream()
              .sorted(Map.Entry.comparingByKey())
              .map(setting -> new Fact(setting.getKey(), setting.getValue()))
              .toList(),
          List.of(
              count(results, Verdict.GOAL),
              count(results, Verdict.OK),
              count(results, Verdict.MISS),
              count(results, null),
              (long) section.curves().size()),
          results.stream().flatMap(Miss::of).toList(),
          !results.isEmpty(),
          results.stream().anyMatch(result -> result.cpu() != null),
          others == results.size() ? null : RatioChart.of(id + "-ratios", results),
          others == 0
              ? ""
              : others
                  + (others == 1 ? " row has" : " rows have")
                  + " no ratio that could be drawn, and "
                  + (others == 1 ? "stands" : "stand")
                  + " in the table alone.",
          results.stream().map(RowView::of).toList(),
          IntStream.range(0, section.curves().size())
              .mapToObj(
                  i -> CurveView.of(id + "-curve-" + (i + 1), section.curves().get(i), styles))
              .toList(),
          !section.notRun().isEmpty(),
          section.notRun());
    }
  }

  private record Miss(String style, String word, String name, String text) {
    static Stream<Miss> of(Result result) {
      Row row = result.row();
      Row.Target target = row.target();
      if (result.verdict() != Verdict.MISS || target == null) {
        return Stream.of();
      }
      Badge badge = Badge.of(Verdict.MISS);
      return Stream.of(
          new Miss(
              badge.style,
              badge.word,
              row.name(),
              (row.peer() == null ? "" : " against " + row.peer())
                  + ": "
                  + Stream.of(ratio(result, target), cpu(result))
                      .filter(text -> !text.isEmpty())
                      .collect(Collectors.joining("; "))));
    }

    private static String ratio(Result result, Row.Target target) {
      Row row = result.row();
      String rates = ResultText.rates(result);
      return result.missesMust()
          ? (row.judged() == Row.Judged.RATIO ? "ratio " : "")
              + ResultText.target(row, target.must())
              + " is what must be, "
              + ResultText.of(Objects.requireNonNull(result.judged()))
              + " was measured"
              + (rates.isEmpty() ? "" : ", " + rates)
          : "";
    }

    private static String cpu(Result result) {
      return result.missesCpu()
          ? ResultText.cpuMust(result.row())
              + " is what must be, "
              + (result.cpu() == null ? "nothing" : ResultText.of(result.cpu().ratio()))
              + " was measured"
          : "";
    }
  }

  private record RowView(
      String name,
      String peer,
      String unit,
      List<Cells> spreads,
      List<String> cpu,
      String style,
      String word,
      String must,
      String goal,
      int rounds) {
    static RowView of(Result result) {
      Row row = result.row();
      Row.Target target = row.target();
      Badge badge = Badge.of(result.verdict());
      return new RowView(
          row.name(),
          Objects.requireNonNullElse(row.peer(), NONE),
          row.unit(),
          List.of(
              Cells.of(result.ourSpread()),
              Cells.of(result.peerSpread()),
              Cells.of(result.ratio())),
          cpu(result),
          badge.style,
          badge.word,
          target == null
              ? NONE
              : ResultText.target(row, target.must())
                  + (target.lessCpu() == null ? "" : "; " + ResultText.cpuMust(row)),
          target == null ? NONE : ResultText.target(row, target.goal()),
          result.ours().size());
    }

    private static List<String> cpu(Result result) {
      Result.Cpu cpu = result.cpu();
      return cpu == null
          ? List.of(NONE, NONE, NONE, NONE)
          : List.of(
              TextTable.figure(cpu.ourSpread().median()),
              TextTable.figure(cpu.peerSpread().median()),
              TextTable.figure(cpu.ratio().median()),
              ResultText.of(cpu.ratio()));
    }
  }

  private record PointView(String x, List<Cells> spreads) {}

  private record CurveView(
      String id,
      String name,
      @Nullable CurveChart chart,
      String caption,
      String axis,
      List<Curve.Line> lines,
      List<PointView> points) {
    static CurveView of(String id, Curve curve, CurveChart.Styles styles) {
      return new CurveView(
          id,
          curve.name(),
          CurveChart.of(id, curve, styles),
          curve.name()
              + (curve.unit().isEmpty() ? "" : ", " + curve.unit())
              + ": medians and quartiles; – is not measured",
          curve.axis(),
          curve.lines(),
          curve.points().stream()
              .map(
                  x ->
                      new PointView(
                          TextTable.figure(x),
                          curve.lines().stream()
                              .map(line -> Cells.of(line.at(x).orElse(null)))
                              .toList()))
              .toList());
    }
  }
}
