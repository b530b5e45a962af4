// SPDX-License-Identifier: MIT
package io.pghello.internal;

import org.jspecify.annotations.Nullable;

/** A thread that leads batches of futures, and ends them. */
final class Worker extends Thread {
  private @Nullable Coalescer endingFuturesOf;

  Worker(Runnable task, int number) {
    super(task, "pg-hello-" + number);
    setDaemon(true);
  }

  /** Ends the futures, and remembers meanwhile that the current thread does. */
  static void endFutures(Coalescer coalescer, Delivery delivery) {
    if (Thread.currentThread() instanceof Worker worker) {
      worker.endingFuturesOf = coalescer;
      try {
        delivery.endFutures();
      } finally {
        worker.endingFuturesOf = null;
      }
    } else {
      delivery.endFutures();
    }
  }

  /** Does the current thread just end futures of that one? */
  static boolean isEndingFuturesOf(Coalescer coalescer) {
    return Thread.currentThread() instanceof Worker worker
        && coalescer.equals(worker.endingFuturesOf);
  }
}
