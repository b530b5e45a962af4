// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Spread;
import java.util.Set;

/** Puts results into words. */
final class ResultText {
  private static final Set<String> TIMES = Set.of("ns", "us", "ms", "s");

  private ResultText() {}

  /** Returns which side is ahead and by how much, as in "3.1 × as fast". */
  static String of(Result result) {
    Spread ratio = result.ratio();
    if (ratio == null) {
      return result.peer().isEmpty() ? "no peer" : "too short to measure";
    }
    Row row = result.row();
    boolean speed = TIMES.contains(row.unit()) || row.unit().contains("/");
    double factor = speed && row.better() == Row.Better.LOWER ? 1 / ratio.median() : ratio.median();
    double times = factor < 1 ? 1 / factor : factor;
    if (TextTable.figure(times).matches("1(\\.00)?")) {
      return speed ? "just as fast" : "just as much";
    }
    String words = speed ? factor < 1 ? "as slow" : "as fast" : factor < 1 ? "less" : "as much";
    boolean open = ratio.lower() <= 1 && ratio.upper() >= 1;
    return TextTable.figure(times) + " × " + words + (open ? ", within the spread" : "");
  }

  /** Returns both rates, as in "1,407 against 110 k/s"; empty if the row is not about rates. */
  static String rates(Result result) {
    Spread peer = result.peerSpread();
    String unit = result.row().unit();
    return peer == null || !unit.contains("/")
        ? ""
        : TextTable.figure(result.ourSpread().median())
            + " against "
            + TextTable.figure(peer.median())
            + " "
            + unit;
  }

  /** Returns the target of a call's CPU time; empty if there is none. */
  static String cpuMust(Row row) {
    Row.Target target = row.target();
    return target == null || target.lessCpu() == null
        ? ""
        : "CPU ≥ " + TextTable.figure(target.lessCpu()) + " × less";
  }

  /** The CPU time of a call on both sides; empty if it was not counted. */
  static String cpu(Result result) {
    Result.Cpu cpu = result.cpu();
    if (cpu == null) {
      return "";
    }
    double factor = cpu.ratio().median();
    return "CPU a call "
        + TextTable.figure(cpu.ourSpread().median())
        + " against "
        + TextTable.figure(cpu.peerSpread().median())
        + " us, "
        + TextTable.figure(factor < 1 ? 1 / factor : factor)
        + (factor < 1 ? " × more" : " × less");
  }

  static String of(Spread spread) {
    return TextTable.figure(spread.lower()) + " to " + TextTable.figure(spread.upper());
  }

  static String limit(Row row, double value) {
    return (row.better() == Row.Better.LOWER ? "≤ " : "≥ ") + TextTable.figure(value);
  }

  /** Returns a limit, which is of the ratio unless the text names our figure. */
  static String target(Row row, double value) {
    return row.judged() == Row.Judged.RATIO
        ? limit(row, value)
        : ("ours " + limit(row, value) + " " + row.unit()).stripTrailing();
  }
}
