// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import com.samskivert.mustache.Template;
import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Result.Verdict;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Spread;
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
 * well. What it looks like is in report.html.
 */
public final class HtmlReport {
  private static final Template PAGE = Templates.compile("report.html");

  private HtmlReport() {}

  /** Returns the page. */
  public static String html(Report report) {
    Environment environment = report.environment();
    List<Result> all = report.results();
    String servers =
        report.benchmarks().stream()
            .map(Report.Section::server)
            .map(s -> "PostgreSQL %s, pg_hello %s".formatted(s.version(), s.extension()))
            .distinct()
            .collect(Collectors.joining("; "));
    List<Count> counts =
        List.of(
            new Count("goal", count(all, Verdict.GOAL), "reach the goal"),
            new Count("ok", count(all, Verdict.OK), "do what they must"),
            new Count("miss", count(all, Verdict.MISS), "miss"));
    List<Map<String, Object>> sections =
        IntStream.range(0, report.benchmarks().size())
            .mapToObj(i -> view("benchmark-" + (i + 1), report.benchmarks().get(i)))
            .toList();
    return PAGE.execute(
        Map.of(
            "environment",
            environment,
            "quick",
            report.quick(),
            "slowed",
            report.handicap() == 1 ? "" : String.valueOf(report.handicap()),
            "cpus",
            environment.cpus() == 1 ? "1 CPU" : environment.cpus() + " CPUs",
            "servers",
            servers.isEmpty() ? Templates.NONE : servers,
            "forks",
            report.forks() == 1 ? "in one JVM" : "in " + report.forks() + " JVMs",
            "counts",
            counts,
            "command",
            command(report),
            "sections",
            sections));
  }

  private static String command(Report report) {
    String rows = report.rows().replace("'", "'\\''");
    return Stream.of(
            Stream.of("./dev bench"),
            report.benchmarks().stream().map(Report.Section::name),
            report.benchmarks().stream()
                .map(section -> "--major " + section.server().major())
                .distinct(),
            Stream.of(
                report.guard() ? "--guard" : report.quick() ? "--quick" : "",
                rows.isEmpty() ? "" : "--row '" + rows + "'",
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

  private record Count(String style, long count, String words) {}

  /** A verdict as a shape and a word; a row without a target has no word. */
  record Badge(String style, String word) {
    static Badge of(@Nullable Verdict verdict) {
      String style = verdict == null ? "none" : verdict.name().toLowerCase(Locale.ROOT);
      return new Badge(
          style, verdict == null ? "" : verdict == Verdict.MISS ? verdict.name() : style);
    }
  }

  private static Map<String, Object> view(String id, Report.Section section) {
    List<Result> results = section.results();
    List<RowView> rows = results.stream().map(RowView::of).toList();
    List<Curve> curves = section.curves();
    var styles = CurveChart.Styles.of(curves);
    List<Long> numbers =
        List.of(
            count(results, Verdict.GOAL),
            count(results, Verdict.OK),
            count(results, Verdict.MISS),
            count(results, null),
            (long) curves.size());
    List<CurveView> shown =
        IntStream.range(0, curves.size())
            .mapToObj(i -> CurveView.of(id + "-curve-" + (i + 1), curves.get(i), styles))
            .toList();
    long others = results.stream().filter(result -> !RatioChart.draws(result)).count();
    return Map.of(
        "id", id,
        "section", section,
        "numbers", numbers,
        "misses", rows.stream().filter(row -> row.result.verdict() == Verdict.MISS).toList(),
        "counted", results.stream().anyMatch(result -> result.cpu() != null),
        "chart", others == results.size() ? "" : RatioChart.of(id + "-ratios", results),
        "others", alone(others),
        "rows", rows,
        "curves", shown);
  }

  private static String alone(long rows) {
    return switch ((int) rows) {
      case 0 -> "";
      case 1 -> "1 row has no ratio that could be drawn, and stands in the table alone.";
      default -> rows + " rows have no ratio that could be drawn, and stand in the table alone.";
    };
  }

  private record RowView(Result result, Badge badge, String must, String goal, String missed) {
    static RowView of(Result result) {
      Row row = result.row();
      Row.Target target = row.target();
      Badge badge = Badge.of(result.verdict());
      return target == null
          ? new RowView(result, badge, Templates.NONE, Templates.NONE, "")
          : new RowView(
              result,
              badge,
              joined(ResultText.target(row, target.must()), ResultText.cpuMust(row)),
              ResultText.target(row, target.goal()),
              (row.peer() == null ? ": " : " against " + row.peer() + ": ")
                  + joined(missedMust(result, target), missedCpu(result)));
    }

    private static String missedMust(Result result, Row.Target target) {
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

    private static String missedCpu(Result result) {
      Result.Cpu cpu = result.cpu();
      return result.missesCpu()
          ? ResultText.cpuMust(result.row())
              + " is what must be, "
              + (cpu == null ? "nothing" : ResultText.of(cpu.ratio()))
              + " was measured"
          : "";
    }

    private static String joined(String... texts) {
      return Stream.of(texts).filter(text -> !text.isEmpty()).collect(Collectors.joining("; "));
    }
  }

  private record Cells(@Nullable Double median, @Nullable Spread quartiles) {
    static Cells of(@Nullable Spread spread) {
      return new Cells(spread == null ? null : spread.median(), spread);
    }
  }

  private record PointView(double x, List<Cells> spreads) {}

  private record CurveView(
      String id, Curve curve, @Nullable CurveChart chart, String unit, List<PointView> points) {
    static CurveView of(String id, Curve curve, CurveChart.Styles styles) {
      return new CurveView(
          id,
          curve,
          CurveChart.of(id, curve, styles),
          curve.unit().isEmpty() ? "" : ", " + curve.unit(),
          curve.points().stream().map(x -> pointView(curve, x)).toList());
    }

    private static PointView pointView(Curve curve, double x) {
      return new PointView(
          x, curve.lines().stream().map(line -> Cells.of(line.at(x).orElse(null))).toList());
    }
  }
}
