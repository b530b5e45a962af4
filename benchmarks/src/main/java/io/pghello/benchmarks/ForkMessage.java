// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A message of a fork to the program that started it: one line of JSON, which has exactly one of
 * the parts.
 *
 * @param plan what will be measured
 * @param step what is being measured now
 * @param result a row that is measured
 * @param curves those of a sweep
 */
public record ForkMessage(
    @Nullable Plan plan,
    @Nullable String step,
    @Nullable Result result,
    @Nullable List<Curve> curves) {

  /** The work of a fork: rows, and the number of steps of its progress. */
  record Plan(Environment.Server server, List<Row> rows, List<String> notRun, int steps) {}
}
