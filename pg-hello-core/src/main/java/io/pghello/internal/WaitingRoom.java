// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.util.Iterator;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The calls that wait for a batch, the oldest first: no more than there is room for. A call is
 * taken out once, by the one who {@linkplain Queue#poll() polls} it, and that one sees to it that
 * the call ends, or finds that its caller has left.
 */
final class WaitingRoom implements Iterable<Call> {
  private final Queue<Call> calls = new ConcurrentLinkedQueue<>();
  private final int seats;
  private final int share;
  private final Semaphore room;

  WaitingRoom(int maxCalls, int maxBytes) {
    this.seats = maxCalls;
    this.share = Math.max(1, maxBytes / maxCalls);
    this.room = new Semaphore(share * maxCalls);
  }

  /** Lets a call in, if there is room. */
  boolean tryAdd(Call call) {
    return room.tryAcquire(weight(call)) && calls.add(call);
  }

  /** Lets a call in as soon as there is room, or throws if its time is over before. */
  void add(Call call) {
    try {
      long left = call.deadline.nanosLeft();
      if (!room.tryAcquire(weight(call), left, TimeUnit.NANOSECONDS)) {
        throw Errors.overloaded();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Errors.interrupted();
    }
    calls.add(call);
  }

  /** Takes the oldest one out. */
  @Nullable Call poll() {
    Call call = calls.poll();
    if (call != null) {
      room.release(weight(call));
    }
    return call;
  }

  /** Takes calls out into a batch until it is full; those whose callers have left are dropped. */
  void board(Batch batch) {
    int weight = 0;
    Call call;
    while (!batch.isFull() && (call = calls.poll()) != null) {
      weight += weight(call);
      if (!call.isOver()) {
        batch.add(call);
      }
    }
    room.release(weight);
  }

  /** Each call takes its bytes, and no less than its share, so that one bound serves for both. */
  private int weight(Call call) {
    return Math.min(Math.max(share, call.question.bytes()), share * seats);
  }

  /** About how many calls wait; more, if their names are long. */
  int size() {
    return seats - room.availablePermits() / share;
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
