// SPDX-License-Identifier: MIT
package io.pghello.internal.coalescing;

import io.pghello.PgHelloException;
import io.pghello.PgHelloListener;
import io.pghello.internal.Errors;
import io.pghello.internal.Events;
import io.pghello.internal.Function;
import io.pghello.internal.Settings;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The future of a call. The listener is notified before dependents run. The client or the program
 * completes it; the listener is notified of whichever is first.
 */
public final class CallFuture<T> extends CompletableFuture<T> {
  private final Function function;
  private final PgHelloListener listener;
  private final @Nullable AtomicBoolean ended;
  private final long begin;
  private @Nullable QueuedCall call;

  /** Creates the future of a call that begins now. */
  public CallFuture(Function function, PgHelloListener listener) {
    this.function = function;
    this.listener = listener;
    this.ended = listener.equals(Settings.NO_LISTENER) ? null : new AtomicBoolean();
    this.begin = ended == null ? 0 : System.nanoTime();
  }

  /** Sets the call that this future removes from its queue when the program completes it. */
  void setCall(QueuedCall call) {
    this.call = call;
  }

  /** Returns whether somebody is told how long the call takes. */
  boolean isMeasured() {
    return ended != null;
  }

  /** Completes the future with an answer; does nothing if it is complete. */
  void answer(T answer) {
    if (end(isDone() ? Errors.cancelledByCaller() : null)) {
      super.complete(answer);
    }
  }

  /** Completes the future with an error; does nothing if it is complete. */
  void fail(PgHelloException error) {
    if (end(isDone() ? Errors.cancelledByCaller() : error)) {
      super.completeExceptionally(error);
    }
  }

  @Override
  public boolean complete(T value) {
    return end(Errors.cancelledByCaller()) && leaveQueue(super.complete(value));
  }

  @Override
  public boolean completeExceptionally(Throwable error) {
    return end(Errors.cancelledByCaller()) && leaveQueue(super.completeExceptionally(error));
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    return end(Errors.cancelledByCaller())
        ? leaveQueue(super.cancel(mayInterruptIfRunning))
        : isCancelled();
  }

  /** Removes the call from its queue if the program has just completed the future. */
  private boolean leaveQueue(boolean first) {
    QueuedCall known = call;
    if (first && known != null) {
      known.leaveQueue();
    }
    return first;
  }

  /** Notifies the listener, if there is one; returns false if it was notified before. */
  private boolean end(@Nullable PgHelloException error) {
    if (ended == null) {
      return true;
    }
    boolean first = ended.compareAndSet(false, true);
    if (first) {
      long end = System.nanoTime();
      QueuedCall known = call;
      listener.callEnded(
          new Events.Call(
              function.signature(),
              end - begin,
              known == null ? 0 : known.waitedNanos(begin, end),
              error));
    }
    return first;
  }
}
