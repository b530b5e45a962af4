// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloListener;
import io.pghello.PgHelloListener.Kind;
import org.jspecify.annotations.Nullable;

/** The events that a listener is told. */
public final class Events {
  private Events() {}

  /** The end of a call. */
  public record Call(
      String function, long nanos, long waitedNanos, @Nullable PgHelloException error)
      implements PgHelloListener.CallEnded {}

  /** The beginning of a statement. */
  public record Starting(Kind kind, int calls) implements PgHelloListener.StatementStarting {}

  /** The end of a statement. */
  public record Statement(StatementContext context, long nanos, @Nullable PgHelloException error)
      implements PgHelloListener.StatementEnded {
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
  public record Retry(PgHelloException reason) implements PgHelloListener.Retrying {}
}
