// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Spread;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes a report into pages as Markdown tables. Each table is between {@code <!-- results: WHAT
 * -->} and {@code <!-- end -->}. WHAT is one of the following:
 *
 * <ul>
 *   <li>{@code targets}, optionally with names of benchmarks: the rows with targets
 *   <li>{@code summary}: the same rows without their targets
 *   <li>the name of a benchmark, optionally with a unit: its rows with that unit
 *   <li>the name of a curve
 * </ul>
 */
final class MarkdownTables {
  private static final String BEGIN = "<!-- results: ";
  private static final Pattern BLOCK =
      Pattern.compile("(" + BEGIN + "([^\n]+) -->\n).*?(<!-- end -->\n)", Pattern.DOTALL);
  // matches calls, annotations, and text that begins with a literal
  private static final Pattern CODE =
      Pattern.compile("^'.*|@\\w+|\\w+\\((?:[^()]|\\([^()]*\\))*\\)");
  private static final String NONE = "–";

  private final Report report;

  /** Creates the tables of a report. */
  MarkdownTables(Report report) {
    if (report.handicap() != 1) {
      throw new IllegalArgumentException(
          "the results are of --handicap " + report.handicap() + "; measure without it");
    }
    this.report = report;
  }

  /** Returns the number of tables in a page. */
  static int count(String page) {
    return page.split(BEGIN, -1).length - 1;
  }

  /** Returns the page with the figures of the report. */
  String fill(String page) {
    if (BLOCK.matcher(page).results().count() != count(page)) {
      throw new IllegalArgumentException("each \"" + BEGIN + "\" needs an \"<!-- end -->\"");
    }
    return BLOCK
        .matcher(page)
        .replaceAll(
            block ->
                Matcher.quoteReplacement(block.group(1) + table(block.group(2)) + block.group(3)));
  }

  private String table(String what) {
    List<String> words = List.of(what.split(" "));
    String kind = words.get(0);
    if (kind.equals("targets") || kind.equals("summary")) {
      List<Report.Section> sections =
          report.benchmarks().stream()
              .filter(section -> words.size() == 1 || words.contains(section.name()))
              .toList();
      return (kind.equals("targets")
              ? "| | measured | quartiles | must | goal |\n|---|--:|--:|---|---|\n"
                  + rows(what, sections, MarkdownTables::judged)
              : "| measurement | pg-hello | alternative | ratio |\n|---|--:|---|--:|\n"
                  + rows(what, sections, MarkdownTables::summarized))
          + source(sections, what.substring(kind.length()));
    }
    for (Report.Section section : report.benchmarks()) {
      for (Curve curve : section.curves()) {
        if (curve.name().equals(what)) {
          return curve(curve) + source(List.of(section), " " + section.name());
        }
      }
    }
    List<Report.Section> sections =
        report.benchmarks().stream()
            .filter(section -> section.name().equals(words.get(0)))
            .toList();
    return "| pg-hello | | alternative | | ratio | quartiles |\n|---|--:|---|--:|--:|--:|\n"
        + rows(what, sections, result -> compared(result, words.subList(1, words.size())))
        + source(sections, " " + words.get(0));
  }

  private static String rows(
      String what, List<Report.Section> sections, Function<Result, String> line) {
    String lines =
        sections.stream()
            .flatMap(section -> section.results().stream())
            .map(line)
            .collect(Collectors.joining());
    if (lines.isEmpty()) {
      throw new IllegalArgumentException("the results have no rows of \"" + what + "\"");
    }
    return lines;
  }

  /** Returns a table with one line per side and one column per point. */
  private static String curve(Curve curve) {
    List<Double> points = curve.points();
    var text = new StringBuilder();
    String figures = points.stream().map(TextTable::figure).collect(Collectors.joining(" | "));
    text.append(line(curve.axis() + "; " + unit(curve.unit()), figures));
    text.append("|---|").append("--:|".repeat(points.size())).append("\n");
    for (Curve.Line side : curve.lines()) {
      String medians =
          points.stream()
              .map(x -> side.at(x).map(s -> TextTable.figure(s.median())).orElse(NONE))
              .collect(Collectors.joining(" | "));
      text.append(line(text(side.name()), medians));
    }
    return text.toString();
  }

  /** Returns the line about the machine and the time of the measurement. */
  private String source(List<Report.Section> sections, String names) {
    Environment environment = report.environment();
    return ("\n%s on %s with %d CPUs, %s and PostgreSQL %s;"
            + " `./dev bench%s%s` repeats the measurement on your machine.\n")
        .formatted(
            report.quick() ? "Roughly measured" : "Measured",
            sections.stream()
                .map(section -> section.date().substring(0, 10))
                .distinct()
                .sorted()
                .collect(Collectors.joining(", ")),
            environment.cpus(),
            environment.jdk(),
            sections.stream()
                .map(section -> section.server().version())
                .distinct()
                .collect(Collectors.joining(", ")),
            names,
            report.quick() ? " --quick" : "");
  }

