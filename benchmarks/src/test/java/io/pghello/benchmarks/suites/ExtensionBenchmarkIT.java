// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Sweep;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExtensionBenchmarkIT {
  @Test
  void measuresAlongTwoAxes() throws Exception {
    try (var benchmark = new ExtensionBenchmark(true)) {
      List<Sweep> sweeps = benchmark.sweeps();
      assertThat(sweeps).hasSize(2);

      Curve byNumber = curve(sweeps.get(0));
      assertThat(byNumber.name()).isEqualTo("time per name by number of names");
      assertThat(byNumber.lines())
          .extracting(Curve.Line::name)
          .containsExactly("pg_hello_all(names)", "array(SELECT pg_hello(n) FROM unnest(names) n)");
      assertOursAndPeers(byNumber, 1.0, 8.0, 64.0, 512.0, 4_096.0);

      Curve byLength = curve(sweeps.get(1));
      assertThat(byLength.name()).isEqualTo("time per call by length of the name");
      assertThat(byLength.axis()).isEqualTo("length of the name, B");
      assertThat(byLength.lines())
          .extracting(Curve.Line::name)
          .containsExactly("pg_hello(name)", "'Hello, ' || name || '!'");
      assertOursAndPeers(byLength, 8.0, 64.0, 512.0, 4_096.0, 65_536.0);
    }
  }

  private static void assertOursAndPeers(Curve curve, Double... axis) {
    assertThat(curve.lines()).extracting(Curve.Line::ours).containsExactly(true, false);
    assertThat(curve.lines())
        .allSatisfy(
            line -> assertThat(line.points()).extracting(Curve.Point::x).containsExactly(axis));
  }

  private static Curve curve(Sweep sweep) throws Exception {
    List<Curve> curves = sweep.measure(step -> {});
    assertThat(curves).hasSize(1);
    return curves.get(0);
  }
}
