// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Settings;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A call that can be queued in a {@link CallQueue}. The call is also its own future, which saves an
 * object per call. This matters at a million calls per second. The listener is notified before
 * dependent stages run. Both the client and the program can complete the future; the listener is
 * notified only of the first completion.
 */
public abstract class CallFuture<T> extends CompletableFuture<T> {
  private static final VarHandle QUEUE;

  static {
    try {
      QUEUE = MethodHandles.lookup().findVarHandle(CallFuture.class, "queue", Consumer.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Removes this call from its queue; null if the call is not queued. */
  @SuppressWarnings("UnusedVariable") // accessed through the variable handle
  private @Nullable Consumer<CallFuture<?>> queue;

  private final @Nullable Measurement measurement;

  /** Creates a call that begins now. */
  CallFuture(ServerFunction function, CallListener listener) {
    this.measurement =
        listener.equals(Settings.NO_LISTENER) ? null : new Measurement(function, listener);
  }

  /**
   * Returns the size of the call's arguments in bytes. The limit of the queue applies to this size.
   */
  public abstract int bytes();

  /** Returns whether the call has an outcome, so that it need not be sent. */
  abstract boolean isEnded();

  /**
   * Sets the queue that the call is about to be added to.
   *
   * @param queue the queue's method that removes a call
   */
  final void enterQueue(Consumer<CallFuture<?>> queue) {
    QUEUE.set(this, queue);
  }

  /** Returns true only once for each queue, to the thread that must release the call's weight. */
  final boolean exitQueue(Consumer<CallFuture<?>> queue) {
    return QUEUE.compareAndSet(this, queue, null);
  }

  /** Returns whether the call is in a queue. */
  boolean isQueued() {
    return QUEUE.getVolatile(this) != null;
  }

  /** Removes the call from its queue, if it is queued. The call must have ended. */
  @SuppressWarnings("unchecked") // the field has this type
  void leaveQueue() {
    var known = (@Nullable Consumer<CallFuture<?>>) QUEUE.getVolatile(this);
    if (known != null) {
      known.accept(this);
    }
  }

  /** Records the start of the statement, for the reported waiting time. */
  void setSent(long nanoTime) {
    if (measurement != null) {
      measurement.setSent(nanoTime);
    }
  }

  /** Returns whether the duration of the call is reported. */
  final boolean isMeasured() {
    return measurement != null;
  }

  /** Completes the future with an answer. Does nothing if the future is already complete. */
  final void answer(T answer) {
    if (end(isDone() ? Errors.cancelledByCaller() : null)) {
      super.complete(answer);
    }
  }

  /** Completes the future with an error. Does nothing if the future is already complete. */
  final void fail(FunctionCallException error) {
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
    if (first) {
      leaveQueue();
    }
    return first;
  }

  /** Notifies the listener, if there is one. Returns false if the listener was notified before. */
  private boolean end(@Nullable FunctionCallException error) {
    return measurement == null || measurement.end(error);
  }
}
