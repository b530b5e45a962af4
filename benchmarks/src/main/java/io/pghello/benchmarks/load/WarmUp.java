// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

/** Lets the compiler learn what is measured. */
final class WarmUp {
  /** For what is warm, but was forgotten by the machine while others were measured. */
  static final int RECALL_MILLIS = 100;

  private static final int MILLIS = 400;
  private static final int TRIES = 4;
  private static final int MOST = Integer.getInteger("pghello.bench.warmups", 25);

  private WarmUp() {}

  /** Works for so many milliseconds, and returns the rate. */
  interface Work<E extends Exception> {
    double rate(long millis) throws E;
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
}
