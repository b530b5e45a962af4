// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.BenchmarkRow.Better;
import io.pghello.benchmarks.harness.Sweep.Metric;
import io.pghello.benchmarks.harness.Sweep.Series;
import io.pghello.benchmarks.report.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SweepTest {
  private final List<String> steps = new ArrayList<>();
  private double factor = 1;

  private Sweep sweep() {
    return new Sweep(
        "callers",
        "",
        List.of(1.0, 2.0),
        List.of(
            new Metric("throughput", "k/s", Better.HIGHER),
            new Metric("latency", "us", Better.LOWER)),
        List.of(
            new Series("a", true, point -> true, x -> new double[] {x * factor, x / 10}),
            new Series("b", false, point -> point < 2, x -> new double[] {x * 100, x})));
  }

  @Test
  void aMetricIsACurve() throws Exception {
    List<Curve> curves = sweep().measure(steps::add);
    assertThat(curves)
        .extracting(Curve::name)
        .containsExactly("throughput by callers", "latency by callers");
    assertThat(curves.get(0).lines())
        .containsExactly(
            new Curve.Line(
                "a",
                true,
                List.of(Curve.Point.of(1, List.of(1.0)), Curve.Point.of(2, List.of(2.0)))),
            new Curve.Line("b", false, List.of(Curve.Point.of(1, List.of(100.0)))));
    assertThat(curves.get(1).lines().get(0).points().get(1).figures()).containsExactly(0.2);
  }

  @Test
  void anotherSideBeginsAtEachPoint() throws Exception {
    var sweep =
        new Sweep(
            "x",
            "",
            List.of(1.0, 2.0, 3.0),
            List.of(new Metric("time", "us", Better.LOWER)),
            Stream.of("a", "b", "c")
                .map(name -> new Series(name, true, x -> true, x -> new double[] {x}))
                .toList());
    sweep.measure(steps::add);
    assertThat(steps)
        .containsExactly("x, a", "x, b", "x, c", "x, b", "x, c", "x, a", "x, c", "x, a", "x, b");
    assertThat(steps).hasSize(sweep.steps());
  }

  @Test
  void curvesOfForksAreJoined() throws Exception {
    Curve one = sweep().measure(steps::add).get(0);
    factor = 3;
    Curve other = sweep().measure(steps::add).get(0);
    Curve joined = one.and(other);
    assertThat(joined.lines().get(0).points())
        .containsExactly(
            Curve.Point.of(1, List.of(1.0, 3.0)), Curve.Point.of(2, List.of(2.0, 6.0)));
    assertThat(joined.lines().get(0).points().get(0).spread().median()).isEqualTo(2);
  }

  @Test
  void tableOfACurveMarksMissingMeasurements() throws Exception {
    assertThat(TextTable.curve(sweep().measure(steps::add).get(0)).lines())
        .containsExactly(
            "",
            "throughput by callers, k/s",
            "callers         1         2",
            "a               1         2",
            "b             100         -");
  }
}
