// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

/** Warms up the code to be measured. */
final class WarmUp {
  /** The time for warming up again after other measurements. */
  static final int RECALL_MILLIS = 100;

  private static final int MILLIS = 400;
  private static final int TRIES = 4;

  // the JIT compiler keeps compiling in the background during the first tens of thousands of
  // requests
  private static final int CHEAP_MILLIS = 2_000;
  private static final int CHEAP_TRIES = 3;
  private static final double CHEAPER = 0.97;

  private static final int MOST = Integer.getInteger("pg-hello.bench.warmups", 25);

  private WarmUp() {}

  /** Runs for a number of milliseconds, and returns the rate. */
  interface Work<E extends Exception> {
    double rate(long millis) throws E;
  }

  /** Runs for a number of milliseconds, and returns the CPU time per call. */
  interface Cost<E extends Exception> {
    double micros(long millis) throws E;
  }

  /** Repeats the work until it no longer gets faster. */
  static <E extends Exception> void run(Work<E> work) throws E {
    double best = 0;
    int tries = TRIES;
    for (int i = 0; i < MOST && tries > 0; i++) {
      double rate = work.rate(MILLIS);
      tries = rate > best ? TRIES : tries - 1;
      best = Math.max(best, rate);
    }
  }

  /**
   * Repeats the work until the CPU time per call, including JIT compilation, does not decrease
   * further.
   */
  static <E extends Exception> void untilCheap(Cost<E> cost) throws E {
    double best = Double.MAX_VALUE;
    int tries = CHEAP_TRIES;
    for (int i = 0; i < MOST && tries > 0; i++) {
      double micros = cost.micros(CHEAP_MILLIS);
      tries = micros < best * CHEAPER ? CHEAP_TRIES : tries - 1;
      best = Math.min(best, micros);
    }
  }
}
