// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** How many calls, and how many bytes of names, may wait. */
final class QueueLimit {
  private final int maxCalls;
  private final int share;
  private final Semaphore room;

  QueueLimit(int maxCalls, int maxBytes) {
    this.maxCalls = maxCalls;
    this.share = Math.max(1, maxBytes / maxCalls);
    this.room = new Semaphore(share * maxCalls);
  }

  /** Takes room for a call if there is some. */
  boolean tryTake(int bytes) {
    return room.tryAcquire(weight(bytes));
  }

  /** Takes room for a call as soon as there is some, or throws if its time is over before. */
  void take(int bytes, Deadline deadline) {
    try {
      if (!room.tryAcquire(weight(bytes), deadline.nanosLeft(), TimeUnit.NANOSECONDS)) {
        throw Errors.overloaded();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Errors.interrupted();
    }
  }

  /** Gives room back: the sum of the {@linkplain #weight weights} of calls. */
  void giveBack(int weight) {
    room.release(weight);
  }

  /** Each call takes its bytes, and no less than its share, so that one bound serves for both. */
  int weight(int bytes) {
    return Math.min(Math.max(share, bytes), share * maxCalls);
  }

  /** Returns about how many calls wait; more, if their names are long. */
  int size() {
    return maxCalls - room.availablePermits() / share;
  }
}
