// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

/** How long calls took, to 3 percent. Not thread-safe. */
final class Latencies {
  // each power of two is cut into as many steps
  private static final int STEPS = 32;
  private static final int STEP_BITS = 5;
  private static final int SHIFTS = 32;

  private final int[] counts = new int[(SHIFTS + 1) * STEPS];
  private long total;

  void add(long nanos) {
    int shift = Math.max(0, Long.SIZE - 1 - STEP_BITS - Long.numberOfLeadingZeros(nanos | 1));
    int index = shift * STEPS + (int) (nanos >>> shift);
    counts[Math.min(index, counts.length - 1)]++;
    total++;
  }

  void add(Latencies others) {
    for (int i = 0; i < counts.length; i++) {
      counts[i] += others.counts[i];
    }
    total += others.total;
  }

  /** Returns the time that this share of the calls did not exceed, as in 0.99, in nanoseconds. */
  double quantile(double share) {
    long left = (long) Math.ceil(share * total);
    int index = 0;
    while (left > counts[index]) {
      left -= counts[index];
      index++;
    }
    int shift = Math.max(0, index / STEPS - 1);
    return (double) ((long) (index - shift * STEPS) << shift);
  }
}
