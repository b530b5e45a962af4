// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.internal.NameRequest;
import java.util.HashSet;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

/**
 * Shows when a small batch gets a permit while another statement is in flight. A head start lasts
 * less than a millisecond, so each check is repeated until the thread is not paused during it.
 */
@Timeout(60)
class InFlightLimitTest {
  private static final int MANY = 16;
  private static final int TRIES = 1000;

  private final CallQueue<Call<NameRequest, String>> waiting = new CallQueue<>(64, 64 * 1024);
  private final InFlightLimit limit = new InFlightLimit(3);

  @Test
  void aLargeBatchDelaysASmallOne() {
    assertDelays(
        () -> {
          int large = acquire();
          limit.batchSent(large, MANY);
          return large;
        });
  }

  @Test
  void anAnsweredLargeBatchDelaysASmallOneAsLongAsAnotherIsInFlight() {
    assertDelays(
        () -> {
          answerLargeBatch();
          return acquire();
        });
  }

  @Test
  void anAnsweredLargeBatchDelaysASmallOneAlsoIfTheOtherWasSentBefore() {
    assertDelays(
        () -> {
          int other = acquire();
          limit.batchSent(other, 1);
          answerLargeBatch();
          return other;
        });
  }

  @Test
  void aStatementThatHasBeenInFlightForLongDelaysNone() throws InterruptedException {
    acquire();
    Thread.sleep(6);
    for (int i = 0; i < TRIES; i++) {
      answerLargeBatch();
      assertThat(acquiresAndReleases()).isTrue();
    }
  }

  @Test
  void aSmallBatchDelaysNoOther() {
    int small = acquire();
    for (int i = 0; i < TRIES; i++) {
      limit.batchSent(small, MANY - 1);
      assertThat(acquiresAndReleases()).isTrue();
    }
  }

  @Test
  void nothingIsDelayedIfAllPermitsAreAvailable() {
    for (int i = 0; i < TRIES; i++) {
      answerLargeBatch();
      assertThat(acquiresAndReleases()).isTrue();
    }
  }

  @Test
  void aFullQueueIsNotDelayed() {
    int large = acquire();
    for (int i = 0; i < TRIES; i++) {
      limit.batchSent(large, MANY);
      limit.release(acquire());
    }
  }

  @Test
  void hasAThousandPermitsIfItMayHaveMore() {
    var large = new InFlightLimit(Integer.MAX_VALUE);
    var permits = new HashSet<Integer>();
    int permit;
    while ((permit = large.tryAcquire(waiting, true)) != InFlightLimit.NONE) {
      assertThat(permits.add(permit)).isTrue();
    }
    assertThat(permits).hasSize(1024);
    permits.forEach(large::release);
    assertThat(large.isUnused()).isTrue();
  }

  @Test
  @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "needs virtual threads")
  void theReserveIsThereOnceVirtualThreadsHaveHeldAllOthersForSomeTime() throws Exception {
    boolean tooEarly = false;
    for (int i = 0; i < TRIES && !tooEarly; i++) {
      acquireAllOnAVirtualThread();
      int reserve = limit.tryAcquireReserve();
      tooEarly = reserve == InFlightLimit.NONE;
      if (!tooEarly) {
        limit.release(reserve);
      }
      releaseAll();
    }
    assertThat(tooEarly).isTrue();
    acquireAllOnAVirtualThread();
    Thread.sleep(6);
    int reserve = limit.tryAcquireReserve();
    assertThat(limit.isReserve(reserve)).isTrue();
    assertThat(limit.tryAcquireReserve()).isEqualTo(InFlightLimit.NONE);
    releaseAll();
    assertThat(limit.isUnused()).isFalse();
    assertThat(limit.available()).isEqualTo(3);
    limit.release(reserve);
    assertThat(limit.isUnused()).isTrue();
    assertThat(limit.tryAcquireReserve()).isEqualTo(InFlightLimit.NONE);
  }

  private void acquireAllOnAVirtualThread() throws Exception {
    Runnable acquire =
        () -> {
          for (int i = 0; i < 3; i++) {
            acquire();
          }
        };
    var thread =
        (Thread) Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, acquire);
    thread.join();
    assertThat(limit.available()).isZero();
  }

  private void releaseAll() {
    for (int permit = 0; permit < 3; permit++) {
      limit.release(permit);
    }
  }

  /**
   * Asserts that a statement in flight delays a small batch. Releases the statement's permit
   * afterwards.
   */
  private void assertDelays(IntSupplier inFlight) {
    boolean delayed = false;
    for (int i = 0; i < TRIES && !delayed; i++) {
      int permit = inFlight.getAsInt();
      delayed = !acquiresAndReleases();
      limit.release(permit);
    }
    assertThat(delayed).isTrue();
  }

  private int acquire() {
    int permit = limit.tryAcquire(waiting, true);
    assertThat(permit).isNotEqualTo(InFlightLimit.NONE);
    return permit;
  }

  private void answerLargeBatch() {
    int large = acquire();
    limit.batchSent(large, MANY);
    limit.release(large);
  }

  private boolean acquiresAndReleases() {
    int permit = limit.tryAcquire(waiting, false);
    if (permit == InFlightLimit.NONE) {
      return false;
    }
    limit.release(permit);
    return true;
  }
}
