// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.pghello.benchmarks.Comparison.Side;
import java.util.Arrays;
import java.util.Iterator;
import org.junit.jupiter.api.Test;

class TurnsTest {
  private final StringBuilder calls = new StringBuilder();

  @Test
  void theShortestOfSomeTurnsCounts() throws Exception {
    var turns =
        new Turns(Row.Better.LOWER, Turns.Counts.BEST, 3, side("a", 5, 3, 4), side("b", 9, 8, 7));
    assertThat(turns.ours().measure()).isEqualTo(3);
    assertThat(turns.peer().measure()).isEqualTo(7);
    assertThat(calls).hasToString("abbaab");
  }

  @Test
  void theHighestRateCounts() throws Exception {
    var turns =
        new Turns(Row.Better.HIGHER, Turns.Counts.BEST, 2, side("a", 5, 3), side("b", 8, 9));
    assertThat(turns.peer().measure()).isCloseTo(9, within(1e-9));
    assertThat(turns.ours().measure()).isCloseTo(5, within(1e-9));
    assertThat(calls).hasToString("abba");
  }

  @Test
  void theMeanOfTheTurnsCounts() throws Exception {
    var times = new Turns(Row.Better.LOWER, Turns.Counts.MEAN, 2, side("a", 5, 3), side("b", 8, 9));
    assertThat(times.ours().measure()).isEqualTo(4);
    assertThat(times.peer().measure()).isEqualTo(8.5);
    // who does 2 a second, and then 6, does 3
    var rates =
        new Turns(Row.Better.HIGHER, Turns.Counts.MEAN, 2, side("a", 2, 6), side("b", 1, 1));
    assertThat(rates.ours().measure()).isCloseTo(3, within(1e-9));
    assertThat(calls).hasToString("abbaabba");
  }

  @Test
  void theLongestAndTheShortestTenthDoNotCount() throws Exception {
    var turns =
        new Turns(
            Row.Better.LOWER,
            Turns.Counts.MEAN,
            10,
            side("a", 5, 900, 5, 5, 0, 5, 5, 5, 5, 9),
            side("b", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
    assertThat(turns.ours().measure()).isEqualTo(5.5);
    assertThat(turns.peer().measure()).isEqualTo(1);
  }

  @Test
  void whoeverIsAskedAgainTakesNewTurns() throws Exception {
    var turns =
        new Turns(Row.Better.LOWER, Turns.Counts.BEST, 1, side("a", 5, 3, 1), side("b", 8, 9, 7));
    assertThat(turns.ours().measure()).isEqualTo(5);
    assertThat(turns.ours().measure()).isEqualTo(3);
    assertThat(turns.peer().measure()).isEqualTo(9);
    assertThat(turns.peer().measure()).isEqualTo(7);
    assertThat(turns.ours().measure()).isEqualTo(1);
    assertThat(calls).hasToString("ababab");
  }

  private Side side(String name, double... figures) {
    Iterator<Double> next = Arrays.stream(figures).iterator();
    return () -> {
      calls.append(name);
      return next.next();
    };
  }
}
