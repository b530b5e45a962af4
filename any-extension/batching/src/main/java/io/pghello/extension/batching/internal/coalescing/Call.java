// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.ServerFunction;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.Threads;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A queued call, of a future or {@linkplain OfThread of a thread}, with its request and deadline.
 *
 * <p>The state of a thread's call is null while it waits, then the batch that it was assigned to
 * lead, {@link #LEADING} while it leads, or its outcome: an answer or a {@link
 * FunctionCallException}. Other threads change it from null with a compare-and-set, so that only
 * one of result, assignment, timeout and interrupt takes effect. If a leader does not begin, the
 * assignment is revoked and its call waits again. The state of a future's call is null or {@link
 * #EXPIRED}.
 */
public abstract class Call<Q extends Request, A> extends CallFuture<A> {
  private static final VarHandle STATE;
  private static final Object LEADING = new Object();
  private static final Object EXPIRED = new Object();

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Call.class, "state", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Duration timeout;
  private final long deadlineNanos;
  private volatile @Nullable Object state;

  /** Creates an asynchronous call with listeners. This object is its future. */
  protected Call(ServerFunction function, Deadline deadline, CallListener listener) {
    super(function, listener);
    this.timeout = deadline.timeout();
    this.deadlineNanos = deadline.nanos();
  }

  /** Creates a call of the current thread, which has to {@link #await} it. */
  static <Q extends Request, A> OfThread<Q, A> ofThread(Q request, Deadline deadline) {
    return new OfThread<>(request, deadline);
  }

  /** Creates an asynchronous call with listeners. */
  static <Q extends Request, A> Call<Q, A> ofFuture(
      Q request, Deadline deadline, CallListener listener) {
    return new OfFuture<>(request, deadline, listener);
  }

  /** Returns what is asked for. */
  public abstract Q request();

  final Duration timeout() {
    return timeout;
  }

  final Deadline deadline() {
    return new Deadline(timeout, deadlineNanos);
  }

  /** Returns whether the call has a later deadline than another one. */
  final boolean endsAfter(Call<?, ?> other) {
    return deadlineNanos - other.deadlineNanos > 0;
  }

  /** Returns whether the deadline has passed. */
  final boolean isOver() {
    return deadlineNanos - System.nanoTime() <= 0;
  }

  boolean hasThread() {
    return false;
  }

  /** Returns whether a virtual thread waits for the call. */
  boolean isOfVirtualThread() {
    return false;
  }

  @Override
  boolean isEnded() {
    return state != null || isDone();
  }

  final @Nullable Object outcome() {
    return state;
  }

  /** Marks the call of a future as timed out; returns true once, if it is not complete. */
  final boolean expire() {
    return !isEnded() && change(this, null, EXPIRED);
  }

  /** Assigns its thread as the leader of a batch; returns false if the call is not waiting. */
  final boolean offerLead(Batch<Q, A> batch) {
    boolean leads = change(this, null, batch);
    if (leads) {
      wake();
    }
    return leads;
  }

  /** Wakes up the thread that waits for the call. */
  void wake() {}

  /** Ends the lead; the call waits again. */
  final void resumeWaiting() {
    state = null;
  }

  /** Begins to lead a batch; returns false if the assignment was revoked. */
  final boolean beginLead(Batch<Q, A> batch) {
    return change(this, batch, LEADING);
  }

  /**
   * Revokes the assignment unless the lead has begun; the call waits again, as part of the batch.
   */
  final boolean revokeLead(Batch<Q, A> batch) {
    return change(this, batch, null);
  }

  private static boolean change(Call<?, ?> call, @Nullable Object from, @Nullable Object to) {
    return STATE.compareAndSet(call, from, to);
  }

  /**
   * Ends the call with an answer or an error; does nothing if it has ended. Each future gets a
   * separate exception, because the program may modify it.
   */
  @SuppressWarnings("unchecked") // what is sent has answers of this type
  void end(Object outcome) {
    if (outcome instanceof FunctionCallException error) {
      fail(Errors.again(error));
    } else {
      answer((A) outcome);
    }
  }

  /**
   * Waits for an outcome or for a batch to lead. An interrupt ends the call.
   *
   * @param watchesDeadline whether this returns null when the deadline has passed
   */
  final @Nullable Object await(boolean watchesDeadline) {
    Object known;
    while ((known = state) == null && !(watchesDeadline && isOver())) {
      if (watchesDeadline) {
        LockSupport.parkNanos(this, deadline().nanosLeft());
      } else {
        LockSupport.park(this);
      }
      if (Thread.currentThread().isInterrupted()) {
        change(this, null, Errors.interrupted());
        leaveQueue();
      }
    }
    return known;
  }

  /** A call that is a future. */
  private static final class OfFuture<Q extends Request, A> extends Call<Q, A> {
    private final Q request;

    private OfFuture(Q request, Deadline deadline, CallListener listener) {
      super(request.function(), deadline, listener);
      this.request = request;
    }

    @Override
    public Q request() {
      return request;
    }

    @Override
    public int bytes() {
      return request.bytes();
    }
  }

  /** A blocking call. It is not completed as a future. */
  static final class OfThread<Q extends Request, A> extends Call<Q, A> {
    private final Q request;
    private final Thread caller = Thread.currentThread();
    private long sent;

    private OfThread(Q request, Deadline deadline) {
      super(request.function(), deadline, Settings.NO_LISTENER);
      this.request = request;
    }

    @Override
    public Q request() {
      return request;
    }

    @Override
    public int bytes() {
      return request.bytes();
    }

    @Override
    boolean hasThread() {
      return true;
    }

    @Override
    boolean isOfVirtualThread() {
      return Threads.isVirtual(caller);
    }

    @Override
    void wake() {
      if (!Thread.currentThread().equals(caller)) {
        LockSupport.unpark(caller);
      }
    }

    @Override
    void end(Object outcome) {
      if (change(this, null, outcome)) {
        wake();
      } else if (Thread.currentThread().equals(caller)) {
        // it leads, or has an outcome
        change(this, LEADING, outcome);
      }
    }

    @Override
    void setSent(long nanoTime) {
      sent = nanoTime;
    }

    /** Returns how long the call waited until a statement was made, or until it ended without. */
    long waitedNanos(long end) {
      return Measurement.waitedNanos(deadline().begin(), sent, end);
    }
  }
}
