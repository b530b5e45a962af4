// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.Threads;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A queued call with its request and deadline: either an asynchronous call or a {@linkplain
 * OfThread call of a waiting thread}.
 *
 * <p>The state of a thread's call is null while the call waits. Afterwards, the state is the batch
 * that the call was assigned to lead, {@link #LEADING} while the call leads, or the outcome (an
 * answer or a {@link FunctionCallException}). Other threads change the state from null with a
 * compare-and-set. Therefore, only one of result, assignment, timeout and interrupt takes effect.
 * If a leader does not begin to lead, its assignment is revoked and its call waits again. The state
 * of an asynchronous call is null or {@link #EXPIRED}.
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

  /** Creates an asynchronous call with a listener. This object is the future of the call. */
  protected Call(ServerFunction function, Deadline deadline, CallListener listener) {
    super(function, listener);
    this.timeout = deadline.timeout();
    this.deadlineNanos = deadline.nanos();
  }

  /** Creates a call of the current thread, which must {@link #await} the call. */
  static <Q extends Request, A> OfThread<Q, A> ofThread(Q request, Deadline deadline) {
    return new OfThread<>(request, deadline);
  }

  /** Creates an asynchronous call with a listener. */
  static <Q extends Request, A> Call<Q, A> ofFuture(
      Q request, Deadline deadline, CallListener listener) {
    return new OfFuture<>(request, deadline, listener);
  }

  /** Returns the arguments of the call. */
  public abstract Q request();

  final Duration timeout() {
    return timeout;
  }

  final Deadline deadline() {
    return new Deadline(timeout, deadlineNanos);
  }

  /** Returns whether the call has a later deadline than another call. */
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

  /**
   * Marks an asynchronous call as timed out. Returns true only the first time, and only if the call
   * is not complete.
   */
  final boolean expire() {
    return !isEnded() && change(this, null, EXPIRED);
  }

  /**
   * Assigns the call's thread as the leader of a batch. Returns false if the call is not waiting.
   *
   * @param batch the batch, which {@link #await} then returns
   */
  final boolean offerLead(Object batch) {
    boolean leads = change(this, null, batch);
    if (leads) {
      wake();
    }
    return leads;
  }

  /** Wakes up the thread that waits for the call. */
  void wake() {}

  /** Ends the call's lead, so that the call waits again. */
  final void resumeWaiting() {
    state = null;
  }

  /** Begins to lead a batch. Returns false if the assignment was revoked. */
  final boolean beginLead(Object batch) {
    return change(this, batch, LEADING);
  }

  /**
   * Revokes the assignment unless the lead has begun. The call then waits again, as part of the
   * batch.
   */
  final boolean revokeLead(Object batch) {
    return change(this, batch, null);
  }

  private static boolean change(Call<?, ?> call, @Nullable Object from, @Nullable Object to) {
    return STATE.compareAndSet(call, from, to);
  }

  /**
   * Ends the call with an answer or an error. Does nothing if the call has already ended. Each
   * future gets its own exception, because the program may modify the exception.
   */
  @SuppressWarnings("unchecked") // the answers to the call have this type
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
   * @param watchesDeadline whether to return null when the deadline has passed
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
        // the call leads or has an outcome
        change(this, LEADING, outcome);
      }
    }

    @Override
    void setSent(long nanoTime) {
      sent = nanoTime;
    }

    /**
     * Returns how long the call waited until its statement started, or until the call ended without
     * a statement.
     */
    long queueNanos(long end) {
      return Measurement.queueNanos(deadline().begin(), sent, end);
    }
  }
}
