// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloListener;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import org.jspecify.annotations.Nullable;

/**
 * Passes the events of calls to a listener of the client.
 *
 * @param listener the program's listener
 */
public record ListenerAdapter(PgHelloListener listener) implements CallListener {
  @Override
  public void callEnded(CallEnded event) {
    PgHelloException error =
        event instanceof RefusedCall refused ? refused.reason() : translate(event.error());
    listener.callEnded(
        new Call(event.function(), event.durationNanos(), event.queueNanos(), error));
  }

  @Override
  public void statementStarting(StatementStarting event) {
    listener.statementStarting(new Starting(kind(event.kind()), event.calls()));
  }

  @Override
  public void statementEnded(StatementEnded event) {
    listener.statementEnded(
        new Statement(
            kind(event.kind()),
            event.calls(),
            event.oldestWaitNanos(),
            event.durationNanos(),
            translate(event.error())));
  }

  @Override
  public void retrying(Retrying event) {
    listener.retrying(new Retry(HelloErrors.translate(event.reason())));
  }

  private static @Nullable PgHelloException translate(@Nullable FunctionCallException error) {
    return error == null ? null : HelloErrors.translate(error);
  }

  private static PgHelloListener.Kind kind(Kind kind) {
    return switch (kind) {
      case SINGLE -> PgHelloListener.Kind.SINGLE;
      case BATCH -> PgHelloListener.Kind.BATCH;
      case BULK -> PgHelloListener.Kind.BULK;
    };
  }

  /** A call that ended because its arguments are invalid. */
  public record RefusedCall(String function, PgHelloException reason) implements CallEnded {
    @Override
    public long durationNanos() {
      return 0;
    }

    @Override
    public long queueNanos() {
      return 0;
    }

    @Override
    public FunctionCallException error() {
      return new FunctionCallException(
          FunctionCallException.Code.INVALID_ARGUMENT, reason.problem().message());
    }
  }

  private record Call(
      String function, long durationNanos, long queueNanos, @Nullable PgHelloException error)
      implements PgHelloListener.CallEnded {}

  private record Starting(PgHelloListener.Kind kind, int calls)
      implements PgHelloListener.StatementStarting {}

  private record Statement(
      PgHelloListener.Kind kind,
      int calls,
      long oldestWaitNanos,
      long durationNanos,
      @Nullable PgHelloException error)
      implements PgHelloListener.StatementEnded {}

  private record Retry(PgHelloException reason) implements PgHelloListener.Retrying {}
}
