// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Fails futures on threads of the client, because their dependents may block, and the thread that
 * checks time-outs is shared.
 */
final class FutureFailures {
  private final Queue<Runnable> failures = new ConcurrentLinkedQueue<>();
  private final Executor executor;

  FutureFailures(Executor executor) {
    this.executor = executor;
  }

  void add(Runnable failure) {
    failures.add(failure);
  }

  /**
   * Starts a thread if futures are left. Each call starts one more, as the threads before may be
   * blocked by dependents.
   */
  void start() {
    if (!failures.isEmpty()) {
      try {
        executor.execute(this::run);
      } catch (RejectedExecutionException e) {
        run();
      } catch (OutOfMemoryError e) {
        // the next check tries again, and until then a thread may end
        return;
      }
    }
  }

  /** Fails the futures that no other thread has claimed. */
  void run() {
    Runnable failure;
    while ((failure = failures.poll()) != null) {
      failure.run();
      AsyncWorker.clearInterrupt();
    }
  }

  boolean isEmpty() {
    return failures.isEmpty();
  }
}
