// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Spread;

/** Formats parts of results. */
final class ResultText {
  private ResultText() {}

  /** Returns both rates, e.g. "1,407 against 110 k/s"; empty if the row is not a rate. */
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

  /** Returns the target for the CPU time per call; empty if there is none. */
  static String cpuMust(BenchmarkRow row) {
    BenchmarkRow.Target target = row.target();
    return target == null || target.lessCpu() == null
        ? ""
        : "CPU ≥ " + TextTable.figure(target.lessCpu()) + " × less";
  }

  /** Returns the CPU time per call of both sides; empty if it was not measured. */
  static String cpu(Result result) {
    Result.Cpu cpu = result.cpu();
    if (cpu == null) {
      return "";
    }
    double factor = cpu.ratio().median();
    return "CPU per call "
        + TextTable.figure(cpu.ourSpread().median())
        + " against "
        + TextTable.figure(cpu.peerSpread().median())
        + " us, "
        + TextTable.figure(factor < 1 ? 1 / factor : factor)
        + (factor < 1 ? " × more" : " × less");
  }

  static String limit(BenchmarkRow row, double value) {
    return (row.better() == BenchmarkRow.Better.LOWER ? "≤ " : "≥ ") + TextTable.figure(value);
  }
}
