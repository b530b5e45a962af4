// SPDX-License-Identifier: MIT
package io.pghello.internal.coalescing;

import io.pghello.PgHelloException;
import io.pghello.internal.Deadline;
import io.pghello.internal.Errors;
import io.pghello.internal.HelloRequest;
import io.pghello.internal.Threads;
import java.io.Serial;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A queued call, of a thread or of a future.
 *
 * <p>The state of a thread's call is null while it waits, then the batch that it was assigned to
 * lead, {@link #LEADING} while it leads, or its outcome: a greeting or a {@link PgHelloException}.
 * Other threads change it from null by a compare-and-set, so that only one of an answer, an
 * assignment, a time-out and an interrupt takes effect. If a leader does not begin, the assignment
 * is revoked and its call waits again. The state of a future's call is null or {@link #EXPIRED}.
 */
final class Call extends QueuedCall {
  @Serial private static final long serialVersionUID = 1L;

  private static final Object LEADING = new Object();
  private static final Object EXPIRED = new Object();

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

  @Override
  int bytes() {
    return request.bytes();
  }

  boolean hasThread() {
    return caller != null;
  }

  /** Returns whether a virtual thread waits for the call. */
  boolean isOfVirtualThread() {
    return caller != null && Threads.isVirtual(caller);
  }

  @Override
  boolean isDone() {
    return get() != null || (future != null && future.isDone());
  }

  /** Marks the call of a future as timed out; returns true once, if it is not complete. */
  boolean expire() {
    return !isDone() && compareAndSet(null, EXPIRED);
  }

  /** Assigns its thread as the leader of a batch; returns false if the call is not waiting. */
  boolean offerLead(Batch batch) {
    boolean leads = compareAndSet(null, batch);
    if (leads) {
      wake();
    }
    return leads;
  }

  private void wake() {
    if (!Thread.currentThread().equals(caller)) {
      LockSupport.unpark(caller);
    }
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

  /**
   * Completes the call; does nothing if it is complete. Each future gets an exception of its own,
   * as the program may change it.
   */
  void complete(Object outcome) {
    if (future == null) {
      if (compareAndSet(null, outcome)) {
        wake();
      } else if (Thread.currentThread().equals(caller)) {
        // it leads, or has an outcome
        compareAndSet(LEADING, outcome);
      }
    } else if (outcome instanceof PgHelloException error) {
      future.fail(Errors.again(error));
    } else {
      future.answer((String) outcome);
    }
  }

  /**
   * Waits for an outcome or for a batch to lead. An interrupt ends the call.
   *
   * @param watchesDeadline whether this returns null when the deadline has passed
   */
  @Nullable Object await(boolean watchesDeadline) {
    Object state;
    while ((state = get()) == null && !(watchesDeadline && deadline.isOver())) {
      if (watchesDeadline) {
        LockSupport.parkNanos(this, deadline.nanosLeft());
      } else {
        LockSupport.park(this);
      }
      if (Thread.currentThread().isInterrupted()) {
        compareAndSet(null, Errors.interrupted());
        leaveQueue();
      }
    }
    return state;
  }
}
