// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Sweep;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class HibernateBenchmarkIT {
  @Test
  void countsTheRoundTripsOfAFlush() throws Exception {
    try (var benchmark = new HibernateBenchmark(true)) {
      Curve curve = curve(benchmark.sweeps().get(0));
      assertThat(curve.name()).isEqualTo("round trips per entity by entities per flush");
      // for 1,000 entities, 20 round trips are for identifiers, and one is for the commit
      assertRoundTrips(curve, "PREFETCH", 2.021, 0.221, 0.051, 0.042);
      assertRoundTrips(curve, "RETURNING", 1.021, 1.021, 1.021, 1.021);
      assertRoundTrips(curve, "without", 1.021, 0.121, 0.041, 0.041);
      assertRoundTrips(curve, "@PrePersist", 3.021, 2.121, 2.041, 2.041);
      assertThat(point(curve, "PREFETCH", 4)).isEqualTo(0.0402);
    }
  }

  @Tag("long")
  @Test
  void timesFlushesNearAndFar() throws Exception {
    try (var benchmark = new HibernateBenchmark(true)) {
      List<Sweep> sweeps = benchmark.sweeps();
      assertThat(sweeps).hasSize(3);
      Curve near = curve(sweeps.get(1));
      assertThat(near.name()).isEqualTo("time per entity by entities per flush");
      assertThat(near.unit()).isEqualTo("us");
      assertThat(near.lines())
          .extracting(Curve.Line::ours)
          .containsExactly(true, true, false, false);
      assertThat(near.lines()).extracting(line -> line.points().size()).containsExactly(5, 4, 5, 4);

      Curve far = curve(sweeps.get(2));
      assertThat(far.name()).isEqualTo("time per entity by entities per flush, 1 ms away");
      // there are one or two additional round trips, each of which takes at least this long
      assertThat(point(far, "RETURNING", 3)).isGreaterThan(1_000);
      assertThat(point(far, "@PrePersist", 3)).isGreaterThan(2_000);
    }
  }

  private static void assertRoundTrips(Curve curve, String name, double... figures) {
    for (int i = 0; i < figures.length; i++) {
      assertThat(point(curve, name, i))
          .as("%s, point %d", name, i)
          .isEqualTo(figures[i], within(1e-9));
    }
  }

  private static double point(Curve curve, String name, int index) {
    return curve.lines().stream()
        .filter(line -> line.name().contains(name))
        .findFirst()
        .orElseThrow()
        .points()
        .get(index)
        .spread()
        .median();
  }

  private static Curve curve(Sweep sweep) throws Exception {
    List<Curve> curves = sweep.measure(step -> {});
    assertThat(curves).hasSize(1);
    return curves.get(0);
  }
}
