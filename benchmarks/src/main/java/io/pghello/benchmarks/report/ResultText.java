// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Spread;

/** Formats parts of results. */
final class ResultText {
  private ResultText() {}

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

  static String limit(Row row, double value) {
    return (row.better() == Row.Better.LOWER ? "≤ " : "≥ ") + TextTable.figure(value);
  }
}
