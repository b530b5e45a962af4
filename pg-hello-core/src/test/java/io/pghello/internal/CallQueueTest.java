// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Serial;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Shows what a call weighs in the queue, until when, and what it costs to remove one. */
class CallQueueTest {
  private static final int CALLS = 10_000;

  private final CallQueue<Counted> queue = new CallQueue<>(CALLS, CALLS);
  private final List<Counted> calls = new ArrayList<>();
  private long visits;

  @Test
  void removingTheNewestFirstVisitsFewOthers() {
    fill();
    Collections.reverse(calls);
    calls.forEach(Counted::cancel);
    assertThat(visits).isLessThan(10L * CALLS);
    assertThat(queue.isEmpty()).isTrue();
    assertThat(queue.size()).isZero();
  }

  @Test
  void removingEverySecondCallOfAFullQueueVisitsFewOthers() {
    fill();
    for (int i = 0; i < CALLS; i += 2) {
      calls.get(i).cancel();
      assertThat(queue.tryAdd(new Counted())).isTrue();
      assertThat(queue.tryAdd(new Counted())).isFalse();
    }
    assertThat(visits).isLessThan(10L * CALLS);
  }

  @Test
  void removedCallsTakeNoMoreMemoryThanTheQueueMay() {
    for (int i = 0; i < 10 * CALLS; i++) {
      var call = new Counted();
      assertThat(queue.tryAdd(call)).isTrue();
      call.cancel();
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
    first.cancel();
    first.cancel();
    assertThat(queue.poll()).isSameAs(first);
    assertThat(queue.size()).isEqualTo(CALLS - 1);
    Counted second = calls.get(1);
    assertThat(queue.poll()).isSameAs(second);
    second.cancel();
    assertThat(queue.size()).isEqualTo(CALLS - 2);
    calls.get(3).cancel();
    var drained = new Drained();
    queue.drainTo(drained);
    assertThat(drained.calls).hasSize(CALLS - 3).doesNotContain(calls.get(3));
    assertThat(queue.size()).isZero();
  }

  private void fill() {
    for (int i = 0; i < CALLS; i++) {
      var call = new Counted();
      calls.add(call);
      assertThat(queue.tryAdd(call)).isTrue();
    }
  }

  /** Takes all calls. */
  private static final class Drained implements CallQueue.Target<QueuedCall> {
    final List<QueuedCall> calls = new ArrayList<>();

    @Override
    public boolean isFull() {
      return false;
    }

    @Override
    public void add(QueuedCall call) {
      calls.add(call);
    }
  }

  /** A call that counts how often one is looked at to see whether it has left the queue. */
  private final class Counted extends QueuedCall {
    @Serial private static final long serialVersionUID = 1L;

    void cancel() {
      set("cancelled");
      leaveQueue();
    }

    @Override
    int bytes() {
      return 1;
    }

    @Override
    boolean isDone() {
      return get() != null;
    }

    @Override
    boolean isQueued() {
      visits++;
      return super.isQueued();
    }
  }
}
