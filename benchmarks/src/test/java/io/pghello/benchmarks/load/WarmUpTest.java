// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.List;
import org.junit.jupiter.api.Test;

class WarmUpTest {
  @Test
  void endsWhenSixInARowWereHardlyCheaperThanTheBest() {
    var costs = new ArrayDeque<>(List.of(9.0, 5.0, 5.1, 3.0, 3.0, 2.99, 3.1, 3.0, 3.2, 3.0, 1.0));
    WarmUp.untilCheap(millis -> costs.remove());
    assertThat(costs).containsExactly(1.0);
  }

  @Test
  void waitsBeforeEachMeasurementUntilTheProcessIsIdle() throws Exception {
    var events = new StringBuilder();
    WarmUp.untilCheap(
        () -> {
          events.append("idle ");
          return 0;
        },
        millis -> {
          events.append("measured ");
          return 1;
        });
    assertThat(events).hasToString("idle idle measured ".repeat(7));
  }

  @Test
  void waitsUntilAProcessIsIdle() throws Exception {
    var millis = new ArrayDeque<>(List.of(0L, 300L, 400L, 700L, 705L, 900L));
    WarmUp.awaitIdle(() -> millis.remove() * 1_000_000);
    assertThat(millis).containsExactly(900L);
  }
}
