// SPDX-License-Identifier: MIT
package io.pghello.internal;

import org.jspecify.annotations.Nullable;

/**
 * A thread of the client's: it leads batches of futures and ends them, or looks after time-outs. It
 * has the class loader of this library, and no thread-local value of the thread that started it,
 * which can be any caller's.
 */
final class AsyncWorker extends Thread {
  private @Nullable Coalescer endingFuturesOf;

  AsyncWorker(Runnable task, String name) {
    super(null, task, name, 0, false);
    setDaemon(true);
    setContextClassLoader(AsyncWorker.class.getClassLoader());
  }

  /** Ends the futures, and remembers meanwhile that the current thread does. */
  static void endFutures(Coalescer coalescer, InFlightBatch inFlight) {
    if (Thread.currentThread() instanceof AsyncWorker worker) {
      worker.endingFuturesOf = coalescer;
      try {
        inFlight.endFutures();
      } finally {
        worker.endingFuturesOf = null;
      }
    } else {
      inFlight.endFutures();
    }
  }

  /** Clears what the program has set on a thread of the client's, which is not for the others. */
  static void clearInterrupt() {
    if (Thread.currentThread() instanceof AsyncWorker) {
      boolean unused = Thread.interrupted();
    }
  }

  /** Does the current thread just end futures of that one? */
  static boolean isEndingFuturesOf(Coalescer coalescer) {
    return Thread.currentThread() instanceof AsyncWorker worker
        && coalescer.equals(worker.endingFuturesOf);
  }
}
