// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import java.util.List;
import tools.jackson.jr.ob.JSON;

/**
 * All that a run found out, for {@code --json}.
 *
 * @param handicap by how much our side was slowed down; 1 if it was not
 */
record Report(Environment environment, boolean quick, int handicap, List<Section> benchmarks) {

  /**
   * The rows of one benchmark.
   *
   * @param notRun what could not be measured, each with the reason
   */
  record Section(
      String name, Environment.Server server, List<Result> results, List<String> notRun) {}

  String toJson() {
    return JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(this) + "\n";
  }
}
