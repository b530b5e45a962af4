// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
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
 * <p>There are a few {@linkplain Wires wires}. Who finds one free, and nobody waiting, takes it and
 * travels alone, on the thread that it came with. Who does not, waits in the {@linkplain
 * WaitingRoom waiting room}. Who gives a wire back hands it to a batch of those that wait, led by
 * one of them: its thread, woken, takes along who has come meanwhile, sends the batch, gives the
 * wire back, and wakes the others. A batch of futures alone is led by a thread of the executor.
 *
 * <p>What holds, whatever the threads do:
 *
 * <ul>
 *   <li>No call waits while all wires are free. Who adds a call looks for a free wire afterwards,
 *       who frees a wire looks for a waiting call afterwards, and both the room and the wires are
 *       volatile, so that at least one of the two sees what the other did. (Calls that are made
 *       where futures are ended wait for the end of that, or for the sweep.)
 *   <li>The leader is the youngest of those in the batch that have a thread: none of the others has
 *       more time left, so that the leader's deadline can be that of the statement, and none waits
 *       longer than its own.
 * </ul>
 */
final class Coalescer {
  /** Sends a batch. */
  interface Sender {
    /** Returns a greeting or a {@link PgHelloException} for each; throws nothing. */
    Object[] send(List<Question> questions, long deadline);
  }

  private final WaitingRoom waiting;
  private final Wires wires;
  private final Set<Delivery> deliveries = ConcurrentHashMap.newKeySet();
  private final Settings settings;
  private final int batchSize;
  private final Executor executor;
  private final Sender sender;

  Coalescer(Settings settings, int batchSize, Executor executor, Sender sender) {
    this.settings = settings;
    this.batchSize = batchSize;
    this.executor = executor;
    this.sender = sender;
    this.waiting = new WaitingRoom(settings.maxQueuedCalls(), settings.maxQueuedBytes());
    this.wires = new Wires(settings.maxInFlightBatches());
  }

  /** Takes a wire for a caller that need not wait; it has to {@link #freeWire()} afterwards. */
  boolean takeWireAlone() {
    return waiting.isEmpty() && wires.take(waiting);
  }

  void freeWire() {
    wires.giveBack();
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
    if (!Worker.isEndingFuturesOf(this)) {
      dispatch();
    }
  }

  /** Waits until the call has ended, and leads a batch if it is chosen to. */
  Object await(Call call) {
    Object state = call.await();
    if (state instanceof Batch batch) {
      lead(batch, call);
      state = call.outcome();
    }
    return state;
  }

  /** Gives free wires to those that wait. */
  private void dispatch() {
    while (!waiting.isEmpty() && wires.take(waiting)) {
      // many leave in as many batches as can, so that one is sent while another is answered
      int most = Math.max(Wires.LARGE, waiting.size() / (wires.free() + 1));
      var batch = new Batch(Math.min(batchSize, most), settings.maxBatchBytes());
      boolean led = false;
      try {
        waiting.board(batch);
        led = handOver(batch);
      } finally {
        if (!led) {
          // they had all left; somebody may have come since
          wires.giveBack();
        }
      }
    }
  }

  /** Finds a leader for a batch whose wire is held; false if nobody is left in it. */
  private boolean handOver(Batch batch) {
    List<Call> calls = batch.calls();
    for (int i = calls.size() - 1; i >= 0; i--) {
      Call call = calls.get(i);
      if (!call.hasThread()) {
        return handToExecutor(batch);
      }
      if (call.lead(batch)) {
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
    waiting.board(batch);
    long deadline = leader == null ? batch.youngest().deadline : leader.deadline;
    if (leader != null && Thread.currentThread().isInterrupted()) {
      leave(batch, leader, Errors.interrupted());
    } else if (deadline - System.nanoTime() <= 0) {
      leave(batch, leader == null ? batch.youngest() : leader, timedOut());
    } else {
      send(batch, leader, deadline);
    }
  }

  private void send(Batch batch, @Nullable Call leader, long deadline) {
    if (settings.listens()) {
      long begun = System.nanoTime() + settings.callTimeout().toNanos();
      batch.calls().forEach(call -> settings.listener().waited(begun - call.deadline));
    }
    // the batch itself may get another leader while somebody looks through this
    var delivery = new Delivery(batch.calls());
    deliveries.add(delivery);
    wires.depart(batch.size());
    Object[] outcomes = sender.send(batch.questions(), deadline);
    if (leader != null
        && outcomes[batch.calls().lastIndexOf(leader)] instanceof PgHelloException error
        && error.code() == Code.INTERRUPTED) {
      deliveries.remove(delivery);
      leave(batch, leader, error);
      return;
    }
    freeWire();
    if (!delivery.bring(outcomes)) {
      deliveries.remove(delivery);
    } else if (leader == null) {
      endFutures(delivery);
    } else {
      endFuturesElsewhere(delivery);
    }
  }

  /**
   * Ends the futures of a batch, and so runs what depends on them, which may take its time. Calls
   * that this makes leave together, when it is done.
   */
  private void endFutures(Delivery delivery) {
    Worker.endFutures(this, delivery);
    deliveries.remove(delivery);
    dispatch();
  }

  private void endFuturesElsewhere(Delivery delivery) {
    executeOr(() -> endFutures(delivery), reason -> endFutures(delivery));
  }

  /** Takes one out of the batch that it would have led, and lets another lead. */
  private void leave(Batch batch, Call leader, PgHelloException reason) {
    batch.remove(leader);
    if (!handOver(batch)) {
      freeWire();
    }
    leader.end(reason);
  }

  private PgHelloException timedOut() {
    return Errors.timedOut(settings.callTimeout());
  }

  /**
   * Ends calls whose time is over, and futures whose turn does not come because what depends on
   * another one takes its time, and sends calls that were made there.
   *
   * @return whether there are calls left to look after
   */
  boolean sweep() {
    long now = System.nanoTime();
    for (Call call : waiting) {
      if (call.deadline - now <= 0) {
        expire(call);
      }
    }
    for (Delivery delivery : deliveries) {
      if (delivery.isHere()) {
        endFuturesElsewhere(delivery);
      } else {
        delivery.calls(call -> call.deadline - now <= 0).forEach(this::expire);
      }
    }
    dispatch();
    return !isQuiet();
  }

  private void expire(Call call) {
    if (call.hasThread()) {
      call.end(timedOut());
    } else if (!call.isOver()) {
      executeOr(() -> call.end(timedOut()), call::end);
    }
  }

  /** Does nobody wait, and nobody travel? */
  boolean isQuiet() {
    return waiting.isEmpty() && wires.areAllFree() && deliveries.isEmpty();
  }

  /** Ends all that wait, and all that travel but the leaders, which end by themselves. */
  void endAll(PgHelloException reason) {
    Call call;
    while ((call = waiting.poll()) != null) {
      call.end(reason);
    }
    deliveries.forEach(delivery -> delivery.calls(each -> true).forEach(each -> each.end(reason)));
  }
}
