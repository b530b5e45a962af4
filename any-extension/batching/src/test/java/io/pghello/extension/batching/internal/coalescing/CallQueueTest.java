// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.internal.NameRequest;
import io.pghello.extension.batching.internal.Settings;
import java.io.Serial;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Shows the weight of a call in the queue, when the weight is released, and the cost of removing a
 * call.
 */
class CallQueueTest {
  private static final int CALLS = 10_000;

  private final CallQueue<Counted> queue = new CallQueue<>(CALLS, CALLS);
  private final List<Counted> calls = new ArrayList<>();
  private long visits;

  @Test
  void removingTheNewestFirstVisitsFewOthers() {
    fill();
    Collections.reverse(calls);
    calls.forEach(call -> call.cancel(false));
    assertThat(visits).isLessThan(10L * CALLS);
    assertThat(queue.isEmpty()).isTrue();
    assertThat(queue.size()).isZero();
  }

  @Test
  void removingEverySecondCallOfAFullQueueVisitsFewOthers() {
    fill();
    for (int i = 0; i < CALLS; i += 2) {
      calls.get(i).cancel(false);
      assertThat(queue.tryAdd(new Counted())).isTrue();
      assertThat(queue.tryAdd(new Counted())).isFalse();
    }
    assertThat(visits).isLessThan(10L * CALLS);
  }

  @Tag("slow")
  @Test
  void removedCallsTakeNoMoreMemoryThanTheQueueMay() {
    for (int i = 0; i < 10 * CALLS; i++) {
      var call = new Counted();
      assertThat(queue.tryAdd(call)).isTrue();
      call.cancel(false);
    }
    int left = 0;
    for (Counted call : queue) {
      assertThat(call.isDone()).isTrue();
      left++;
    }
    assertThat(left).isLessThan(10);
  }

  @Test
  void aRemovedCallReleasesItsWeightOnce() {
    fill();
    Counted first = calls.get(0);
    first.cancel(false);
    first.cancel(false);
    assertThat(queue.poll()).isSameAs(first);
    assertThat(queue.size()).isEqualTo(CALLS - 1);
    Counted second = calls.get(1);
    assertThat(queue.poll()).isSameAs(second);
    second.cancel(false);
    assertThat(queue.size()).isEqualTo(CALLS - 2);
    calls.get(3).cancel(false);
    var drained = new Drained();
    queue.drainTo(drained);
    assertThat(drained.calls).hasSize(CALLS - 3).doesNotContain(calls.get(3));
    assertThat(queue.size()).isZero();
  }

  @Test
  void aCallThatCannotBeAddedTakesNoRoom() {
    var refusals = new AtomicInteger();
    var nodes =
        new ConcurrentLinkedQueue<Counted>() {
          @Serial private static final long serialVersionUID = 1L;

          @Override
          public boolean add(Counted call) {
            if (refusals.getAndDecrement() > 0) {
              throw new OutOfMemoryError("of a test");
            }
            return super.add(call);
          }
        };
    var small = new CallQueue<>(2, 2, nodes);
    refusals.set(5);
    for (int i = 0; i < 5; i++) {
      var call = new Counted();
      assertThatThrownBy(() -> small.tryAdd(call)).isInstanceOf(OutOfMemoryError.class);
    }
    assertThat(small.size()).isZero();
    assertThat(small.tryAdd(new Counted())).isTrue();
    assertThat(small.tryAdd(new Counted())).isTrue();
    assertThat(small.tryAdd(new Counted())).isFalse();
  }

  @Test
  void anErrorOfTheTargetLosesNoCallAndNoRoom() {
    fill();
    var drained = new Drained();
    drained.room = 3;
    assertThatThrownBy(() -> queue.drainTo(drained)).isInstanceOf(OutOfMemoryError.class);
    assertThat(drained.calls).isEqualTo(calls.subList(0, 3));
    assertThat(queue.count()).isEqualTo(CALLS - 3);
    assertThat(queue.size()).isEqualTo(CALLS - 3);
    assertThat(queue.poll()).isSameAs(calls.get(3));
  }

  private void fill() {
    for (int i = 0; i < CALLS; i++) {
      var call = new Counted();
      calls.add(call);
      assertThat(queue.tryAdd(call)).isTrue();
    }
  }

  /** A target that accepts all calls. */
  private static final class Drained implements CallQueue.Target<CallFuture<?>> {
    final List<CallFuture<?>> calls = new ArrayList<>();
    int room = Integer.MAX_VALUE;

    @Override
    public boolean reserve() {
      if (calls.size() == room) {
        throw new OutOfMemoryError("of a test");
      }
      return true;
    }

    @Override
    public void add(CallFuture<?> call) {
      calls.add(call);
    }
  }

  /** A call that counts how often calls are checked for having left the queue. */
  private final class Counted extends CallFuture<String> {
    Counted() {
      super(NameRequest.FUNCTION, Settings.NO_LISTENER);
    }

    @Override
    public int bytes() {
      return 1;
    }

    @Override
    boolean isEnded() {
      return isDone();
    }

    @Override
    boolean isQueued() {
      visits++;
      return super.isQueued();
    }
  }
}
