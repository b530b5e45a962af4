// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import java.util.LinkedHashMap;
import java.util.List;
import tools.jackson.jr.ob.JSON;

/**
 * All that a run found out, for {@code --json}.
 *
 * @param quick whether it was a short run
 * @param guard whether rows were judged by what holds on a busy machine, too
 * @param rows the text that rows had to have in their names; empty for all
 * @param forks how many JVMs measured each row, one after the other
 * @param handicap by how much our side was slowed down; 1 if it was not
 */
public record Report(
    Environment environment,
    boolean quick,
    boolean guard,
    String rows,
    int forks,
    int handicap,
    List<Section> benchmarks) {

  /**
   * The results of one benchmark, and the rows that could not be measured, each with the reason.
   *
   * @param date when it ended, in UTC
   */
  public record Section(
      String name,
      String date,
      Environment.Server server,
      List<Result> results,
      List<Curve> curves,
      List<String> notRun) {}

  /** Returns the rows of all benchmarks. */
  List<Result> results() {
    return benchmarks.stream().flatMap(section -> section.results.stream()).toList();
  }

  /** Returns the curves of all benchmarks. */
  List<Curve> curves() {
    return benchmarks.stream().flatMap(section -> section.curves.stream()).toList();
  }

  /** Returns this with what an earlier run has of benchmarks that this one did not measure. */
  public Report withOthersOf(Report earlier) {
    var all = new LinkedHashMap<String, Section>();
    earlier.benchmarks.forEach(section -> all.put(section.name, section));
    benchmarks.forEach(section -> all.put(section.name, section));
    return new Report(environment, quick, guard, rows, forks, handicap, List.copyOf(all.values()));
  }

  public String toJson() {
    return JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(this) + "\n";
  }

  public static Report fromJson(String json) {
    return JSON.std.beanFrom(Report.class, json);
  }
}
