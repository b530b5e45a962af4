// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import java.io.Serial;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A call that waits, either with a thread or with a future.
 *
 * <p>The state of one with a thread is null while it waits, the batch that it has been chosen to
 * lead, {@link #LEADS} once it does so, or what came of it: a greeting or a {@link
 * PgHelloException}. All others change it from null by a compare-and-set, so that of an answer, the
 * lead, a time-out and an interrupt only one takes place. A batch whose leader does not begin can
 * be taken away from it; it waits again then.
 */
final class Call extends AtomicReference<@Nullable Object> {
  @Serial private static final long serialVersionUID = 1L;

  private static final Object LEADS = new Object();

  // Where it waits. It is only looked at to save a search, so that a late answer does no harm.
  private transient @Nullable CallQueue room;

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

  /** A call of the current thread, which is going to {@link #await} it. */
  static Call ofThread(HelloRequest request, Deadline deadline) {
    return new Call(request, deadline, Thread.currentThread(), null);
  }

  /** A call for which nobody waits. */
  static Call ofFuture(HelloRequest request, Deadline deadline, CallFuture<String> future) {
    return new Call(request, deadline, null, future);
  }

  /** Says where it waits; null that it does so no longer. */
  void waitsIn(@Nullable CallQueue room) {
    this.room = room;
  }

  /** Gives back the room that it takes while it waits. */
  void leaveRoom() {
    CallQueue known = room;
    if (known != null) {
      known.remove(this);
    }
  }

  boolean hasThread() {
    return caller != null;
  }

  /** Has its caller left, or got an answer? */
  boolean isOver() {
    return future != null ? future.isDone() : get() != null;
  }

  /** Makes its thread the leader of a batch, unless it has left. */
  boolean lead(Batch batch) {
    boolean leads = compareAndSet(null, batch);
    if (leads) {
      LockSupport.unpark(caller);
    }
    return leads;
  }

  /** Makes it wait as before it was to lead. */
  void waitAgain() {
    set(null);
  }

  /** Begins to lead the batch; false if it was taken away meanwhile. */
  boolean beginLead(Batch batch) {
    return compareAndSet(batch, LEADS);
  }

  /** Takes the batch away, if the lead has not begun; the call waits then, as part of the batch. */
  boolean endLead(Batch batch) {
    return compareAndSet(batch, null);
  }

  /** Says what came of it; nothing happens if its caller has left. */
  void end(Object outcome) {
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

  /** Waits for what comes of it, or for a batch to lead. A thread that is interrupted leaves. */
  Object await() {
    Object state;
    while ((state = get()) == null) {
      LockSupport.park(this);
      if (Thread.currentThread().isInterrupted()) {
        compareAndSet(null, Errors.interrupted());
        leaveRoom();
      }
    }
    return state;
  }
}
