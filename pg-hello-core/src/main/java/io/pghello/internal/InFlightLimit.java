// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The ways to the server. Each is free, or held by one caller or one batch, which gives it back
 * once.
 *
 * <p>Small batches cost the same as large ones. So while a batch is under way others leave only if
 * they are large, too, or some time after it, as it may be back soon, and who waits meanwhile
 * travels together. As it holds a wire, it looks for who waits when it gives that back, and has no
 * head start then.
 */
final class InFlightLimit {
  /**
   * From how many calls on a batch may leave whenever a wire is free. Found by measuring: 32 to 256
   * make little difference.
   */
  static final int LARGE = 128;

  // From how many calls on a batch has a head start of smaller ones, and which.
  private static final int HEAD_START_SIZE = 16;
  private static final long HEAD_START_NANOS = 500_000;

  private final int all;
  private final AtomicInteger free;
  private volatile long departure = System.nanoTime() - HEAD_START_NANOS;

  InFlightLimit(int all) {
    this.all = all;
    this.free = new AtomicInteger(all);
  }

  /** Takes one for some of those that wait, if one is free and they need not wait for others. */
  boolean take(CallQueue waiting) {
    int now = free.get();
    while (now > 0 && (now == all || waiting.size() >= LARGE || isDue())) {
      if (free.compareAndSet(now, now - 1)) {
        return true;
      }
      now = free.get();
    }
    return false;
  }

  /** Has the last batch had its head start? */
  private boolean isDue() {
    return System.nanoTime() - departure > HEAD_START_NANOS;
  }

  void giveBack() {
    free.incrementAndGet();
  }

  /** Says that a batch of so many leaves; returns when, for {@link #arrive}. */
  long depart(int calls) {
    long now = System.nanoTime();
    if (calls >= HEAD_START_SIZE) {
      departure = now;
    }
    return now;
  }

  /** Says that the batch is back that left then: nobody has to wait for it any longer. */
  void arrive(long departed) {
    if (departure == departed) {
      departure = departed - HEAD_START_NANOS - 1;
    }
  }

  int free() {
    return free.get();
  }

  boolean areAllFree() {
    return free.get() == all;
  }
}
