// SPDX-License-Identifier: MIT
package io.pghello.internal.coalescing;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Limits the number of statements in flight. A caller or a batch holds one permit and releases it
 * once.
 *
 * <p>A small batch costs the server about as much as a large one. So for some time after a large
 * batch was sent (the head start), a small batch gets no permit while another statement is in
 * flight that may be answered soon: the calls that are queued until then form one batch. The
 * release of that statement's permit triggers the next dispatch. A statement that has been in
 * flight for some milliseconds delays nothing, as it may take any time.
 */
final class InFlightLimit {
  /** What stands for a permit that is not held. */
  static final int NONE = -1;

  /**
   * The number of queued calls from which on a head start is ignored. Measured: values from 32 to
   * 256 make little difference.
   */
  static final int LARGE = 128;

  // The number of calls from which on a batch gets a head start, and its length.
  private static final int HEAD_START_SIZE = 16;
  private static final long HEAD_START_NANOS = 500_000;

  // after this time in flight a statement is not expected to be answered soon
  private static final long SLOW_NANOS = 5_000_000;

  // permits beyond these have no start; nobody has so many connections for batches
  private static final int MAX_STARTS = 64;
  private static final long NOT_HELD = 0;

  private final int maxInFlight;
  private final AtomicInteger available;
  // when the statement of each permit was sent, or the permit acquired
  private final AtomicLongArray starts;
  private volatile long lastLarge = System.nanoTime() - HEAD_START_NANOS;

  InFlightLimit(int maxInFlight) {
    this.maxInFlight = maxInFlight;
    this.available = new AtomicInteger(maxInFlight);
    this.starts = new AtomicLongArray(Math.min(maxInFlight, MAX_STARTS));
  }

  /**
   * Acquires a permit if one is available and no head start delays the queued calls.
   *
   * @param queueIsFull whether to ignore the head start, as no more calls can be queued until then
   * @return the permit, or {@link #NONE}
   */
  int tryAcquire(CallQueue<?> queue, boolean queueIsFull) {
    int now = available.get();
    while (now > 0
        && (now == maxInFlight || queueIsFull || queue.size() >= LARGE || !isHeadStart())) {
      if (available.compareAndSet(now, now - 1)) {
        return start();
      }
      now = available.get();
    }
    return NONE;
  }

  private int start() {
    long now = now();
    int permit = 0;
    while (permit < starts.length() && !starts.compareAndSet(permit, NOT_HELD, now)) {
      permit++;
    }
    return permit;
  }

  private static long now() {
    return System.nanoTime() | 1;
  }

  private boolean isHeadStart() {
    long now = now();
    if (now - lastLarge > HEAD_START_NANOS) {
      return false;
    }
    for (int permit = 0; permit < starts.length(); permit++) {
      long start = starts.get(permit);
      if (start != NOT_HELD && now - start <= SLOW_NANOS) {
        return true;
      }
    }
    return false;
  }

  /** Releases a permit. */
  void release(int permit) {
    if (permit < starts.length()) {
      starts.set(permit, NOT_HELD);
    }
    available.incrementAndGet();
  }

  /** Starts the head start of a batch that is about to be sent, if the batch is large. */
  void batchSent(int permit, int calls) {
    long now = now();
    if (permit < starts.length()) {
      starts.set(permit, now);
    }
    if (calls >= HEAD_START_SIZE) {
      lastLarge = now;
    }
  }

  /** Returns the number of available permits. */
  int available() {
    return available.get();
  }

  /** Returns whether all permits are available. */
  boolean isUnused() {
    return available.get() == maxInFlight;
  }
}
