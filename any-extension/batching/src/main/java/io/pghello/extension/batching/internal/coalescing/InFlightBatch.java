// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.internal.AsyncWorker;
import java.io.Serial;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The published calls of a batch, and their outcomes once the statement has ended.
 *
 * <p>Dependent stages of a future run on the thread that completes it, and may wait for another
 * future of the same batch. Therefore, several threads can complete the futures. This object's
 * counter is the index of the next call, and each thread increments the counter to claim that call.
 */
final class InFlightBatch extends AtomicInteger {
  @Serial private static final long serialVersionUID = 1L;

  private final transient Call<?, ?>[] calls;
  private transient volatile Object @Nullable [] outcomes;

  InFlightBatch(List<? extends Call<?, ?>> calls) {
    this.calls = calls.toArray(new Call<?, ?>[0]);
  }

  /**
   * Sets the outcomes, and completes the calls whose threads are waiting.
   *
   * @return whether there are futures to complete
   */
  boolean complete(Object[] outcomes) {
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

  /** Returns whether the outcomes are set. */
  boolean isAnswered() {
    return outcomes != null;
  }

  /** Completes the futures that no other thread has claimed. */
  void completeFutures() {
    Object[] known = outcomes;
    int next;
    while (known != null && (next = getAndIncrement()) < calls.length) {
      if (!calls[next].hasThread()) {
        calls[next].end(known[next]);
        AsyncWorker.clearInterrupt();
      }
    }
  }

  /** Returns the calls that match a predicate. */
  Stream<Call<?, ?>> calls(Predicate<Call<?, ?>> which) {
    return Arrays.stream(calls).filter(which);
  }
}
