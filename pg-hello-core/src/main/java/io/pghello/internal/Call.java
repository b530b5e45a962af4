// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import java.io.Serial;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A queued call, of a thread or of a future.
 *
 * <p>The state of a thread's call is null while it waits, then the batch that it was assigned to
 * lead, {@link #LEADING} while it leads, or its outcome: a greeting or a {@link PgHelloException}.
 * Other threads change it from null by a compare-and-set, so that only one of an answer, an
 * assignment, a time-out and an interrupt takes effect. If a leader does not begin, the assignment
 * is revoked and its call waits again.
 */
final class Call extends AtomicReference<@Nullable Object> {
  @Serial private static final long serialVersionUID = 1L;

  private static final Object LEADING = new Object();

  // The queue that it is in; only saves a search, so that a stale value does no harm.
  private transient @Nullable CallQueue queue;

  final transient HelloRequest request;
  final transient Deadline deadline;
  private final transient @Nullable Thread caller;
  private final transient @Nullable CallFuture<String> future;

  private Call(
      HelloRequest request,
      Deadline deadline,
      @Nullable Thread caller,
      @Nullable CallFuture<String> future) {
    this.request = request;
    this.deadline = deadline;
    this.caller = caller;
    this.future = future;
    if (future != null) {
      future.setCall(this);
    }
  }

  /** Creates a call of the current thread, which has to {@link #await} it. */
  static Call ofThread(HelloRequest request, Deadline deadline) {
    return new Call(request, deadline, Thread.currentThread(), null);
  }

  /** Creates a call that completes a future. */
  static Call ofFuture(HelloRequest request, Deadline deadline, CallFuture<String> future) {
    return new Call(request, deadline, null, future);
  }

  /** Sets the queue that the call is in; null for none. */
  void setQueue(@Nullable CallQueue queue) {
    this.queue = queue;
  }

  /** Removes the call from its queue. */
  void leaveQueue() {
    CallQueue known = queue;
    if (known != null) {
      known.remove(this);
    }
  }

  boolean hasThread() {
    return caller != null;
  }

  /** Returns whether the call has an outcome. */
  boolean isDone() {
    return future != null ? future.isDone() : get() != null;
  }

  /** Assigns its thread as the leader of a batch; returns false if the call is not waiting. */
  boolean offerLead(Batch batch) {
    boolean leads = compareAndSet(null, batch);
    if (leads) {
      LockSupport.unpark(caller);
    }
    return leads;
  }

  /** Ends the lead; the call waits again. */
  void resumeWaiting() {
    set(null);
  }

  /** Begins to lead a batch; returns false if the assignment was revoked. */
  boolean beginLead(Batch batch) {
    return compareAndSet(batch, LEADING);
  }

  /**
   * Revokes the assignment unless the lead has begun; the call waits again, as part of the batch.
   */
  boolean revokeLead(Batch batch) {
    return compareAndSet(batch, null);
  }

  /** Completes the call; does nothing if it is complete. */
  void complete(Object outcome) {
    if (future == null) {
      if (Thread.currentThread().equals(caller)) {
        set(outcome);
      } else if (compareAndSet(null, outcome)) {
        LockSupport.unpark(caller);
      }
    } else if (outcome instanceof PgHelloException error) {
      future.fail(error);
    } else {
      future.answer((String) outcome);
    }
  }

  /** Waits for an outcome or for a batch to lead. An interrupt ends the call. */
  Object await() {
    Object state;
    while ((state = get()) == null) {
      LockSupport.park(this);
      if (Thread.currentThread().isInterrupted()) {
        compareAndSet(null, Errors.interrupted());
        leaveQueue();
      }
    }
    return state;
  }
}
