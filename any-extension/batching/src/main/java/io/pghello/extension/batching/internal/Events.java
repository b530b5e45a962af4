// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.CallListener.Kind;
import io.pghello.extension.batching.FunctionCallException;
import org.jspecify.annotations.Nullable;

/** The events that listeners receive. */
public final class Events {
  private Events() {}

  /** The end of a call. */
  public record Call(
      String function, long nanos, long waitedNanos, @Nullable FunctionCallException error)
      implements CallListener.CallEnded {}

  /** The beginning of a statement. */
  public record Starting(Kind kind, int calls) implements CallListener.StatementStarting {}

  /** The end of a statement. */
  public record Statement(
      StatementContext context, long nanos, @Nullable FunctionCallException error)
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
      return context.waitedNanos();
    }
  }

  /** A repetition. */
  public record Retry(FunctionCallException reason) implements CallListener.Retrying {}
}
