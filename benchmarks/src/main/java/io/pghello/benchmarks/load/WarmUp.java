// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

/** Lets the compiler learn what is measured. */
final class WarmUp {
  /** The time to warm up again after others were measured. */
  static final int RECALL_MILLIS = 100;

  private static final int MILLIS = 400;
  private static final int TRIES = 4;

  // the compiler works in the background, for tens of thousands of requests
  private static final int CHEAP_MILLIS = 2_000;
  private static final int CHEAP_TRIES = 3;
  private static final double CHEAPER = 0.97;

  private static final int MOST = Integer.getInteger("pghello.bench.warmups", 25);

  private WarmUp() {}

  /** Works for so many milliseconds, and returns the rate. */
  interface Work<E extends Exception> {
    double rate(long millis) throws E;
  }

  /** Works for so many milliseconds, and returns the CPU time of a call. */
  interface Cost<E extends Exception> {
    double micros(long millis) throws E;
  }

  /** Works again and again until it has become no faster. */
  static <E extends Exception> void run(Work<E> work) throws E {
    double best = 0;
    int tries = TRIES;
    for (int i = 0; i < MOST && tries > 0; i++) {
      double rate = work.rate(MILLIS);
      tries = rate > best ? TRIES : tries - 1;
      best = Math.max(best, rate);
    }
  }

  /** Works again and again until a call takes no less CPU time, that of the compiler included. */
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
