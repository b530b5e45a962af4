// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Lets calls that wait anyway travel together.
 *
 * <p>There are a few wires. Who finds one free, and nobody waiting, takes it and travels alone, on
 * the thread that it came with. Who does not, waits in the queue. Who gives a wire back hands it to
 * a batch of those that wait, led by one of them: its thread, woken, takes along who has come
 * meanwhile, sends the batch, gives the wire back, and wakes the others. A batch of futures alone
 * is led by a thread of the executor.
 *
 * <p>What holds, whatever the threads do:
 *
 * <ul>
 *   <li>A wire is free, or held by one caller or one batch; who holds it gives it back once.
 *   <li>A call is taken out of the queue once, by the one who {@linkplain Queue#poll() polls} it,
 *       and that one sees to it that the call ends, or finds that its caller has left.
 *   <li>No call waits while all wires are free. Who adds a call looks for a free wire afterwards,
 *       who frees a wire looks for a waiting call afterwards, and both the queue and the counter
 *       are volatile, so that at least one of the two sees what the other did. (Calls that are made
 *       where futures are ended wait for the end of that, or for the sweep.)
 *   <li>Small batches cost the same as large ones. So while a batch is under way others leave only
 *       if they are large, too, or some time after it, as it may be back soon, and who waits
 *       meanwhile travels together. As it holds a wire, it looks for who waits when it gives that
 *       back.
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

  // From how many calls on a batch may leave whenever a wire is free. Found by measuring: 32 to 256
  // make little difference.
  private static final int LARGE = 128;

  // From how many calls on a batch has a head start of smaller ones, and which.
  private static final int HEAD_START_SIZE = 16;
  private static final long HEAD_START_NANOS = 500_000;

  private final Queue<Call> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger freeWires;
  private final Set<Delivery> deliveries = ConcurrentHashMap.newKeySet();
  private volatile long departure = System.nanoTime() - HEAD_START_NANOS;
  private final int share;
  private final Semaphore room;
  private final Settings settings;
  private final int batchSize;
  private final Executor executor;
  private final Sender sender;

  Coalescer(Settings settings, int batchSize, Executor executor, Sender sender) {
    this.settings = settings;
    this.batchSize = batchSize;
    this.executor = executor;
    this.sender = sender;
    this.freeWires = new AtomicInteger(settings.maxBatchesUnderWay());
    this.share = Math.max(1, settings.maxWaitingBytes() / settings.maxWaiting());
    this.room = new Semaphore(share * settings.maxWaiting());
  }

  /** Takes a wire for a caller that need not wait; it has to {@link #freeWire()} afterwards. */
  boolean takeWireAlone() {
    return waiting.isEmpty() && takeWire();
  }

  private boolean takeWire() {
    int free = freeWires.get();
    while (free > 0
        && (free == settings.maxBatchesUnderWay() || waitingNow() >= LARGE || isDue())) {
      if (freeWires.compareAndSet(free, free - 1)) {
        return true;
      }
      free = freeWires.get();
    }
    return false;
  }

  /** About how many calls wait; more, if their names are long. */
  private int waitingNow() {
    return settings.maxWaiting() - room.availablePermits() / share;
  }

  /** Has the last batch had its head start? */
  private boolean isDue() {
    return System.nanoTime() - departure > HEAD_START_NANOS;
  }

  void freeWire() {
    freeWires.incrementAndGet();
    dispatch();
  }

  /** Lets a call wait; if there is no room, throws or waits for some, as was told. */
  void add(Call call) {
    int weight = weight(call);
    if (!room.tryAcquire(weight)) {
      awaitRoom(call, weight);
    }
    waiting.add(call);
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
    while (!waiting.isEmpty() && takeWire()) {
      // many leave in as many batches as can, so that one is sent while another is answered
      int most = Math.min(batchSize, Math.max(LARGE, waitingNow() / (freeWires.get() + 1)));
      var batch = new Batch(most);
      boolean led = false;
      try {
        collect(batch);
        led = handOver(batch);
      } finally {
        if (!led) {
          // they had all left; somebody may have come since
          freeWires.incrementAndGet();
        }
      }
    }
  }

  private void collect(Batch batch) {
    int weight = 0;
    Call call;
    while (batch.size() < batch.most()
        && batch.bytes() < settings.maxBatchBytes()
        && (call = waiting.poll()) != null) {
      weight += weight(call);
      if (!call.isOver()) {
        batch.add(call);
      }
    }
    room.release(weight);
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
    collect(batch);
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
    if (batch.size() >= HEAD_START_SIZE) {
      departure = System.nanoTime();
    }
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
    return waiting.isEmpty()
        && freeWires.get() == settings.maxBatchesUnderWay()
        && deliveries.isEmpty();
  }

  /** Ends all that wait, and all that travel but the leaders, which end by themselves. */
  void endAll(PgHelloException reason) {
    Call call;
    while ((call = waiting.poll()) != null) {
      room.release(weight(call));
      call.end(reason);
    }
    deliveries.forEach(delivery -> delivery.calls(each -> true).forEach(each -> each.end(reason)));
  }

  /** Each call takes its bytes, and no less than its share, so that one bound serves for both. */
  private int weight(Call call) {
    return Math.min(Math.max(share, call.question.bytes()), share * settings.maxWaiting());
  }

  private void awaitRoom(Call call, int weight) {
    if (!settings.waitWhenOverloaded()) {
      throw Errors.overloaded();
    }
    dispatch();
    try {
      long left = call.deadline - System.nanoTime();
      if (!room.tryAcquire(weight, left, TimeUnit.NANOSECONDS)) {
        throw Errors.overloaded();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Errors.interrupted();
    }
  }
}
