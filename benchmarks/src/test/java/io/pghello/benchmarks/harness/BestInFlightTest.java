// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.Sweep.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BestInFlightTest {
  private static final Metric THROUGHPUT =
      new Metric("throughput", "k/s", BenchmarkRow.Better.HIGHER);

  private final List<String> calls = new ArrayList<>();
  private double machine = 1;

  @Test
  void eachSideIsMeasuredAtItsOwnBestNumber() throws Exception {
    var best = best(1);
    assertThat(best.ours().measure()).isEqualTo(40);
    assertThat(best.peer().sample()).isEqualTo(new Sample(9, 2));
    assertThat(best.ours().measure()).isEqualTo(40);
    assertThat(calls)
        .as("both sides once at each point of the axis, and then at their best points")
        .containsExactly("a1", "b1", "a2", "b2", "a4", "b4", "a4", "b2", "a4");
  }

  @Test
  void theNumbersAreFoundAlternately() throws Exception {
    best(2).peer().measure();
    assertThat(calls)
        .containsExactly(
            "a1", "b1", "b1", "a1", "a2", "b2", "b2", "a2", "a4", "b4", "b4", "a4", "b2");
  }

  @Test
  void theFiguresThatANumberWasChosenByDoNotCount() throws Exception {
    var best = best(1);
    best.ours().measure();
    machine = 0.5;
    assertThat(best.ours().measure()).isEqualTo(20);
    assertThat(best.peer().measure()).isEqualTo(4.5);
  }

  @Test
  void sweepReusesEarlierSamples() throws Exception {
    var best = best(1);
    best.ours().measure();
    calls.clear();
    machine = 0.5;
    List<Curve> curves = best.sweep("calls", THROUGHPUT, "a", "b").measure(step -> {});
    assertThat(curves)
        .containsExactly(
            new Curve(
                "throughput by calls",
                "calls",
                "k/s",
                BenchmarkRow.Better.HIGHER,
                List.of(line("a", true, 10, 20, 40), line("b", false, 8, 9, 3))));
    assertThat(calls).isEmpty();
  }

  @Test
  void sweepFindsTheBestNumbersIfTheyAreUnknown() throws Exception {
    Curve curve = best(1).sweep("calls", THROUGHPUT, "a", "b").measure(step -> {}).get(0);
    assertThat(curve.lines()).contains(line("b", false, 8, 9, 3));
    assertThat(calls).hasSize(6);
  }

  private static Curve.Line line(String name, boolean ours, double... figures) {
    return new Curve.Line(
        name,
        ours,
        List.of(
            Curve.Point.of(1, List.of(figures[0])),
            Curve.Point.of(2, List.of(figures[1])),
            Curve.Point.of(4, List.of(figures[2]))));
  }

  private BestInFlight best(int samples) {
    return new BestInFlight(
        List.of(1, 2, 4),
        samples,
        load("a", Map.of(1, 10.0, 2, 20.0, 4, 40.0)),
        load("b", Map.of(1, 8.0, 2, 9.0, 4, 3.0)));
  }

  private BestInFlight.Rate load(String name, Map<Integer, Double> rates) {
    return inFlight -> {
      calls.add(name + inFlight);
      return new Sample(rates.getOrDefault(inFlight, Double.NaN) * machine, inFlight);
    };
  }
}
