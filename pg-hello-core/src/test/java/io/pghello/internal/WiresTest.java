// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Coverage row X3: when a small batch may leave while another one is under way. */
@Timeout(60)
class WiresTest {
  private static final int MANY = 16;
  private static final int TRIES = 1000;

  private final WaitingRoom waiting = new WaitingRoom(64, 64 * 1024);
  private final Wires wires = new Wires(3);

  @Test
  void aSmallBatchWaitsForALargeOneThatHasJustLeft() {
    assertThat(wires.take(waiting)).isTrue();
    boolean waited = false;
    for (int i = 0; i < TRIES && !waited; i++) {
      long departed = wires.depart(MANY);
      waited = !takesAndGivesBack();
      wires.arrive(departed);
    }
    assertThat(waited).isTrue();
  }

  @Test
  void aSmallBatchNeedNotWaitForALargeOneThatIsBack() {
    assertThat(wires.take(waiting)).isTrue();
    for (int i = 0; i < TRIES; i++) {
      wires.arrive(wires.depart(MANY));
      assertThat(takesAndGivesBack()).isTrue();
    }
  }

  @Test
  void aSmallBatchWaitsForTheLargeOneThatLeftLast() {
    assertThat(wires.take(waiting)).isTrue();
    boolean waited = false;
    for (int i = 0; i < TRIES && !waited; i++) {
      long first = wires.depart(MANY);
      long second = wires.depart(MANY);
      wires.arrive(first);
      waited = first != second && !takesAndGivesBack();
      wires.arrive(second);
    }
    assertThat(waited).isTrue();
  }

  @Test
  void aSmallBatchNeedNotWaitForAnother() {
    assertThat(wires.take(waiting)).isTrue();
    for (int i = 0; i < TRIES; i++) {
      wires.depart(MANY - 1);
      assertThat(takesAndGivesBack()).isTrue();
    }
  }

  @Test
  void nobodyWaitsWhereAllAreFree() {
    for (int i = 0; i < TRIES; i++) {
      wires.depart(MANY);
      assertThat(takesAndGivesBack()).isTrue();
    }
  }

  private boolean takesAndGivesBack() {
    boolean taken = wires.take(waiting);
    if (taken) {
      wires.giveBack();
    }
    return taken;
  }
}
