// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.internal.Threads;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Limits the number of statements in flight. Each caller or batch holds one permit, which also
 * covers its retries, and releases it exactly once.
 *
 * <p>A small batch costs the server about as much as a large one. Therefore, a large batch has a
 * head start: for some time after the large batch was sent, a small batch gets no permit while any
 * statement that may be answered soon is in flight. When that statement ends and releases its
 * permit, the calls that were queued in the meantime are sent as one batch. A statement that has
 * been in flight for some milliseconds causes no delay, because its remaining duration is unknown.
 *
 * <p>After its statement has ended, a virtual thread may be unable to get a carrier thread, and
 * then does not release its permit. The reserve is an additional permit, which is used while
 * virtual threads hold all other permits.
 */
final class InFlightLimit {
  /** The value that means that no permit is held. */
  static final int NONE = -1;

  /**
   * If at least this number of calls is queued, a head start is ignored. In measurements, values
   * from 32 to 256 made little difference.
   */
  static final int LARGE = 128;

  // The minimum number of calls in a batch that gets a head start, and the duration of the head
  // start.
  private static final int HEAD_START_SIZE = 16;
  private static final long HEAD_START_NANOS = 500_000;

  // a statement that runs longer than this is not expected to end soon
  private static final long SLOW_NANOS = 5_000_000;

  // an upper limit, because all permits are scanned for each statement; no program needs more
  // connections for batches
  private static final int MAX_PERMITS = 1024;

  // now() never returns this value
  private static final long AVAILABLE = 0;

  // the flags in the lowest bits of the values that now() returns
  private static final long HELD = 1;
  private static final long HELD_BY_VIRTUAL_THREAD = 2;

  // The time at which each permit was acquired, or at which its statement was sent. The last permit
  // is the reserve. Releasing a permit calls as few methods as possible, because the stack may be
  // almost full.
  private final AtomicLong[] permits;
  private final int reserve;
  private volatile long lastLarge = System.nanoTime() - HEAD_START_NANOS;

  InFlightLimit(int maxInFlight) {
    this.reserve = Math.min(maxInFlight, MAX_PERMITS);
    this.permits = Stream.generate(AtomicLong::new).limit(reserve + 1L).toArray(AtomicLong[]::new);
  }

  /**
   * Acquires a permit if one is available and no head start delays the queued calls. If an error is
   * thrown, no permit is acquired.
   *
   * @param queueIsFull whether the queue is full; the head start is then ignored, because no calls
   *     can be added while the head start lasts
   * @return the permit, or {@link #NONE}
   */
  int tryAcquire(CallQueue<?> queue, boolean queueIsFull) {
    int permit;
    while ((permit = findAvailable()) != NONE
        && (queueIsFull || queue.size() >= LARGE || !isHeadStart())) {
      if (permits[permit].compareAndSet(AVAILABLE, now())) {
        return permit;
      }
    }
    return NONE;
  }

  /**
   * Acquires the reserve, which virtual threads must not use. It is available while virtual threads
   * have held all other permits for some milliseconds.
   *
   * @return the permit, or {@link #NONE}
   */
  int tryAcquireReserve() {
    long now = now();
    for (int permit = 0; permit < reserve; permit++) {
      long since = permits[permit].get();
      if ((since & HELD_BY_VIRTUAL_THREAD) == 0 || now - since <= SLOW_NANOS) {
        return NONE;
      }
    }
    return permits[reserve].compareAndSet(AVAILABLE, now) ? reserve : NONE;
  }

  /** Returns whether a permit is the reserve. */
  boolean isReserve(int permit) {
    return permit == reserve;
  }

  private int findAvailable() {
    for (int permit = 0; permit < reserve; permit++) {
      if (permits[permit].get() == AVAILABLE) {
        return permit;
      }
    }
    return NONE;
  }

  /**
   * Returns whether a large batch was sent recently and a statement in flight may be answered soon.
   */
  private boolean isHeadStart() {
    long now = now();
    if (now - lastLarge > HEAD_START_NANOS) {
      return false;
    }
    for (AtomicLong permit : permits) {
      long since = permit.get();
      if (since != AVAILABLE && now - since <= SLOW_NANOS) {
        return true;
      }
    }
    return false;
  }

  /** Returns the current time, with the kind of holder in the lowest bits. */
  private static long now() {
    long holder = HELD;
    if (Threads.isVirtual(Thread.currentThread())) {
      holder |= HELD_BY_VIRTUAL_THREAD;
    }
    return (System.nanoTime() & -4L) | holder;
  }

  /** Releases a permit. */
  void release(int permit) {
    permits[permit].set(AVAILABLE);
  }

  /** Starts the head start of a batch that is about to be sent, if the batch is large. */
  void batchSent(int permit, int calls) {
    long now = now();
    permits[permit].set(now);
    if (calls >= HEAD_START_SIZE) {
      lastLarge = now;
    }
  }

  /** Returns the number of available permits, without the reserve. */
  int available() {
    int available = 0;
    for (int permit = 0; permit < reserve; permit++) {
      available += permits[permit].get() == AVAILABLE ? 1 : 0;
    }
    return available;
  }

  /** Returns whether all permits are free. */
  boolean isUnused() {
    return available() == reserve && permits[reserve].get() == AVAILABLE;
  }
}
