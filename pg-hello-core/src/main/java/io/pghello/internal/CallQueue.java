// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.util.Iterator;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * The calls that wait for a batch, the oldest first: no more than there is room for. A call is
 * taken out once, by the one who {@linkplain Queue#poll() polls} it, and that one sees to it that
 * the call ends, or finds that its caller has left.
 */
final class CallQueue implements Iterable<Call> {
  private final Queue<Call> calls = new ConcurrentLinkedQueue<>();
  private final QueueLimit limit;

  CallQueue(int maxCalls, int maxBytes) {
    this.limit = new QueueLimit(maxCalls, maxBytes);
  }

  /** Lets a call in, if there is room. */
  boolean tryAdd(Call call) {
    return limit.tryTake(call.request.bytes()) && enqueue(call);
  }

  /** Lets a call in as soon as there is room, or throws if its time is over before. */
  void add(Call call) {
    limit.take(call.request.bytes(), call.deadline);
    enqueue(call);
  }

  private boolean enqueue(Call call) {
    call.waitsIn(this);
    return calls.add(call);
  }

  /** Takes one out, if it is still here, wherever it is. */
  void remove(Call call) {
    if (calls.remove(call)) {
      limit.giveBack(weight(call));
    }
  }

  /** Takes the oldest one out. */
  @Nullable Call poll() {
    Call call = calls.poll();
    if (call != null) {
      limit.giveBack(weight(call));
    }
    return call;
  }

  /** Takes calls out into a batch until it is full; those whose callers have left are dropped. */
  void board(Batch batch) {
    int weight = 0;
    Call call;
    while (!batch.isFull() && (call = calls.poll()) != null) {
      weight += weight(call);
      call.waitsIn(null);
      if (!call.isOver()) {
        batch.add(call);
      }
    }
    limit.giveBack(weight);
  }

  private int weight(Call call) {
    return limit.weight(call.request.bytes());
  }

  /** About how many calls wait; more, if their names are long. */
  int size() {
    return limit.size();
  }

  boolean isEmpty() {
    return calls.isEmpty();
  }

  /** Shows the calls, those too that come meanwhile, or some of them. */
  @Override
  public Iterator<Call> iterator() {
    return calls.iterator();
  }
}
