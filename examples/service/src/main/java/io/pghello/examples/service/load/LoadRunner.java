// SPDX-License-Identifier: MIT
package io.pghello.examples.service.load;

import io.pghello.PgHelloOperations;
import io.pghello.extension.batching.FunctionCallException;
import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;

/** Runs a short load test with many threads. Thread-safe. */
final class LoadRunner {
  static final int THREADS = 64;
  static final Duration DURATION = Duration.ofMillis(500);
  private static final int MAX_CALLS = 50_000;

  private final PgHelloOperations client;

  LoadRunner(PgHelloOperations client) {
    this.client = client;
  }

  /** The result of a load test. */
  record Result(long calls, long nanos, LatencyHistogram histogram) {}

  /**
   * Runs the load test for half a second, or until the maximum number of calls is reached.
   *
   * @throws FunctionCallException if a call fails
   */
  Result run() throws InterruptedException {
    var histogram = new LatencyHistogram();
    var calls = new LongAdder();
    long begin = System.nanoTime();
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      for (Future<?> future :
          threads.invokeAll(
              Collections.nCopies(
                  THREADS, Executors.callable(() -> call(begin, calls, histogram))))) {
        future.get();
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof FunctionCallException failed) {
        throw failed;
      }
      throw new IllegalStateException(e.getCause());
    } finally {
      threads.shutdownNow();
    }
    return new Result(calls.sum(), System.nanoTime() - begin, histogram);
  }

  private void call(long begin, LongAdder calls, LatencyHistogram histogram) {
    for (int i = 0; i < MAX_CALLS / THREADS; i++) {
      long before = System.nanoTime();
      if (before - begin > DURATION.toNanos()) {
        return;
      }
      client.hello("Ada");
      histogram.record(System.nanoTime() - before);
      calls.increment();
    }
  }
}
