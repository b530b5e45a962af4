// SPDX-License-Identifier: MIT
package io.pghello.internal.coalescing;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Limits the number of statements in flight. A caller or a batch holds one permit and releases it
 * once.
 *
 * <p>A small batch costs the server about as much as a large one. So while a large batch is in
 * flight, a small batch gets a permit only after a delay (the head start): the large one may be
 * answered soon, and the calls that are queued until then form one batch. The large batch itself
 * holds a permit, so its release triggers the next dispatch.
 */
final class InFlightLimit {
  /**
   * The number of queued calls from which on a head start is ignored. Measured: values from 32 to
   * 256 make little difference.
   */
  static final int LARGE = 128;

  // The number of calls from which on a batch gets a head start, and its length.
  private static final int HEAD_START_SIZE = 16;
  private static final long HEAD_START_NANOS = 500_000;

  private final int maxInFlight;
  private final AtomicInteger available;
  private volatile long lastSent = System.nanoTime() - HEAD_START_NANOS;

  InFlightLimit(int maxInFlight) {
    this.maxInFlight = maxInFlight;
    this.available = new AtomicInteger(maxInFlight);
  }

  /**
   * Acquires a permit if one is available and no head start delays the queued calls.
   *
   * @param queueIsFull whether to ignore the head start, as no more calls can be queued until then
   */
  boolean tryAcquire(CallQueue<?> queue, boolean queueIsFull) {
    int now = available.get();
    while (now > 0
        && (now == maxInFlight || queueIsFull || queue.size() >= LARGE || isHeadStartOver())) {
      if (available.compareAndSet(now, now - 1)) {
        return true;
      }
      now = available.get();
    }
    return false;
  }

  /** Returns whether the head start of the last large batch is over. */
  private boolean isHeadStartOver() {
    return System.nanoTime() - lastSent > HEAD_START_NANOS;
  }

  /** Releases a permit. */
  void release() {
    available.incrementAndGet();
  }

  /**
   * Starts the head start of a batch if it is large; returns the time for {@link #batchAnswered}.
   */
  long batchSent(int calls) {
    long now = System.nanoTime();
    if (calls >= HEAD_START_SIZE) {
      lastSent = now;
    }
    return now;
  }

  /**
   * Ends the head start of the batch that was sent at a time, if it is the last one and another
   * statement is in flight, which may take long. Without one, the next call gets a permit anyway,
   * and its answer triggers the next dispatch: the calls of the answered batch that come again
   * until then form one batch.
   */
  void batchAnswered(long sent) {
    if (lastSent == sent && available.get() < maxInFlight - 1) {
      lastSent = sent - HEAD_START_NANOS - 1;
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
