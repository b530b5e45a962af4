// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Coverage row X3: when a small batch may leave while another one is under way. */
@Timeout(60)
class InFlightLimitTest {
  private static final int MANY = 16;
  private static final int TRIES = 1000;

  private final CallQueue waiting = new CallQueue(64, 64 * 1024);
  private final InFlightLimit inFlightLimit = new InFlightLimit(3);

  @Test
  void aSmallBatchWaitsForALargeOneThatHasJustLeft() {
    assertThat(inFlightLimit.take(waiting)).isTrue();
    boolean waited = false;
    for (int i = 0; i < TRIES && !waited; i++) {
      long departed = inFlightLimit.depart(MANY);
      waited = !takesAndGivesBack();
      inFlightLimit.arrive(departed);
    }
    assertThat(waited).isTrue();
  }

  @Test
  void aSmallBatchNeedNotWaitForALargeOneThatIsBack() {
    assertThat(inFlightLimit.take(waiting)).isTrue();
    for (int i = 0; i < TRIES; i++) {
      inFlightLimit.arrive(inFlightLimit.depart(MANY));
      assertThat(takesAndGivesBack()).isTrue();
    }
  }

  @Test
  void aSmallBatchWaitsForTheLargeOneThatLeftLast() {
    assertThat(inFlightLimit.take(waiting)).isTrue();
    boolean waited = false;
    for (int i = 0; i < TRIES && !waited; i++) {
      long first = inFlightLimit.depart(MANY);
      long second = inFlightLimit.depart(MANY);
      inFlightLimit.arrive(first);
      waited = first != second && !takesAndGivesBack();
      inFlightLimit.arrive(second);
    }
    assertThat(waited).isTrue();
  }

  @Test
  void aSmallBatchNeedNotWaitForAnother() {
    assertThat(inFlightLimit.take(waiting)).isTrue();
    for (int i = 0; i < TRIES; i++) {
      inFlightLimit.depart(MANY - 1);
      assertThat(takesAndGivesBack()).isTrue();
    }
  }

  @Test
  void nobodyWaitsWhereAllAreFree() {
    for (int i = 0; i < TRIES; i++) {
      inFlightLimit.depart(MANY);
      assertThat(takesAndGivesBack()).isTrue();
    }
  }

  private boolean takesAndGivesBack() {
    boolean taken = inFlightLimit.take(waiting);
    if (taken) {
      inFlightLimit.giveBack();
    }
    return taken;
  }
}
