// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Spread;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Writes results as an aligned text table. */
public final class TextTable {
  private final int nameWidth;
  private final int peerWidth;

  /** Creates a table with column widths for these rows. */
  public TextTable(List<BenchmarkRow> rows) {
    nameWidth = width(" ", rows.stream().map(BenchmarkRow::name));
    peerWidth = width("against", rows.stream().map(row -> orDash(row.peer())));
  }

  private static int width(String header, Stream<String> cells) {
    return cells.mapToInt(String::length).reduce(header.length(), Math::max);
  }

  /**
   * Returns a description of the machine, with the number of libraries. Omits the libraries' names,
   * which would fill three screens.
   */
  public static String environment(Environment environment) {
    return String.format(
        Locale.ROOT,
        "%s; %d CPUs; %s; %s; %d libraries, which --json names%n",
        environment.date(),
        environment.cpus(),
        environment.jdk(),
        environment.os(),
        environment.libraries().size());
  }

  public static String server(String benchmark, Environment.Server server) {
    String settings =
        server.settings().entrySet().stream()
            .map(Map.Entry::toString)
            .collect(Collectors.joining(", "));
    return String.format(
        "%n%s: PostgreSQL %s, pg_hello %s, %s%n",
        benchmark, server.version(), server.extension(), settings);
  }

  public String header() {
    String cells = "ours,peer,unit,ratio,quartiles,must,goal,cpu us,peer,less,quartiles,must,";
    return line("", "against", cells.split(",", -1));
  }

  /** Returns a curve as a table with one line per side and one column per point. */
  public static String curve(Curve curve) {
    List<Double> points = curve.points();
    int width = width(curve.axis(), curve.lines().stream().map(Curve.Line::name));
    var text = new StringBuilder(String.format("%n%s, %s%n", curve.name(), curve.unit()));
    text.append(cells(width, curve.axis(), points.stream().map(TextTable::figure)));
    for (Curve.Line line : curve.lines()) {
      text.append(
          cells(width, line.name(), points.stream().map(x -> median(line.at(x).orElse(null)))));
    }
    return text.toString();
  }

  private static String cells(int width, String name, Stream<String> cells) {
    return String.format("%-" + width + "s", name)
        + cells.map(cell -> String.format(" %9s", cell)).collect(Collectors.joining())
        + System.lineSeparator();
  }

  public String line(Result result) {
    BenchmarkRow row = result.row();
    BenchmarkRow.Target target = row.target();
    Result.Verdict verdict = result.verdict();
    Result.Cpu cpu = result.cpu();
    boolean met = verdict == Result.Verdict.GOAL;
    Double lessCpu = target == null ? null : target.lessCpu();
    return line(
        row.name(),
        orDash(row.peer()),
        median(result.ourSpread()),
        median(result.peerSpread()),
        row.unit(),
        median(result.ratio()),
        quartiles(result.judged()),
        target == null ? "-" : limit(row, target.must()),
        target == null ? "-" : limit(row, target.goal()) + (met ? "*" : ""),
        cpu == null ? "-" : median(cpu.ourSpread()),
        cpu == null ? "-" : median(cpu.peerSpread()),
        cpu == null ? "-" : median(cpu.ratio()),
        cpu == null ? "-" : quartiles(cpu.ratio()),
        lessCpu == null ? "-" : ">= " + figure(lessCpu),
        verdict == null
            ? ""
            : switch (verdict) {
              case MISS -> "MISS";
              case UNMEASURED -> "too short";
              case OK, GOAL -> "ok";
            });
  }

  private String line(String name, String peer, String... cells) {
    return (String.format("%-" + nameWidth + "s  %-" + peerWidth + "s ", name, peer)
            + String.format(
                "%7s %7s %-6s %5s  %-11s %8s  %-9s %7s %7s %5s  %-9s %8s  %s", (Object[]) cells))
        .stripTrailing();
  }

  private static String limit(BenchmarkRow row, double value) {
    return (row.better() == BenchmarkRow.Better.LOWER ? "<= " : ">= ") + figure(value);
  }

  private static String median(@Nullable Spread spread) {
    return spread == null ? "-" : figure(spread.median());
  }

  private static String quartiles(@Nullable Spread spread) {
    return spread == null ? "-" : figure(spread.lower()) + "-" + figure(spread.upper());
  }

  private static String orDash(@Nullable String text) {
    return text == null ? "-" : text;
  }

  /** Formats a number with about three significant digits. */
  static String figure(double value) {
    double size = Math.abs(value);
    if (size >= 100 || value == Math.rint(value)) {
      return String.format(Locale.ROOT, "%,.0f", value);
    }
    String format = size >= 10 ? "%.1f" : size >= 0.1 ? "%.2f" : "%.2g";
    return String.format(Locale.ROOT, format, value);
  }
}
