// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Events;
import io.pghello.extension.batching.internal.ServerFunction;
import io.pghello.extension.batching.internal.WaitTime;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Measures a call, and notifies a listener of its end. */
public final class Measurement {
  private final ServerFunction function;
  private final CallListener listener;
  private final AtomicBoolean ended = new AtomicBoolean();
  private final long begin = System.nanoTime();

  /** When a statement was made for the call, by {@link System#nanoTime()}; 0 before. */
  private long sent;

  /** Begins to measure the call of a future that begins now. */
  Measurement(ServerFunction function, CallListener listener) {
    this.function = function;
    this.listener = listener;
  }

  /** Notes when a statement is made for the call. */
  void setSent(long nanoTime) {
    sent = nanoTime;
  }

  /** Notifies the listener; returns false if it was notified before. */
  boolean end(@Nullable FunctionCallException error) {
    boolean first = ended.compareAndSet(false, true);
    if (first) {
      long end = System.nanoTime();
      listener.callEnded(
          new Events.Call(function.signature(), end - begin, waitedNanos(begin, sent, end), error));
    }
    return first;
  }

  /** Makes a call on the current thread, and notifies a listener of its end. */
  public static <T> T measured(
      CallListener listener, ServerFunction function, WaitTime wait, Supplier<T> call) {
    long begin = System.nanoTime();
    FunctionCallException error = null;
    try {
      return call.get();
    } catch (RuntimeException | Error e) {
      error = Errors.ofCall(e);
      throw e;
    } finally {
      listener.callEnded(
          new Events.Call(function.signature(), System.nanoTime() - begin, wait.nanos(), error));
    }
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
