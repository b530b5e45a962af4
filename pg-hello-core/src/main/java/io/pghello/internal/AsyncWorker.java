// SPDX-License-Identifier: MIT
package io.pghello.internal;

import org.jspecify.annotations.Nullable;

/**
 * A thread of the client. It leads batches of futures, completes futures, or checks time-outs. It
 * has the class loader of this library and inherits no thread-local values, because any caller's
 * thread may start it.
 */
final class AsyncWorker extends Thread {
  private @Nullable Coalescer completingFuturesOf;

  AsyncWorker(Runnable task, String name) {
    super(null, task, name, 0, false);
    setDaemon(true);
    setContextClassLoader(AsyncWorker.class.getClassLoader());
  }

  /** Completes futures, and marks the current thread while it does. */
  static void completeFutures(Coalescer coalescer, InFlightBatch inFlight) {
    if (Thread.currentThread() instanceof AsyncWorker worker) {
      worker.completingFuturesOf = coalescer;
      try {
        inFlight.completeFutures();
      } finally {
        worker.completingFuturesOf = null;
      }
    } else {
      inFlight.completeFutures();
    }
  }

  /** Clears an interrupt that a dependent has set on a thread of the client. */
  static void clearInterrupt() {
    if (Thread.currentThread() instanceof AsyncWorker) {
      boolean unused = Thread.interrupted();
    }
  }

  /** Returns whether the current thread is completing futures of a coalescer. */
  static boolean isCompletingFuturesOf(Coalescer coalescer) {
    return Thread.currentThread() instanceof AsyncWorker worker
        && coalescer.equals(worker.completingFuturesOf);
  }
}
