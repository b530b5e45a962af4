// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.Row.Better;
import io.pghello.benchmarks.Sweep.Metric;
import io.pghello.benchmarks.Sweep.Track;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SweepTest {
  private final List<String> steps = new ArrayList<>();
  private double factor = 1;

  private Sweep sweep(int rounds) {
    return new Sweep(
        "callers",
        "",
        List.of(1.0, 2.0),
        List.of(
            new Metric("throughput", "k/s", Better.HIGHER),
            new Metric("latency", "us", Better.LOWER)),
        List.of(
            new Track("a", true, point -> true, x -> new double[] {x * factor, x / 10}),
            new Track("b", false, point -> point < 2, x -> new double[] {x * 100, x})),
        rounds);
  }

  @Test
  void aMetricIsACurve() throws Exception {
    List<Curve> curves = sweep(1).measure(steps::add);
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
  void anotherSideBeginsEachRound() throws Exception {
    sweep(2).measure(steps::add);
    assertThat(steps)
        .containsExactly(
            "callers, a", "callers, b", "callers, b", "callers, a", "callers, a", "callers, a");
    assertThat(steps).hasSize(sweep(2).steps());
  }

  @Test
  void curvesOfForksAreJoined() throws Exception {
    Curve one = sweep(1).measure(steps::add).get(0);
    factor = 3;
    Curve other = sweep(1).measure(steps::add).get(0);
    Curve joined = one.and(other);
    assertThat(joined.lines().get(0).points())
        .containsExactly(
            Curve.Point.of(1, List.of(1.0, 3.0)), Curve.Point.of(2, List.of(2.0, 6.0)));
    assertThat(joined.lines().get(0).points().get(0).spread().median()).isEqualTo(2);
  }

  @Test
  void aTableOfACurveSaysWhereNothingWasMeasured() throws Exception {
    assertThat(Table.curve(sweep(1).measure(steps::add).get(0)).lines())
        .containsExactly(
            "",
            "throughput by callers, k/s",
            "callers         1         2",
            "a               1         2",
            "b             100         -");
  }
}
