// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Events;
import io.pghello.extension.batching.internal.WaitTime;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Measures the duration of a call, and notifies a listener when the call ends. */
public final class Measurement {
  private final ServerFunction function;
  private final CallListener listener;
  private final AtomicBoolean ended = new AtomicBoolean();
  private final long begin = System.nanoTime();

  /** The {@link System#nanoTime()} at which the call's statement started; 0 before that. */
  private long sent;

  /** Starts to measure an asynchronous call that begins now. */
  Measurement(ServerFunction function, CallListener listener) {
    this.function = function;
    this.listener = listener;
  }

  /** Records the time at which the call's statement starts. */
  void setSent(long nanoTime) {
    sent = nanoTime;
  }

  /**
   * Notifies the listener, unless it has already been notified. Returns true if this invocation
   * notified the listener.
   */
  boolean end(@Nullable FunctionCallException error) {
    boolean first = ended.compareAndSet(false, true);
    if (first) {
      long end = System.nanoTime();
      listener.callEnded(
          new Events.Call(function.signature(), end - begin, queueNanos(begin, sent, end), error));
    }
    return first;
  }

  /** Makes a call on the current thread, and notifies a listener when the call ends. */
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
   * Returns how long a call waited until its statement started, or until the call ended without a
   * statement.
   *
   * @param sent the time at which the statement started; 0 if there was no statement
   */
  static long queueNanos(long begin, long sent, long end) {
    return Math.max(0, (sent == 0 ? end : sent) - begin);
  }
}
