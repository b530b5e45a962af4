// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import java.util.LinkedHashMap;
import java.util.List;
import tools.jackson.jr.ob.JSON;

/**
 * All results of a run, for {@code --json}.
 *
 * @param quick whether the run was a short one
 * @param guard whether rows were judged by the limits for a busy machine
 * @param rows the text that the names of rows had to contain; empty for all rows
 * @param forks the number of JVMs that measured each row, one after the other
 * @param handicap the factor by which our side was slowed down; 1 for none
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
   * The results of one benchmark, and the rows that could not be measured, with the reasons.
   *
   * @param date the time at which the benchmark ended, in UTC
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

  /**
   * Returns a copy that also contains the earlier run's results for the benchmarks that this run
   * did not measure.
   */
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
