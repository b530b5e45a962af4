// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Lets calls that wait anyway travel together.
 *
 * <p>There are a few {@linkplain InFlightLimit inFlightLimit}. Who finds one free, and nobody
 * waiting, takes it and travels alone, on the thread that it came with. Who does not, waits in the
 * {@linkplain CallQueue waiting room}. Who gives a wire back hands it to a batch of those that
 * wait, led by one of them: its thread, woken, takes along who has come meanwhile, sends the batch,
 * gives the wire back, and wakes the others. A batch of futures alone is led by a thread of the
 * executor.
 *
 * <p>What holds, whatever the threads do:
 *
 * <ul>
 *   <li>No call waits while all inFlightLimit are free. Who adds a call looks for a free wire
 *       afterwards, who frees a wire looks for a waiting call afterwards, and both the room and the
 *       inFlightLimit are volatile, so that at least one of the two sees what the other did. (Calls
 *       that are made where futures are ended wait for the end of that, or for the checkTimeouts.)
 *   <li>The statement has as much time as its leader, which is the call with the latest deadline in
 *       the batch; calls with less time left end at their own deadlines. Who comes while the leader
 *       wakes may have a tenth of its own time-out more; a leader that finds a call with more than
 *       that lets that one lead.
 *   <li>A batch belongs to one thread. A leader that was chosen has to begin, by a compare-and-set,
 *       and if it does not, as a virtual thread that gets no carrier, {@link #checkTimeouts} takes
 *       the batch back by another one. From before it is handed over until its last call has ended,
 *       a batch is among those whose calls end at their deadlines.
 * </ul>
 */
final class Coalescer {
  /** Sends a batch. */
  interface Sender {
    /** Returns a greeting or a {@link PgHelloException} for each; throws nothing. */
    Object[] send(List<HelloRequest> requests, StatementContext context);

    /** Says why a call's time is over that waited for others. */
    default PgHelloException timedOut(Duration timeout) {
      return Errors.timedOut(timeout);
    }
  }

  private final CallQueue waiting;
  private final InFlightLimit inFlightLimit;
  private final Set<Batch> batches = ConcurrentHashMap.newKeySet();
  private final Settings settings;
  private final int batchSize;
  private final Executor executor;
  private final Sender sender;

  Coalescer(Settings settings, int batchSize, Executor executor, Sender sender) {
    this.settings = settings;
    this.batchSize = batchSize;
    this.executor = executor;
    this.sender = sender;
    this.waiting = new CallQueue(settings.maxQueuedCalls(), settings.maxQueuedBytes());
    this.inFlightLimit = new InFlightLimit(settings.maxInFlightBatches());
  }

  /** Takes a wire for a caller that need not wait; it has to {@link #releaseAlone()} afterwards. */
  boolean tryAcquireAlone() {
    return waiting.isEmpty() && inFlightLimit.take(waiting);
  }

  void releaseAlone() {
    inFlightLimit.giveBack();
    dispatch();
  }

  /** Lets a call wait; if there is no room, throws or waits for some, as was told. */
  void add(Call call) {
    if (!waiting.tryAdd(call)) {
      if (!settings.blockWhenFull()) {
        throw Errors.overloaded();
      }
      dispatch();
      waiting.add(call);
    }
    if (!AsyncWorker.isEndingFuturesOf(this)) {
      dispatch();
    }
  }

  /** Waits until the call has ended, and leads a batch if it is chosen to. */
  Object await(Call call) {
    Object state = call.await();
    while (state instanceof Batch batch) {
      if (call.beginLead(batch)) {
        lead(batch, call);
      }
      state = call.await();
    }
    return state;
  }

  /** Gives free inFlightLimit to those that wait. */
  private void dispatch() {
    while (!waiting.isEmpty() && inFlightLimit.take(waiting)) {
      // many leave in as many batches as can, so that one is sent while another is answered
      int most = Math.max(InFlightLimit.LARGE, waiting.size() / (inFlightLimit.free() + 1));
      var batch = new Batch(Math.min(batchSize, most), settings.maxBatchBytes());
      boolean led = false;
      try {
        board(batch);
        batches.add(batch);
        led = handOver(batch);
      } finally {
        if (!led) {
          // they had all left; somebody may have come since
          batches.remove(batch);
          inFlightLimit.giveBack();
        }
      }
    }
  }

  /** Takes calls into a batch, and lets the time-out look at them. */
  private void board(Batch batch) {
    waiting.board(batch);
    batch.newInFlight();
  }

  /** Finds a leader for a batch whose wire is held; false if nobody is left in it. */
  private boolean handOver(Batch batch) {
    while (batch.size() > 0) {
      Call call = batch.latest();
      if (!call.hasThread()) {
        return handToExecutor(batch);
      }
      if (batch.giveTo(call)) {
        return true;
      }
      batch.remove(call);
    }
    return false;
  }

  private boolean handToExecutor(Batch batch) {
    return executeOr(
        () -> lead(batch, null), reason -> batch.calls().forEach(call -> call.end(reason)));
  }

  /**
   * Does something on a thread of the executor's or, if it has none to give, the other thing here.
   */
  private boolean executeOr(Runnable work, Consumer<PgHelloException> otherwise) {
    try {
      executor.execute(work);
      return true;
    } catch (RejectedExecutionException e) {
      otherwise.accept(Errors.closed());
    } catch (OutOfMemoryError e) {
      otherwise.accept(Errors.unexpected(e));
    }
    return false;
  }

  /** Sends a batch, on the thread of its leader, or on one of the executor's if it has none. */
  private void lead(Batch batch, @Nullable Call leader) {
    board(batch);
    Call latest = batch.latest();
    Deadline deadline = leader == null ? latest.deadline : leader.deadline;
    if (leader != null && Thread.currentThread().isInterrupted()) {
      leave(batch, leader, Errors.interrupted());
    } else if (deadline.isOver()) {
      leave(batch, leader == null ? latest : leader, sender.timedOut(deadline.timeout()));
    } else if (leader != null && latest.deadline.isWellAfter(deadline)) {
      passOn(batch, leader);
    } else {
      send(batch, leader, deadline);
    }
  }

  private void send(Batch batch, @Nullable Call leader, Deadline deadline) {
    InFlightBatch inFlight = batch.inFlight();
    long oldestWait = batch.calls().get(0).deadline.nanosGone();
    long departed = inFlightLimit.depart(batch.size());
    Object[] outcomes =
        sender.send(
            batch.requests(), StatementContext.coalesced(batch.size(), oldestWait, deadline));
    inFlightLimit.arrive(departed);
    if (leader != null
        && outcomes[batch.calls().lastIndexOf(leader)] instanceof PgHelloException error
        && error.code() == Code.INTERRUPTED) {
      leave(batch, leader, error);
      return;
    }
    releaseAlone();
    if (!inFlight.bring(outcomes)) {
      batches.remove(batch);
    } else if (leader == null) {
      endFutures(batch);
    } else {
      endFuturesElsewhere(batch);
    }
  }

  /**
   * Ends the futures of a batch, and so runs what depends on them, which may take its time. Calls
   * that this makes leave together, when it is done.
   */
  private void endFutures(Batch batch) {
    AsyncWorker.endFutures(this, batch.inFlight());
    batches.remove(batch);
    dispatch();
  }

  private void endFuturesElsewhere(Batch batch) {
    executeOr(() -> endFutures(batch), reason -> endFutures(batch));
  }

  /** Takes one out of the batch that it would have led, and lets another lead. */
  private void leave(Batch batch, Call leader, PgHelloException reason) {
    batch.remove(leader);
    if (!handOver(batch)) {
      drop(batch);
    }
    leader.end(reason);
  }

  /** Gives back the wire of a batch in which nobody is left. */
  private void drop(Batch batch) {
    batches.remove(batch);
    releaseAlone();
  }

  /** Lets one lead that has more time left; the leader waits with the others. */
  private void passOn(Batch batch, Call leader) {
    leader.waitAgain();
    if (!handOver(batch)) {
      drop(batch);
    }
  }

  /**
   * Ends calls whose time is over, and futures whose turn does not come because what depends on
   * another one takes its time, and sends calls that were made there. A batch whose leader has not
   * begun since the last time, as a virtual thread without a carrier, is led by the executor.
   *
   * @return whether there are calls left to look after
   */
  boolean checkTimeouts() {
    for (Call call : waiting) {
      if (call.deadline.isOver()) {
        call.leaveRoom();
        expire(call);
      }
    }
    for (Batch batch : batches) {
      InFlightBatch inFlight = batch.inFlight();
      if (inFlight.isHere()) {
        endFuturesElsewhere(batch);
      } else {
        inFlight.calls(call -> call.deadline.isOver()).forEach(this::expire);
        if (batch.isSeenAgain() && batch.takeBack() && !handToExecutor(batch)) {
          drop(batch);
        }
      }
    }
    dispatch();
    return !isQuiet();
  }

  private void expire(Call call) {
    PgHelloException timedOut = sender.timedOut(call.deadline.timeout());
    if (call.hasThread()) {
      call.end(timedOut);
    } else if (!call.isOver()) {
      executeOr(() -> call.end(timedOut), call::end);
    }
  }

  /** Does nobody wait, and nobody travel? */
  boolean isQuiet() {
    return waiting.isEmpty() && inFlightLimit.areAllFree() && batches.isEmpty();
  }

  /** Ends all that wait, and all that travel but the leaders that have begun. */
  void endAll(PgHelloException reason) {
    Call call;
    while ((call = waiting.poll()) != null) {
      call.end(reason);
    }
    for (Batch batch : batches) {
      if (batch.takeBack()) {
        drop(batch);
      }
      batch.inFlight().calls(each -> true).forEach(each -> each.end(reason));
    }
  }
}
