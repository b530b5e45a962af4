// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.AsyncWorker;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.StatementContext;
import io.pghello.extension.batching.internal.Threads;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Combines concurrent calls into batches. Each batch is sent as one statement.
 *
 * <p>An {@linkplain InFlightLimit in-flight limit} bounds the number of statements. A caller that
 * finds the queue empty and gets a permit sends its own statement on its own thread. Other calls
 * wait in the {@linkplain CallQueue queue}. A thread that releases a permit assigns it to a batch
 * of queued calls. One of these calls leads the batch: its thread wakes up, adds the calls that
 * were queued in the meantime, sends the batch, releases the permit, and wakes up the other
 * threads. If a batch contains only futures, a thread of the executor leads it.
 *
 * <p>These invariants hold:
 *
 * <ul>
 *   <li>No call waits while all permits are available. A thread that adds a call checks for a
 *       permit afterwards, and a thread that releases a permit checks the queue afterwards. Queue
 *       and permits are volatile, so at least one of the two threads sees the write of the other.
 *       There is one exception: if a dependent stage of a future makes asynchronous calls, these
 *       calls wait until all futures of the same batch are complete, or until the next {@link
 *       #checkTimeouts}.
 *   <li>The leader is the call with the latest deadline in the batch, and its deadline is also the
 *       deadline of the statement. Calls with earlier deadlines end at their own deadlines. While
 *       the leader wakes up, calls with deadlines that are later by up to a tenth of their timeouts
 *       can be added. If a call with an even later deadline is added, it leads instead.
 *   <li>A virtual thread leads only calls from virtual threads, because it may lose its carrier
 *       thread while it holds the answers to the other calls. If virtual threads hold all permits
 *       for a long time, {@link #checkTimeouts} sends calls from platform threads with an
 *       additional permit, the reserve.
 *   <li>A batch belongs to one thread at a time. An assigned leader claims its batch with a
 *       compare-and-set. If the leader does not do so, for example because it is a virtual thread
 *       without a carrier, {@link #checkTimeouts} revokes the assignment with another
 *       compare-and-set. A batch is registered from its creation until its last call is complete,
 *       and {@link #checkTimeouts} checks all registered batches.
 * </ul>
 */
final class Coalescer<Q extends Request, A> {
  /** Sends a batch. */
  interface Sender<Q> {
    /**
     * Returns an answer or a {@link FunctionCallException} for each request. Must not throw
     * exceptions.
     */
    Object[] send(List<Q> requests, StatementContext context);

    /**
     * Sends requests of futures on a thread of the executor. Returns the outcomes, or null to pass
     * them to {@code later} on any thread, because the statement does not block. Must not throw
     * exceptions once the statement has started.
     */
    default Object @Nullable [] send(
        List<Q> requests, StatementContext context, Consumer<Object[]> later) {
      return send(requests, context);
    }

    /**
     * Returns whether the executor is an event loop: one thread, which sends batches, receives
     * their outcomes, and completes their futures without blocking.
     */
    default boolean isEventLoop() {
      return false;
    }

    /** Returns the error for a call that timed out in the queue or in a batch. */
    default FunctionCallException timedOut(Duration timeout) {
      return Errors.timedOut(timeout);
    }
  }

  private final CallQueue<Call<Q, A>> queue;
  private final InFlightLimit inFlightLimit;
  private final Set<Batch<Q, A>> batches = ConcurrentHashMap.newKeySet();
  private final Settings.Batches batchLimits;
  private final boolean blockWhenFull;
  private final boolean measures;
  private final Executor executor;
  private final Sender<Q> sender;
  private final TimedOutFutures failures;

  /** A thread of an event loop that is completing futures; null if there is none. */
  private volatile @Nullable Thread completing;

  Coalescer(Settings settings, Executor executor, Sender<Q> sender) {
    this.batchLimits = settings.batches();
    Settings.Queue limits = settings.queue();
    this.blockWhenFull = limits.blockWhenFull();
    this.measures = settings.listens();
    this.executor = executor;
    this.sender = sender;
    this.failures = new TimedOutFutures(executor);
    this.queue = new CallQueue<>(limits.maxCalls(), limits.maxBytes());
    this.inFlightLimit = new InFlightLimit(batchLimits.maxInFlight());
  }

  /**
   * Acquires a permit for a caller that sends its own statement and {@linkplain #release releases}
   * the permit afterwards. Returns {@link InFlightLimit#NONE} if calls are queued or no permit is
   * available.
   */
  int tryAcquire() {
    return queue.isEmpty() ? inFlightLimit.tryAcquire(queue, false) : InFlightLimit.NONE;
  }

  /** Releases a permit and assigns available permits to queued calls. */
  void release(int permit) {
    inFlightLimit.release(permit);
    dispatch(false);
  }

  /**
   * Adds a call to the queue. If the queue is full, blocks or throws, depending on the settings. An
   * event loop does not block for futures, because only it can send the queued ones.
   */
  void add(Call<Q, A> call) {
    if (!queue.tryAdd(call)) {
      dispatch(true);
      if (!queue.tryAdd(call)) {
        if (!blockWhenFull || (sender.isEventLoop() && !call.hasThread())) {
          throw Errors.overloaded();
        }
        queue.add(call, call.deadline());
      }
    }
    if (call.hasThread() || !isCompletingFutures()) {
      dispatch(false);
    }
  }

  private boolean isCompletingFutures() {
    return AsyncWorker.isCompletingFuturesOf(this) || Thread.currentThread().equals(completing);
  }

  /**
   * Waits for the outcome of a call. If the call is assigned to lead a batch in the meantime, the
   * current thread leads this batch.
   *
   * @param watchesDeadline whether the thread watches the deadline of its call itself, without
   *     {@link #checkTimeouts}
   */
  @SuppressWarnings("unchecked") // a call is assigned only to batches of its own coalescer
  Object await(Call<Q, A> call, boolean watchesDeadline) {
    while (true) {
      Object state = call.await(watchesDeadline);
      if (state == null) {
        expire(call);
      } else if (!(state instanceof Batch)) {
        return state;
      } else if (call.beginLead((Batch<Q, A>) state)) {
        lead((Batch<Q, A>) state, call);
      }
    }
  }

  /** Assigns available permits to queued calls. */
  private void dispatch(boolean queueIsFull) {
    int permit;
    while (!queue.isEmpty()
        && (permit = inFlightLimit.tryAcquire(queue, queueIsFull)) != InFlightLimit.NONE) {
      start(newBatch(permit));
    }
  }

  /** Returns an empty batch with a permit that the current thread has acquired. */
  private Batch<Q, A> newBatch(int permit) {
    boolean registered = false;
    try {
      // large numbers of calls are split, so that one batch is sent while the server processes
      // another
      int queued = queue.size();
      int most = Math.max(InFlightLimit.LARGE, queued / (inFlightLimit.available() + 1));
      var batch =
          new Batch<Q, A>(
              permit,
              inFlightLimit.isReserve(permit),
              Math.min(batchLimits.maxCalls(), most),
              batchLimits.maxBytes());
      batch.expect(queued);
      registered = batches.add(batch);
      return batch;
    } finally {
      if (!registered) {
        inFlightLimit.release(permit);
      }
    }
  }

  /** Fills a batch and assigns a leader. */
  private void start(Batch<Q, A> batch) {
    boolean failed = true;
    try {
      fill(batch);
      if (!assignLeader(batch)) {
        // all calls have ended; dispatch checks for other calls
        batches.remove(batch);
        releasePermit(batch);
      }
      failed = false;
    } finally {
      if (failed && batch.leader == null) {
        batch.failed = true;
      }
    }
  }

  /** Moves queued calls to a batch and publishes them to {@link #checkTimeouts}. */
  private void fill(Batch<Q, A> batch) {
    queue.drainTo(batch);
    batch.publish();
  }

  /**
   * Assigns a leader to a batch that holds a permit. Returns false if no call is left in the batch.
   */
  private boolean assignLeader(Batch<Q, A> batch) {
    while (batch.size() > 0) {
      Call<Q, A> call = batch.candidate();
      if (call == null) {
        leadOnExecutor(batch);
        return true;
      }
      if (batch.assignTo(call)) {
        return true;
      }
      batch.remove(call);
    }
    return false;
  }

  /**
   * Makes a thread of the executor lead the batch. If no thread is available, {@link
   * #checkTimeouts} tries again.
   */
  private void leadOnExecutor(Batch<Q, A> batch) {
    batch.leader = null;
    boolean executed = false;
    try {
      executed = Threads.tryExecute(executor, () -> lead(batch, null));
    } finally {
      if (!executed) {
        batch.failed = true;
      }
    }
  }

  /**
   * Leads a batch on the current thread.
   *
   * @param leader the call of the current thread; null on a thread of the executor
   */
  @SuppressWarnings("ReferenceEquality") // avoids a method call: the stack may be full
  private void lead(Batch<Q, A> batch, @Nullable Call<Q, A> leader) {
    boolean failed = true;
    try {
      Object[] outcomes = batch.outcomes();
      if (outcomes == null) {
        fill(batch);
        sendOrPassLead(batch, leader);
      } else {
        // the previous leader threw an error after it had received the result
        finish(batch, leader, outcomes);
      }
      failed = false;
    } finally {
      // no method is called here, because the stack may have overflowed
      if (failed && batch.leader == leader) {
        batch.failed = true;
      }
    }
  }

  private void sendOrPassLead(Batch<Q, A> batch, @Nullable Call<Q, A> leader) {
    Deadline latest = batch.latest().deadline();
    if (leader != null && Thread.currentThread().isInterrupted()) {
      removeLeader(batch, leader, Errors.interrupted());
    } else if (latest.isOver()) {
      finish(batch, leader, allTimedOut(batch));
    } else if (leader == null) {
      send(batch, null, latest);
    } else if (leader.isOver()) {
      removeLeader(batch, leader, sender.timedOut(leader.timeout()));
    } else if (latest.isWellAfter(leader.deadline()) || batch.needsOtherThan(leader)) {
      passLead(batch, leader);
    } else {
      send(batch, leader, leader.deadline());
    }
  }

  private Object[] allTimedOut(Batch<Q, A> batch) {
    return batch.calls().stream().map(call -> sender.timedOut(call.timeout())).toArray();
  }

  private void send(Batch<Q, A> batch, @Nullable Call<Q, A> leader, Deadline deadline) {
    Deadline oldest = batch.calls().get(0).deadline();
    long oldestWait = oldest.nanosElapsed();
    if (measures) {
      long now = oldest.begin() + oldestWait;
      batch.calls().forEach(call -> call.setSent(now));
    }
    inFlightLimit.batchSent(batch.permit, batch.size());
    List<Q> requests = batch.requests();
    var context = StatementContext.batched(batch.size(), oldestWait, deadline);
    Object[] outcomes =
        leader == null
            ? sender.send(requests, context, later -> finishLater(batch, deadline, later))
            : sender.send(requests, context);
    if (outcomes != null) {
      finish(batch, leader, deadline, outcomes);
    }
  }

  /** Completes a batch of futures that was sent without blocking. */
  private void finishLater(Batch<Q, A> batch, Deadline deadline, Object[] outcomes) {
    boolean failed = true;
    try {
      finish(batch, null, deadline, outcomes);
      failed = false;
    } finally {
      if (failed) {
        batch.failed = true;
      }
    }
  }

  private void finish(
      Batch<Q, A> batch, @Nullable Call<Q, A> leader, Deadline deadline, Object[] outcomes) {
    restoreTimeouts(batch.calls(), outcomes, deadline.timeout());
    if (leader != null
        && outcomes[batch.calls().lastIndexOf(leader)] instanceof FunctionCallException error
        && error.code() == Code.INTERRUPTED) {
      removeLeader(batch, leader, error);
    } else {
      finish(batch, leader, outcomes);
    }
  }

  /** Replaces the statement's timeout in errors with the timeout of each call. */
  private static void restoreTimeouts(
      List<? extends Call<?, ?>> calls, Object[] outcomes, Duration timeout) {
    for (int i = 0; i < outcomes.length; i++) {
      if (outcomes[i] instanceof FunctionCallException error) {
        outcomes[i] = Errors.withTimeout(error, timeout, calls.get(i).timeout());
      }
    }
  }

  /** Releases the permit of a batch, and completes its calls. */
  private void finish(Batch<Q, A> batch, @Nullable Call<Q, A> leader, Object[] outcomes) {
    batch.setOutcomes(outcomes);
    releasePermit(batch);
    if (leader != null || !sender.isEventLoop()) {
      dispatch(false);
    }
    if (!batch.inFlight().complete(outcomes)) {
      batches.remove(batch);
      if (leader == null && sender.isEventLoop()) {
        dispatch(false);
      }
    } else if (leader == null) {
      completeFutures(batch);
    } else {
      completeFuturesOnExecutor(batch);
    }
  }

  /**
   * Completes the futures of a batch, which also runs their dependent stages. Calls that these
   * stages add are sent together afterwards. An event loop could not send calls before that.
   */
  private void completeFutures(Batch<Q, A> batch) {
    if (sender.isEventLoop()) {
      completing = Thread.currentThread();
      try {
        batch.inFlight().completeFutures();
      } finally {
        completing = null;
      }
    } else {
      AsyncWorker.completeFuturesOf(this, batch.inFlight()::completeFutures);
    }
    batches.remove(batch);
    dispatch(false);
  }

  /**
   * Completes futures on the executor. If no thread is available, {@link #checkTimeouts} tries
   * again.
   */
  private void completeFuturesOnExecutor(Batch<Q, A> batch) {
    boolean unused = Threads.tryExecute(executor, () -> completeFutures(batch));
  }

  /** Removes the leader from a batch and assigns another leader. */
  private void removeLeader(Batch<Q, A> batch, Call<Q, A> leader, FunctionCallException reason) {
    batch.remove(leader);
    if (!assignLeader(batch)) {
      discard(batch);
    }
    leader.end(reason);
  }

  /** Releases the permit of a batch that contains no more calls. */
  private void discard(Batch<Q, A> batch) {
    batches.remove(batch);
    releasePermit(batch);
    dispatch(false);
  }

  private void releasePermit(Batch<Q, A> batch) {
    if (batch.permit != InFlightLimit.NONE) {
      inFlightLimit.release(batch.permit);
      batch.permit = InFlightLimit.NONE;
    }
  }

  /** Assigns the call with the latest deadline as the leader. The current leader waits again. */
  private void passLead(Batch<Q, A> batch, Call<Q, A> leader) {
    leader.resumeWaiting();
    if (!assignLeader(batch)) {
      discard(batch);
    }
  }

  /**
   * Fails calls that have passed their deadlines. Also completes futures that are delayed by a slow
   * dependent stage of another future, and sends the calls that such stages have added. The
   * executor takes over a batch if its leader has thrown an error, could not be started, or has not
   * started since the previous check. If only virtual threads hold permits, calls from platform
   * threads are sent without waiting for these permits.
   *
   * @return whether calls are left to check
   */
  boolean checkTimeouts() {
    boolean othersThanVirtualWait = false;
    for (Call<Q, A> call : queue) {
      if (call.isOver()) {
        expire(call);
      } else {
        othersThanVirtualWait |= !call.isOfVirtualThread();
      }
    }
    for (Batch<Q, A> batch : batches) {
      if (batch.inFlight().isAnswered()) {
        if (!batch.failed) {
          completeFuturesOnExecutor(batch);
        }
      } else {
        batch.inFlight().calls(call -> call.isOver()).forEach(this::expire);
      }
      if (batch.recoverFailed() || (batch.wasCheckedBefore() && batch.revokeLead())) {
        resume(batch);
      }
    }
    failures.check();
    dispatch(false);
    if (othersThanVirtualWait) {
      dispatchReserve();
    }
    return !isIdle();
  }

  private void dispatchReserve() {
    int permit = inFlightLimit.tryAcquireReserve();
    if (permit != InFlightLimit.NONE) {
      start(newBatch(permit));
    }
  }

  /** Completes or sends a batch that belongs to the current thread. */
  private void resume(Batch<Q, A> batch) {
    if (batch.size() == 0) {
      discard(batch);
    } else {
      leadOnExecutor(batch);
    }
  }

  /** Fails a call that has timed out. */
  private void expire(Call<?, ?> call) {
    if (call.hasThread() ? !call.isEnded() : call.expire()) {
      fail(call, sender.timedOut(call.timeout()));
    }
    call.leaveQueue();
  }

  /** Fails a call. Futures are completed on the executor, because dependent stages may block. */
  private void fail(Call<?, ?> call, FunctionCallException reason) {
    if (call.hasThread()) {
      call.end(reason);
    } else {
      failures.add(() -> call.end(reason));
    }
  }

  /** Returns the number of queued calls by counting them. */
  int queuedCalls() {
    return queue.count();
  }

  /** Returns whether no call is queued or in flight. */
  boolean isIdle() {
    return queue.isEmpty() && inFlightLimit.isUnused() && batches.isEmpty() && failures.isEmpty();
  }

  /** Fails all calls that are queued or in flight, except leaders that have begun to lead. */
  void failAll(FunctionCallException reason) {
    Call<Q, A> call;
    while ((call = queue.poll()) != null) {
      fail(call, reason);
    }
    for (Batch<Q, A> batch : batches) {
      if (batch.revokeLead()) {
        discard(batch);
      }
      batch.inFlight().calls(each -> true).forEach(each -> fail(each, reason));
    }
    failures.start();
  }
}
