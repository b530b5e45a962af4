// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.List;
import org.junit.jupiter.api.Test;

class WarmUpTest {
  @Test
  void endsWhenThreeInARowWereHardlyCheaperThanTheBest() {
    var costs = new ArrayDeque<>(List.of(100.0, 50.0, 51.0, 30.0, 30.0, 29.9, 31.0, 1.0));
    WarmUp.untilCheap(millis -> costs.remove());
    assertThat(costs).containsExactly(1.0);
  }
}
