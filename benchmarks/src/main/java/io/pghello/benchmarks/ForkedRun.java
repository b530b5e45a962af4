// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import io.pghello.benchmarks.ForkMessage.Plan;
import io.pghello.benchmarks.harness.ChildJvm;
import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.report.ProgressLine;
import io.pghello.benchmarks.report.Report;
import io.pghello.benchmarks.report.TextTable;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BinaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Combines the results of several JVMs that run the same measurements one after the other. A single
 * JVM is not representative, because JIT compilation is not deterministic and can make a JVM faster
 * or slower for its lifetime. Each row is shown after the last JVM has measured it.
 */
final class ForkedRun {
  private final String name;
  private final String place;
  private final int count;
  private final PrintStream out;
  private final PrintStream err;
  private final boolean progress;
  private final List<Result> results = new ArrayList<>();
  private final List<Curve> curves = new ArrayList<>();
  private @Nullable Plan plan;
  private @Nullable TextTable table;
  private @Nullable ProgressLine terminal;
  private int fork;
  private int resultsOfFork;
  private int curvesOfFork;

  /**
   * Creates a run with this number of JVMs. The progress line shows {@code place}, e.g. "client (2
   * of 5)".
   */
  ForkedRun(
      String name, String place, int count, PrintStream out, PrintStream err, boolean progress) {
    this.name = name;
    this.place = place;
    this.count = count;
    this.out = out;
    this.err = err;
    this.progress = progress;
  }

  /** Runs the measurements. Returns 0, or the exit code of a failed JVM. */
  int run(List<String> arguments) throws Exception {
    for (fork = 1; fork <= count; fork++) {
      resultsOfFork = 0;
      curvesOfFork = 0;
      try (ChildJvm jvm =
          ChildJvm.start(
              Bench.class.getName(), ChildJvm.measuring(), arguments, Map.of(), err::println)) {
        ForkMessage message;
        while ((message = jvm.receive(ForkMessage.class)) != null) {
          hear(message);
        }
        int status = jvm.waitFor();
        if (status != 0) {
          return status;
        }
      }
    }
    show(plan().notRun());
    return 0;
  }

  /** Returns all results. */
  Report.Section section() {
    return new Report.Section(
        name, Environment.now().date(), plan().server(), results, curves, plan().notRun());
  }

  private void hear(ForkMessage message) {
    if (message.plan() != null && plan == null) {
      begin(message.plan());
    } else if (message.step() != null) {
      Objects.requireNonNull(terminal).step(message.step());
    } else if (message.result() != null) {
      Result result = join(results, resultsOfFork++, message.result(), Result::and);
      show(List.of(Objects.requireNonNull(table).line(result)));
    } else if (message.curves() != null) {
      for (Curve curve : message.curves()) {
        Curve joined = join(curves, curvesOfFork++, curve, Curve::and);
        show(TextTable.curve(joined).lines().toList());
      }
    }
  }

  private <T> T join(List<T> all, int index, T next, BinaryOperator<T> and) {
    if (fork == 1) {
      all.add(next);
    } else {
      all.set(index, and.apply(all.get(index), next));
    }
    return all.get(index);
  }

  private void begin(Plan first) {
    plan = first;
    table = new TextTable(first.rows());
    terminal = new ProgressLine(err, progress, place, first.steps() * count);
    if (first.steps() > 0 || !first.notRun().isEmpty()) {
      out.print(TextTable.server(name, first.server()));
    }
    if (!first.rows().isEmpty()) {
      out.println(table.header());
    }
  }

  /** Prints a row that the last JVM has measured, or the reason why a row was not measured. */
  private void show(List<String> lines) {
    if (fork >= count) {
      Objects.requireNonNull(terminal).clear();
      lines.forEach(out::println);
    }
  }

  private Plan plan() {
    return Objects.requireNonNull(plan);
  }
}
