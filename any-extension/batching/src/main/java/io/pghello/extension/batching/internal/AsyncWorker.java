// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import org.jspecify.annotations.Nullable;

/**
 * A thread of the client. It leads batches of asynchronous calls, completes futures, or checks
 * timeouts. Any caller's thread may start an AsyncWorker. Therefore, the new thread uses the class
 * loader of this library and inherits no thread-local values.
 */
public final class AsyncWorker extends Thread {
  private @Nullable Object completingFuturesOf;

  public AsyncWorker(Runnable task, String name) {
    super(null, task, name, 0, false);
    setDaemon(true);
    setContextClassLoader(AsyncWorker.class.getClassLoader());
  }

  /**
   * Completes futures of an owner. While the completion runs, {@link #isCompletingFuturesOf}
   * returns true if the current thread is a thread of the client.
   */
  public static void completeFuturesOf(Object owner, Runnable completion) {
    if (Thread.currentThread() instanceof AsyncWorker worker) {
      worker.completingFuturesOf = owner;
      try {
        completion.run();
      } finally {
        worker.completingFuturesOf = null;
      }
    } else {
      completion.run();
    }
  }

  /** Clears an interrupt that a dependent stage has set on a thread of the client. */
  public static void clearInterrupt() {
    if (Thread.currentThread() instanceof AsyncWorker) {
      boolean unused = Thread.interrupted();
    }
  }

  /** Returns whether the current thread is completing futures of an owner. */
  public static boolean isCompletingFuturesOf(Object owner) {
    return Thread.currentThread() instanceof AsyncWorker worker
        && owner.equals(worker.completingFuturesOf);
  }
}
