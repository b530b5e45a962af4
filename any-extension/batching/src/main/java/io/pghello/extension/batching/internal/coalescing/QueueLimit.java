// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Limits the number of queued calls and the number of bytes of their names. */
final class QueueLimit {
  private final int maxCalls;
  private final int share;
  private final Semaphore permits;

  QueueLimit(int maxCalls, int maxBytes) {
    // the least weight is a byte
    this.maxCalls = Math.min(maxCalls, maxBytes);
    this.share = maxBytes / this.maxCalls;
    this.permits = new Semaphore(share * this.maxCalls);
  }

  /** Acquires the weight of a call; returns false if there is not enough. */
  boolean tryAcquire(int bytes) {
    return permits.tryAcquire(weight(bytes));
  }

  /** Acquires the weight of a call. Blocks until it is available, and throws at the deadline. */
  void acquire(int bytes, Deadline deadline) {
    try {
      if (!permits.tryAcquire(weight(bytes), deadline.nanosLeft(), TimeUnit.NANOSECONDS)) {
        throw Errors.overloaded();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Errors.interrupted();
    }
  }

  /** Releases the sum of the {@linkplain #weight weights} of calls. */
  void release(int weight) {
    permits.release(weight);
  }

  /** Returns the bytes of a call, but at least its share, so that one limit serves for both. */
  int weight(int bytes) {
    return Math.min(Math.max(share, bytes), share * maxCalls);
  }

  /** Returns the weight of all queued calls. */
  int queuedWeight() {
    return share * maxCalls - permits.availablePermits();
  }

  /** Returns about how many calls are queued; long names count more than once. */
  int size() {
    return maxCalls - permits.availablePermits() / share;
  }
}
