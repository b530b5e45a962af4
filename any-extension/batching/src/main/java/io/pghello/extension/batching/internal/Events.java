// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.CallListener.Kind;
import io.pghello.extension.batching.FunctionCallException;
import org.jspecify.annotations.Nullable;

/** The events that listeners receive. */
public final class Events {
  private Events() {}

  /** Event at the end of a call. */
  public record Call(
      String function, long durationNanos, long queueNanos, @Nullable FunctionCallException error)
      implements CallListener.CallEnded {}

  /** Event at the start of a statement. */
  public record Starting(Kind kind, int calls) implements CallListener.StatementStarted {}

  /** Event at the end of a statement. */
  public record Statement(
      StatementContext context, long durationNanos, @Nullable FunctionCallException error)
      implements CallListener.StatementEnded {
    @Override
    public Kind kind() {
      return context.kind();
    }

    @Override
    public int calls() {
      return context.calls();
    }

    @Override
    public long oldestWaitNanos() {
      return context.queueNanos();
    }
  }

  /** Event before a retry. */
  public record Retry(FunctionCallException reason) implements CallListener.Retrying {}
}
