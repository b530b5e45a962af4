// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.BenchmarkRow.Better;
import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.jr.ob.JSON;

class ForkMessageTest {
  private static final BenchmarkRow ROW =
      BenchmarkRow.plain("a\nb", "'x' || \"y\"", "ns").target(0.5, 0.4).guarded(0.8);

  @Test
  void comesBackFromALineAsItWas() {
    var server = new Environment.Server("17.11", "1.1", Map.of("jit", "off"));
    List<BenchmarkRow> rows = List.of(ROW, BenchmarkRow.plain("c", null, "KB"));
    var curve = new Curve("a by b", "b", "k/s", Better.HIGHER, List.of());
    for (ForkMessage message :
        List.of(
            new ForkMessage(
                new ForkMessage.Plan(server, rows, List.of("d: no server"), 7), null, null, null),
            new ForkMessage(null, "a step", null, null),
            new ForkMessage(null, null, Result.of(ROW, List.of(1.5), List.of(5.0)), null),
            new ForkMessage(null, null, null, List.of(curve)))) {
      String line = JSON.std.asString(message);
      assertThat(line).hasLineCount(1);
      assertThat(JSON.std.beanFrom(ForkMessage.class, line)).isEqualTo(message);
    }
  }
}
