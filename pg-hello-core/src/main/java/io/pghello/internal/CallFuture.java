// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloListener;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The future of a call. It tells the listener how the call ended, which is before anything runs
 * that depends on it. Who ends it first, the client or the program, is who is told of.
 */
public final class CallFuture<T> extends CompletableFuture<T> {
  private final Function function;
  private final PgHelloListener listener;
  private final @Nullable AtomicBoolean ended;
  private final long begin;
  private @Nullable Call call;

  /** Creates a future of a call that begins now. */
  public CallFuture(Function function, PgHelloListener listener) {
    this.function = function;
    this.listener = listener;
    this.ended = listener.equals(Settings.NO_LISTENER) ? null : new AtomicBoolean();
    this.begin = ended == null ? 0 : System.nanoTime();
  }

  /** Says which call this is the future of. */
  void setCall(Call call) {
    this.call = call;
  }

  /** Ends the call with its answer; nothing happens if it has ended. */
  void answer(T answer) {
    if (end(isDone() ? Errors.cancelledByCaller() : null)) {
      super.complete(answer);
    }
  }

  /** Ends the call with an error; nothing happens if it has ended. */
  void fail(PgHelloException error) {
    if (end(isDone() ? Errors.cancelledByCaller() : error)) {
      super.completeExceptionally(error);
    }
  }

  @Override
  public boolean complete(T value) {
    return end(Errors.cancelledByCaller()) && leave(super.complete(value));
  }

  @Override
  public boolean completeExceptionally(Throwable error) {
    return end(Errors.cancelledByCaller()) && leave(super.completeExceptionally(error));
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    return end(Errors.cancelledByCaller())
        ? leave(super.cancel(mayInterruptIfRunning))
        : isCancelled();
  }

  /** Lets the call leave the queue, if the program has just ended it. */
  private boolean leave(boolean first) {
    Call known = call;
    if (first && known != null) {
      known.leaveRoom();
    }
    return first;
  }

  /** Tells the listener, if there is one; returns false if somebody has ended it already. */
  private boolean end(@Nullable PgHelloException error) {
    if (ended == null) {
      return true;
    }
    boolean first = ended.compareAndSet(false, true);
    if (first) {
      listener.callEnded(new Events.Call(function.signature(), System.nanoTime() - begin, error));
    }
    return first;
  }
}
