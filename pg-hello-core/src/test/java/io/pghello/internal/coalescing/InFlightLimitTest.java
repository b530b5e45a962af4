// SPDX-License-Identifier: MIT
package io.pghello.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Shows when a small batch gets a permit while another batch is in flight. */
@Timeout(60)
class InFlightLimitTest {
  private static final int MANY = 16;
  private static final int TRIES = 1000;

  private final CallQueue<Call> waiting = new CallQueue<>(64, 64 * 1024);
  private final InFlightLimit inFlightLimit = new InFlightLimit(3);

  @Test
  void aLargeBatchDelaysASmallOne() {
    assertThat(inFlightLimit.tryAcquire(waiting, false)).isTrue();
    boolean waited = false;
    for (int i = 0; i < TRIES && !waited; i++) {
      long sent = inFlightLimit.batchSent(MANY);
      waited = !acquiresAndReleases();
      inFlightLimit.batchAnswered(sent);
    }
    assertThat(waited).isTrue();
  }

  @Test
  void aLargeBatchThatIsAnsweredBesideAnotherDelaysNoSmallOne() {
    assertThat(inFlightLimit.tryAcquire(waiting, false)).isTrue();
    for (int i = 0; i < TRIES; i++) {
      answerLargeBatch();
      assertThat(acquiresAndReleases()).isTrue();
    }
  }

  @Test
  void theFirstAfterALargeBatchIsNotDelayedAndTheSecondIs() {
    boolean waited = false;
    for (int i = 0; i < TRIES && !waited; i++) {
      answerLargeBatch();
      assertThat(inFlightLimit.tryAcquire(waiting, false)).isTrue();
      waited = !acquiresAndReleases();
      inFlightLimit.release();
    }
    assertThat(waited).isTrue();
  }

  @Test
  void theLastLargeBatchDelaysASmallOne() {
    assertThat(inFlightLimit.tryAcquire(waiting, false)).isTrue();
    boolean waited = false;
    for (int i = 0; i < TRIES && !waited; i++) {
      long first = inFlightLimit.batchSent(MANY);
      long second = inFlightLimit.batchSent(MANY);
      inFlightLimit.batchAnswered(first);
      waited = first != second && !acquiresAndReleases();
      inFlightLimit.batchAnswered(second);
    }
    assertThat(waited).isTrue();
  }

  @Test
  void aSmallBatchDelaysNoOther() {
    assertThat(inFlightLimit.tryAcquire(waiting, false)).isTrue();
    for (int i = 0; i < TRIES; i++) {
      inFlightLimit.batchSent(MANY - 1);
      assertThat(acquiresAndReleases()).isTrue();
    }
  }

  @Test
  void nothingIsDelayedIfAllPermitsAreAvailable() {
    for (int i = 0; i < TRIES; i++) {
      inFlightLimit.batchSent(MANY);
      assertThat(acquiresAndReleases()).isTrue();
    }
  }

  @Test
  void aFullQueueIsNotDelayed() {
    assertThat(inFlightLimit.tryAcquire(waiting, false)).isTrue();
    for (int i = 0; i < TRIES; i++) {
      inFlightLimit.batchSent(MANY);
      assertThat(inFlightLimit.tryAcquire(waiting, true)).isTrue();
      inFlightLimit.release();
    }
  }

  private void answerLargeBatch() {
    assertThat(inFlightLimit.tryAcquire(waiting, true)).isTrue();
    inFlightLimit.batchAnswered(inFlightLimit.batchSent(MANY));
    inFlightLimit.release();
  }

  private boolean acquiresAndReleases() {
    boolean taken = inFlightLimit.tryAcquire(waiting, false);
    if (taken) {
      inFlightLimit.release();
    }
    return taken;
  }
}
