// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.internal.AsyncWorker;
import io.pghello.extension.batching.internal.Threads;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Fails futures on threads of the client. Dependent stages of the futures may block. They must
 * therefore not run on the thread that detects the failure, because that thread belongs to a caller
 * or is shared.
 */
final class TimedOutFutures {
  private final Queue<Runnable> failures = new ConcurrentLinkedQueue<>();
  private final AtomicInteger threads = new AtomicInteger();
  private final AtomicInteger ended = new AtomicInteger();
  private final Executor executor;
  private int endedBefore;

  TimedOutFutures(Executor executor) {
    this.executor = executor;
  }

  void add(Runnable failure) {
    failures.add(failure);
  }

  /** Starts a thread if futures are left and no thread is failing them. */
  void start() {
    if (!failures.isEmpty() && threads.get() == 0) {
      execute();
    }
  }

  /**
   * Starts a thread if futures are left and no thread is failing them, or if the threads that fail
   * futures have made no progress since the previous check, because dependent stages block them.
   * Called only by the thread that checks timeouts.
   */
  void check() {
    int now = ended.get();
    boolean blocked = now == endedBefore;
    endedBefore = now;
    if (blocked && !failures.isEmpty()) {
      execute();
    } else {
      start();
    }
  }

  private void execute() {
    boolean executed = false;
    threads.incrementAndGet();
    try {
      // if no thread is available now, the next check tries again, because a thread may have ended
      // by then
      executed = Threads.tryExecute(executor, this::run);
    } finally {
      if (!executed) {
        threads.decrementAndGet();
      }
    }
  }

  /** Fails the futures that no other thread has claimed. */
  private void run() {
    try {
      Runnable failure;
      while ((failure = failures.poll()) != null) {
        failure.run();
        ended.incrementAndGet();
        AsyncWorker.clearInterrupt();
      }
    } finally {
      threads.decrementAndGet();
    }
    // a future may have been added just after this thread found the queue empty
    start();
  }

  boolean isEmpty() {
    return failures.isEmpty();
  }
}
