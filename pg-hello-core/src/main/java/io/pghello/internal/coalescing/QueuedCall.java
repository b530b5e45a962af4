// SPDX-License-Identifier: MIT
package io.pghello.internal.coalescing;

import java.io.Serial;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A call that can be in a {@link CallQueue}, and its state. */
abstract class QueuedCall extends AtomicReference<@Nullable Object> {
  @Serial private static final long serialVersionUID = 1L;

  private static final VarHandle QUEUE;

  static {
    try {
      QUEUE = MethodHandles.lookup().findVarHandle(QueuedCall.class, "queue", CallQueue.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("UnusedVariable") // by the handle
  private transient @Nullable CallQueue<?> queue;

  /** When a statement was made for the call, by {@link System#nanoTime()}; 0 before. */
  private transient long sent;

  /** Returns the number of bytes that the call has in the queue. */
  abstract int bytes();

  /** Returns whether the call has an outcome, so that it need not be sent. */
  abstract boolean isDone();

  /** Sets the queue that the call is about to be added to. */
  final void enterQueue(CallQueue<?> queue) {
    QUEUE.set(this, queue);
  }

  /** Returns true once for each queue: to the thread that has to release the call's weight. */
  final boolean exitQueue(CallQueue<?> queue) {
    return QUEUE.compareAndSet(this, queue, null);
  }

  /** Notes when a statement is made for the call. Only those need it who measure. */
  final void setSent(long nanoTime) {
    sent = nanoTime;
  }

  /**
   * Returns how long the call waited until a statement was made for it, or until it ended without
   * one.
   */
  final long waitedNanos(long begin, long end) {
    long known = sent;
    return Math.max(0, (known == 0 ? end : known) - begin);
  }

  /** Returns whether the call is in a queue. */
  boolean isQueued() {
    return QUEUE.getVolatile(this) != null;
  }

  /** Removes the call from its queue, if it is in one; the call has to be done. */
  void leaveQueue() {
    var known = (@Nullable CallQueue<?>) QUEUE.getVolatile(this);
    if (known != null) {
      known.remove(this);
    }
  }
}
