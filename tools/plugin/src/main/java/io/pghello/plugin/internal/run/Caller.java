// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The caller of an operation. Not thread-safe.
 *
 * @param cancellation the stage that cancels the statements of the call when the stage completes;
 *     null for none
 * @param rest the tasks to run after the caller has received the result, such as returning a
 *     connection
 */
public record Caller(@Nullable CompletionStage<?> cancellation, Deque<Runnable> rest)
    implements AutoCloseable {
  /** Returns a caller without remaining tasks. */
  public static Caller of(@Nullable CompletionStage<?> cancellation) {
    return new Caller(cancellation, new ArrayDeque<>());
  }

  /** Runs all remaining tasks, even if some of them throw. */
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
