// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import java.util.LongSummaryStatistics;

/** Counts operations and their durations. Thread-safe. */
public final class Counters {
  private static final double NANOS_PER_MILLI = 1e6;

  private final LongSummaryStatistics nanos = new LongSummaryStatistics();
  private long errors;

  /** Counts a completed operation. */
  public synchronized void ended(long duration, boolean failed) {
    nanos.accept(duration);
    errors += failed ? 1 : 0;
  }

  /** Returns the number of completed operations. */
  public synchronized long count() {
    return nanos.getCount();
  }

  /** Returns the number of failed operations. */
  public synchronized long errors() {
    return errors;
  }

  synchronized double avgMillis() {
    return nanos.getAverage() / NANOS_PER_MILLI;
  }

  synchronized double maxMillis() {
    return Math.max(0, nanos.getMax()) / NANOS_PER_MILLI;
  }
}
