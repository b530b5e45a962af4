// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.jr.ob.JSON;

class ForkMessageTest {
  private static final Row ROW =
      Row.plain("a\nb", "'x' || \"y\"", "ns").target(0.5, 0.4).guarded(0.8);

  @Test
  void comesBackFromALineAsItWas() {
    for (ForkMessage message :
        List.of(
            ForkMessage.of(
                new ForkMessage.Plan(
                    new Environment.Server("17.11", "1.1", Map.of("jit", "off")),
                    List.of(ROW, Row.plain("c", null, "KB")),
                    List.of("d: no server"),
                    7)),
            ForkMessage.of("a step"),
            ForkMessage.of(Result.of(ROW, List.of(1.5), List.of(5.0))),
            ForkMessage.of(
                List.of(
                    new Curve(
                        "throughput by calls",
                        "calls",
                        "k/s",
                        Row.Better.HIGHER,
                        List.of(new Curve.Line("a", true, List.of()))))))) {
      String line = JSON.std.asString(message);
      assertThat(line).hasLineCount(1);
      assertThat(JSON.std.beanFrom(ForkMessage.class, line)).isEqualTo(message);
    }
  }
}
