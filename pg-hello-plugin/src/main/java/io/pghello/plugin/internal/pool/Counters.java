// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/** Counts operations and their times. Thread-safe. */
public final class Counters {
  private static final double NANOS_PER_MILLI = 1e6;

  private final LongAdder count = new LongAdder();
  private final LongAdder errors = new LongAdder();
  private final LongAdder nanos = new LongAdder();
  private final LongAccumulator longest = new LongAccumulator(Math::max, 0);

  /** Counts one that ended. */
  public void ended(long duration, boolean failed) {
    count.increment();
    nanos.add(duration);
    longest.accumulate(duration);
    if (failed) {
      errors.increment();
    }
  }

  /** Returns how many ended. */
  public long count() {
    return count.sum();
  }

  /** Returns how many failed. */
  public long errors() {
    return errors.sum();
  }

  /** Returns the sum of their times. */
  public double totalMillis() {
    return nanos.sum() / NANOS_PER_MILLI;
  }

  /** Returns the longest time. */
  public double maxMillis() {
    return longest.get() / NANOS_PER_MILLI;
  }
}
