// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The caller's side of a call. For one thread.
 *
 * @param cancellation cancels what runs for the call once it completes; null if nobody does
 * @param rest what is done after the caller has the answer, as giving a connection back
 */
public record Caller(@Nullable CompletionStage<?> cancellation, Deque<Runnable> rest)
    implements AutoCloseable {
  /** Returns one for whom nothing is left to be done yet. */
  public static Caller of(@Nullable CompletionStage<?> cancellation) {
    return new Caller(cancellation, new ArrayDeque<>());
  }

  /** Does the rest now, all of it, whatever a part of it throws. */
  void doRest() {
    if (!rest.isEmpty()) {
      try {
        rest.remove().run();
      } finally {
        doRest();
      }
    }
  }

  @Override
  public void close() {
    doRest();
  }
}
