// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.internal.Deadline;
import java.util.Iterator;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A bounded FIFO queue of calls. A thread that polls a call is responsible for completing it.
 *
 * <p>When a call is removed, its weight is released immediately, but its node remains. All nodes of
 * removed calls are deleted together as soon as their total weight exceeds the weight of the queued
 * calls. Therefore, removing a call takes constant time on average, and removed calls do not occupy
 * more memory than the queue's limit allows.
 */
final class CallQueue<C extends CallFuture<?>> implements Iterable<C> {
  private final Queue<C> calls;
  private final AtomicLong removedWeight = new AtomicLong();
  private final QueueLimit limit;

  // one object, because calls compare it by identity
  private final Consumer<CallFuture<?>> removal = this::remove;

  CallQueue(int maxCalls, int maxBytes) {
    this(maxCalls, maxBytes, new ConcurrentLinkedQueue<>());
  }

  CallQueue(int maxCalls, int maxBytes, Queue<C> calls) {
    this.calls = calls;
    this.limit = new QueueLimit(maxCalls, maxBytes);
  }

  /** Adds a call. Returns false if the queue is full. */
  boolean tryAdd(C call) {
    return limit.tryAcquire(call.bytes()) && enqueue(call);
  }

  /** Adds a call. Blocks while the queue is full, and throws at the deadline. */
  void add(C call, Deadline deadline) {
    limit.acquire(call.bytes(), deadline);
    enqueue(call);
  }

  private boolean enqueue(C call) {
    boolean added = false;
    call.enterQueue(removal);
    try {
      added = calls.add(call);
    } finally {
      if (!added && call.exitQueue(removal)) {
        limit.release(weight(call));
      }
    }
    return added;
  }

  /** Removes a call that has ended, if it is queued. */
  void remove(CallFuture<?> call) {
    if (call.exitQueue(removal)) {
      int weight = weight(call);
      limit.release(weight);
      if (removedWeight.addAndGet(weight) > limit.queuedWeight()) {
        removedWeight.set(0);
        calls.removeIf(each -> !each.isQueued());
      }
    }
  }

  /** Removes the oldest call. */
  @Nullable C poll() {
    C call = calls.poll();
    if (call != null && call.exitQueue(removal)) {
      limit.release(weight(call));
    }
    return call;
  }

  /** Moves calls to a target until the target is full. Drops calls that have ended. */
  void drainTo(Target<? super C> target) {
    int weight = 0;
    try {
      C call;
      while (target.reserve() && (call = calls.poll()) != null) {
        if (call.exitQueue(removal)) {
          weight += weight(call);
        }
        if (!call.isEnded()) {
          target.add(call);
        }
      }
    } finally {
      limit.release(weight);
    }
  }

  private int weight(CallFuture<?> call) {
    return limit.weight(call.bytes());
  }

  /**
   * Returns the approximate number of queued calls. Calls with large arguments count more than
   * once.
   */
  int size() {
    return limit.size();
  }

  /** Returns the number of queued calls that have not ended, by counting them. */
  int count() {
    int count = 0;
    for (C call : calls) {
      count += call.isEnded() ? 0 : 1;
    }
    return count;
  }

  /** Returns whether no node is left. */
  boolean isEmpty() {
    return calls.isEmpty();
  }

  /** Returns a weakly consistent iterator. */
  @Override
  public Iterator<C> iterator() {
    return calls.iterator();
  }

  /** A receiver of calls with limited capacity. */
  interface Target<C> {
    /** Reserves memory for another call. Returns false if the target is full. */
    boolean reserve();

    /** Adds a call for which memory was reserved. */
    void add(C call);
  }
}
