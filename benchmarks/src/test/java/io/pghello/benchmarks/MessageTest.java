// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.Row.Judged;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MessageTest {
  private static final Row ROW =
      Row.atMost("a\nb", "'x' || \"y\"", "ns", Judged.RATIO, 0.5, 0.4).guarded(0.8);

  @Test
  void comesBackFromALineAsItWas() {
    for (Message message :
        List.of(
            Message.of(
                new Message.Plan(
                    new Environment.Server("17.11", "1.1", Map.of("jit", "off")),
                    List.of(ROW, Row.plain("c", null, "KB")),
                    List.of("d: no server"),
                    7)),
            Message.of("a step"),
            Message.of(Result.of(ROW, List.of(1.5), List.of(5.0))),
            Message.of(
                List.of(
                    new Curve(
                        "throughput by calls",
                        "calls",
                        "k/s",
                        Row.Better.HIGHER,
                        List.of(new Curve.Line("a", true, List.of()))))))) {
      assertThat(message.toJson()).hasLineCount(1);
      assertThat(Message.fromJson(message.toJson())).isEqualTo(message);
    }
  }
}
