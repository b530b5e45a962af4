// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ExtensionBenchmarkIT {
  @Test
  void measuresHowTheCostGrows() throws Exception {
    try (var benchmark = new ExtensionBenchmark(true)) {
      List<Sweep> sweeps = benchmark.sweeps();
      assertThat(sweeps).hasSize(2);
      Curve byNumber = curve(sweeps.get(0));
      assertThat(byNumber.name()).isEqualTo("time per name by number of names");
      assertThat(byNumber.lines()).extracting(Curve.Line::ours).containsExactly(true, false);
      assertThat(byNumber.lines())
          .allSatisfy(
              line ->
                  assertThat(line.points())
                      .extracting(Curve.Point::x)
                      .containsExactly(1.0, 8.0, 64.0, 512.0, 4_096.0));
      // what a name costs falls when the call is shared
      assertThat(median(byNumber, 0, 0)).isGreaterThan(median(byNumber, 0, 3));
      // and the rows of a subquery cost more than the names
      assertThat(median(byNumber, 0, 3)).isLessThan(median(byNumber, 1, 3));

      Curve byLength = curve(sweeps.get(1));
      assertThat(byLength.name()).isEqualTo("time per call by length of the name");
      assertThat(byLength.axis()).isEqualTo("length of the name, B");
      assertThat(byLength.lines())
          .hasSize(2)
          .allSatisfy(line -> assertThat(line.points()).hasSize(5));
      assertThat(median(byLength, 0, 4)).isGreaterThan(3 * median(byLength, 0, 2));
    }
  }

  private static Curve curve(Sweep sweep) throws Exception {
    List<Curve> curves = sweep.measure(step -> {});
    assertThat(curves).hasSize(1);
    return curves.get(0);
  }

  private static double median(Curve curve, int line, int point) {
    return curve.lines().get(line).points().get(point).spread().median();
  }
}
