// SPDX-License-Identifier: MIT
package io.pghello.internal.coalescing;

import io.pghello.PgHelloException;
import io.pghello.PgHelloListener;
import io.pghello.internal.Events;
import io.pghello.internal.ServerFunction;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Tells a listener about the call of a future. */
final class Measurement {
  private final ServerFunction function;
  private final PgHelloListener listener;
  private final AtomicBoolean ended = new AtomicBoolean();
  private final long begin = System.nanoTime();

  /** When a statement was made for the call, by {@link System#nanoTime()}; 0 before. */
  private long sent;

  /** Begins to measure a call that begins now. */
  Measurement(ServerFunction function, PgHelloListener listener) {
    this.function = function;
    this.listener = listener;
  }

  /** Notes when a statement is made for the call. */
  void setSent(long nanoTime) {
    sent = nanoTime;
  }

  /** Notifies the listener; returns false if it was notified before. */
  boolean end(@Nullable PgHelloException error) {
    boolean first = ended.compareAndSet(false, true);
    if (first) {
      long end = System.nanoTime();
      listener.callEnded(
          new Events.Call(function.signature(), end - begin, waitedNanos(begin, sent, end), error));
    }
    return first;
  }

  /**
   * Returns how long a call waited until a statement was made for it, or until it ended without
   * one.
   *
   * @param sent when the statement was made; 0 if none was
   */
  static long waitedNanos(long begin, long sent, long end) {
    return Math.max(0, (sent == 0 ? end : sent) - begin);
  }
}
