// SPDX-License-Identifier: MIT
package io.pghello.examples.service.load;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

/** A histogram of latencies with buckets of doubling width. Thread-safe. */
final class LatencyHistogram {
  private static final long FIRST_MICROS = 62;
  private static final int BUCKETS = 14;

  private final AtomicLongArray counts = new AtomicLongArray(BUCKETS);

  /**
   * A bucket.
   *
   * @param upToMicros the upper bound in microseconds; the last bucket also contains all longer
   *     latencies
   */
  record Bucket(long upToMicros, long calls) {}

  void record(long nanos) {
    long upTo = FIRST_MICROS * 1_000;
    int bucket = 0;
    while (nanos > upTo && bucket < BUCKETS - 1) {
      upTo *= 2;
      bucket++;
    }
    counts.incrementAndGet(bucket);
  }

  List<Bucket> buckets() {
    var buckets = new ArrayList<Bucket>();
    for (int i = 0; i < BUCKETS; i++) {
      buckets.add(new Bucket(FIRST_MICROS << i, counts.get(i)));
    }
    return buckets;
  }
}
