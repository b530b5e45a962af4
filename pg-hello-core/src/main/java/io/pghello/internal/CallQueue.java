// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.util.Iterator;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * The bounded queue of calls that wait for a batch, in the order in which they were added. A thread
 * that removes a call is responsible for its completion.
 */
final class CallQueue implements Iterable<Call> {
  private final Queue<Call> calls = new ConcurrentLinkedQueue<>();
  private final QueueLimit limit;

  CallQueue(int maxCalls, int maxBytes) {
    this.limit = new QueueLimit(maxCalls, maxBytes);
  }

  /** Adds a call; returns false if the queue is full. */
  boolean tryAdd(Call call) {
    return limit.tryAcquire(call.request.bytes()) && enqueue(call);
  }

  /** Adds a call, and blocks while the queue is full; throws if the deadline passes meanwhile. */
  void add(Call call) {
    limit.acquire(call.request.bytes(), call.deadline);
    enqueue(call);
  }

  private boolean enqueue(Call call) {
    call.setQueue(this);
    return calls.add(call);
  }

  /** Removes a call if it is queued. */
  void remove(Call call) {
    if (calls.remove(call)) {
      limit.release(weight(call));
    }
  }

  /** Removes the oldest call. */
  @Nullable Call poll() {
    Call call = calls.poll();
    if (call != null) {
      limit.release(weight(call));
    }
    return call;
  }

  /** Moves calls to a batch until it is full; drops calls that are complete. */
  void drainTo(Batch batch) {
    int weight = 0;
    Call call;
    while (!batch.isFull() && (call = calls.poll()) != null) {
      weight += weight(call);
      call.setQueue(null);
      if (!call.isDone()) {
        batch.add(call);
      }
    }
    limit.release(weight);
  }

  private int weight(Call call) {
    return limit.weight(call.request.bytes());
  }

  /** Returns about how many calls are queued; long names count more than once. */
  int size() {
    return limit.size();
  }

  boolean isEmpty() {
    return calls.isEmpty();
  }

  /** Returns a weakly consistent iterator. */
  @Override
  public Iterator<Call> iterator() {
    return calls.iterator();
  }
}
