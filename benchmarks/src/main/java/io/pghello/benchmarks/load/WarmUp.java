// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.pghello.benchmarks.harness.CpuTime.Client;
import java.io.IOException;

/** Warms up the code to be measured. */
final class WarmUp {
  /** The time for warming up again after other measurements. */
  static final int RECALL_MILLIS = 100;

  private static final int MILLIS = 400;
  private static final int TRIES = 4;

  // the JIT compiler keeps compiling in the background during the first tens of thousands of
  // requests
  private static final int CHEAP_MILLIS = 2_000;
  private static final int CHEAP_TRIES = 6;
  private static final double CHEAPER = 0.97;

  private static final int IDLE_MILLIS = 300;
  private static final int IDLE_TRIES = 200;
  private static final double IDLE_SHARE = 0.1;

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

  /**
   * Repeats the work like {@link #untilCheap(Cost)}, but waits before each measurement until the
   * process is idle.
   */
  static void untilCheap(Client process, Cost<Exception> cost) throws Exception {
    WarmUp.<Exception>untilCheap(
        millis -> {
          awaitIdle(process);
          return cost.micros(millis);
        });
  }

  /**
   * Waits until a process that has no work uses hardly any CPU time, but at most a minute. If many
   * threads are busy, the JIT compiler's threads get a small share of the CPUs, and compile the
   * code long after it was first called.
   */
  static void awaitIdle(Client process) throws IOException, InterruptedException {
    long nanos = process.nanos();
    for (int i = 0; i < IDLE_TRIES; i++) {
      Thread.sleep(IDLE_MILLIS);
      long before = nanos;
      nanos = process.nanos();
      if (nanos - before < IDLE_MILLIS * 1e6 * IDLE_SHARE) {
        return;
      }
    }
  }
}
