// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Limits the number of queued calls and the total size of their arguments. */
final class QueueLimit {
  private final int maxCalls;
  private final int share;
  private final Semaphore permits;

  QueueLimit(int maxCalls, int maxBytes) {
    // each call has a weight of at least one byte, so the queue cannot hold more than maxBytes
    // calls
    this.maxCalls = Math.min(maxCalls, maxBytes);
    this.share = maxBytes / this.maxCalls;
    this.permits = new Semaphore(share * this.maxCalls);
  }

  /** Acquires capacity for the weight of a call. Returns false if there is not enough capacity. */
  boolean tryAcquire(int bytes) {
    return permits.tryAcquire(weight(bytes));
  }

  /**
   * Acquires capacity for the weight of a call. Blocks until there is enough capacity, and throws
   * at the deadline.
   */
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

  /**
   * Returns the weight of a call: its size in bytes, within bounds. The lower bound is one call's
   * share of the limit, so that one semaphore limits both the number of calls and their size. The
   * upper bound is the whole limit.
   */
  int weight(int bytes) {
    return Math.min(Math.max(share, bytes), share * maxCalls);
  }

  /** Returns the weight of all queued calls. */
  int queuedWeight() {
    return share * maxCalls - permits.availablePermits();
  }

  /**
   * Returns the approximate number of queued calls. Calls with large arguments count more than
   * once.
   */
  int size() {
    return maxCalls - permits.availablePermits() / share;
  }
}
