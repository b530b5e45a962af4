// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A message from a fork to its parent, sent as one line of JSON. Exactly one of the following parts
 * is set.
 *
 * @param plan the planned measurements
 * @param step the current measurement
 * @param result the result of a row
 * @param curves the curves of a sweep
 */
public record ForkMessage(
    @Nullable Plan plan,
    @Nullable String step,
    @Nullable Result result,
    @Nullable List<Curve> curves) {

  /** The plan of a fork: rows, and the number of progress steps. */
  record Plan(Environment.Server server, List<BenchmarkRow> rows, List<String> notRun, int steps) {}
}