  /** Returns a row with its target; empty if it has no target. */
  private static String judged(Result result) {
    BenchmarkRow row = result.row();
    BenchmarkRow.Target target = row.target();
    if (target == null) {
      return "";
    }
    Result.Cpu cpu = result.cpu();
    String cpuMust = ResultText.cpuMust(row);
    return line(
        sides(result),
        measured(result) + (cpu == null ? "" : "; " + ResultText.cpu(result).replace(" us", " µs")),
        quartiles(judgedSpread(result)) + (cpu == null ? "" : "; CPU " + quartiles(cpu.ratio())),
        ResultText.limit(row, target.must())
            + (result.verdict() == Result.Verdict.UNMEASURED ? ", too short to measure" : "")
            + (result.missesMust() ? ", **MISS**" : "")
            + (cpuMust.isEmpty() ? "" : "; " + cpuMust)
            + (result.missesCpu() ? ", **MISS**" : ""),
        ResultText.limit(row, target.goal())
            + (result.verdict() == Result.Verdict.GOAL ? ", met" : ", not met"));
  }

  /** Returns the names of a row's sides or, for a count, the name and the figure of the peer. */
  private static String sides(Result result) {
    BenchmarkRow row = result.row();
    Spread peer = result.peerSpread();
    return peer == null
        ? text(row.name())
        : row.judged() == BenchmarkRow.Judged.RATIO
            ? text(row.name()) + " against " + text(row.peer())
            : text(row.name()) + " (" + text(row.peer()) + ": " + figure(peer, row.unit()) + ")";
  }

  private static String measured(Result result) {
    BenchmarkRow row = result.row();
    String rates = ResultText.rates(result);
    String unit =
        row.judged() == BenchmarkRow.Judged.COUNT
            ? row.unit()
            : row.better() == BenchmarkRow.Better.LOWER
                ? "× the cost"
                : rates.isEmpty() ? "× the throughput" : "× (" + rates + ")";
    return figure(judgedSpread(result), unit);
  }

  /** Returns a row that has a target, without the target. */
  private static String summarized(Result result) {
    BenchmarkRow row = result.row();
    if (row.target() == null) {
      return "";
    }
    Spread peer = result.peerSpread();
    Spread ratio = result.ratio();
    return line(
        text(row.name()),
        figure(result.ourSpread(), row.unit()),
        peer == null ? NONE : text(row.peer()) + ": " + figure(peer, row.unit()),
        ratio == null
            ? NONE
            : TextTable.figure(ratio.median())
                + (row.better() == BenchmarkRow.Better.LOWER ? " × the cost" : " ×"));
  }

  /** Returns a row with the figures of both sides, if it has the requested unit. */
  private static String compared(Result result, List<String> unit) {
    BenchmarkRow row = result.row();
    if (!unit.isEmpty() && !unit.contains(row.unit())) {
      return "";
    }
    Spread peer = result.peerSpread();
    Spread ratio = result.ratio();
    return line(
        text(row.name()),
        figure(result.ourSpread(), row.unit()),
        text(row.peer()),
        peer == null ? NONE : figure(peer, row.unit()),
        ratio == null ? NONE : TextTable.figure(ratio.median()),
        quartiles(judgedSpread(result)));
  }

  private static String line(String... cells) {
    return "| " + String.join(" | ", cells) + " |\n";
  }

  private static Spread judgedSpread(Result result) {
    return Objects.requireNonNullElse(result.judged(), result.ourSpread());
  }

  private static String figure(Spread spread, String unit) {
    return (TextTable.figure(spread.median()) + " " + unit(unit)).stripTrailing();
  }

  private static String unit(String unit) {
    return unit.replaceFirst("^us\\b", "µs");
  }

  private static String quartiles(Spread spread) {
    String lower = TextTable.figure(spread.lower());
    String upper = TextTable.figure(spread.upper());
    return lower.equals(upper) ? lower : lower + "–" + upper;
  }

  /** Formats code in a text. Escapes bars, which would end the table cell even inside code. */
  private static String text(@Nullable String text) {
    return text == null
        ? NONE
        : CODE.matcher(text.replace("|", "\\|"))
            .replaceAll(code -> Matcher.quoteReplacement("`" + code.group() + "`"));
  }
}
