// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.io.Serial;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Calls that are under way, and what comes of them.
 *
 * <p>What depends on a future runs in the thread that ends it, and may wait for another one of the
 * same batch. So several threads can end the futures, each taking the next that none has taken: the
 * number of those that are taken is what this counts.
 */
final class InFlightBatch extends AtomicInteger {
  @Serial private static final long serialVersionUID = 1L;

  private final transient Call[] calls;
  private transient volatile Object @Nullable [] outcomes;

  InFlightBatch(List<Call> calls) {
    this.calls = calls.toArray(new Call[0]);
  }

  /**
   * Brings what came of the calls, and ends those that a thread waits for.
   *
   * @return whether there are futures to end
   */
  boolean bring(Object[] outcomes) {
    boolean futures = false;
    for (int i = 0; i < calls.length; i++) {
      if (calls[i].hasThread()) {
        calls[i].end(outcomes[i]);
      } else {
        futures = true;
      }
    }
    this.outcomes = outcomes;
    return futures;
  }

  /** Has it been brought? */
  boolean isHere() {
    return outcomes != null;
  }

  /** Ends the futures that no other thread has taken. */
  void endFutures() {
    Object[] here = outcomes;
    int next;
    while (here != null && (next = getAndIncrement()) < calls.length) {
      if (!calls[next].hasThread()) {
        calls[next].end(here[next]);
        AsyncWorker.clearInterrupt();
      }
    }
  }

  /** Returns some of the calls. */
  Stream<Call> calls(Predicate<Call> which) {
    return Arrays.stream(calls).filter(which);
  }
}
