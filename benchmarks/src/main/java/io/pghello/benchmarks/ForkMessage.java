// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a fork tells the program that started it, a line of JSON each. Only one of the parts is
 * there.
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

  /** What there is to do, in so many steps. */
  record Plan(Environment.Server server, List<Row> rows, List<String> notRun, int steps) {}
}
