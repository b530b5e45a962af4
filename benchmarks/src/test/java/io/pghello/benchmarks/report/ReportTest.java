// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ReportTest {
  @Test
  void comesBackFromJsonAsItWas() {
    Report report =
        new Report(
            new Environment("2026-11-20T08:00:00Z", 2, "a \"JDK\"", "Linux\n", List.of("a-1.0")),
            true,
            false,
            "",
            3,
            2,
            List.of(
                new Report.Section(
                    "extension",
                    "2026-11-20T09:00:00Z",
                    new Environment.Server("17.11", "1.1", Map.of("jit", "off")),
                    List.of(
                        Result.of(
                            BenchmarkRow.plain("a\\b", "'Hello, ' || x", "ns").target(0.5, 0.4),
                            List.of(1.5, 2.5),
                            List.of(5.0, 4.0),
                            Result.Cpu.ofMicros(List.of(0.5, 0.7), List.of(8.0, 9.0))),
                        Result.of(BenchmarkRow.plain("c", null, "KB"), List.of(1.0), List.of())),
                    List.of(
                        new Curve(
                            "throughput by calls in flight",
                            "calls in flight",
                            "k/s",
                            BenchmarkRow.Better.HIGHER,
                            List.of(
                                new Curve.Line(
                                    "ours", true, List.of(Curve.Point.of(1, List.of(2.5, 3.5))))))),
                    List.of("d: no server"))));
    assertThat(Report.fromJson(report.toJson())).isEqualTo(report);
    // results without CPU time keep the format that was used before CPU time was measured
    assertThat(report.toJson()).containsOnlyOnce("\"cpu\"");
  }

  @Test
  void keepsTheMeasurementsOfAnotherRun() {
    Report before = report("2026-11-20T08:00:00Z", "extension", "client", "jooq");
    Report now = report("2026-11-22T08:00:00Z", "client", "plugin");
    assertThat(now.withOthersOf(before).benchmarks())
        .extracting(Report.Section::name, section -> section.date().substring(0, 10))
        .containsExactly(
            tuple("extension", "2026-11-20"),
            tuple("client", "2026-11-22"),
            tuple("jooq", "2026-11-20"),
            tuple("plugin", "2026-11-22"));
    assertThat(now.withOthersOf(before).environment()).isEqualTo(now.environment());
  }

  private static Report report(String date, String... names) {
    var server = new Environment.Server("17.11", "1.1", Map.of());
    return new Report(
        new Environment(date, 2, "a JDK", "Linux", List.of()),
        false,
        false,
        "",
        3,
        1,
        Stream.of(names)
            .map(name -> new Report.Section(name, date, server, List.of(), List.of(), List.of()))
            .toList());
  }
}
