// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * Makes calls of futures that share no statement with others, a limited number at a time, each on a
 * thread of an executor. Others wait in a queue.
 *
 * <p>A call gives its place to the next before its future is ended, since what depends on that may
 * take its time, or wait for another call.
 */
final class AsyncCalls {
  private final Queue<Task<?>> waiting = new ConcurrentLinkedQueue<>();
  private final Set<Task<?>> inFlight = ConcurrentHashMap.newKeySet();
  private final Settings settings;
  private final QueueLimit limit;
  private final Semaphore places;
  private final Executor executor;
  private final Executor own;

  /**
   * Creates it.
   *
   * @param executor makes the calls
   * @param own ends those whose time is over; has a thread whatever the other one does
   */
  AsyncCalls(Settings settings, Executor executor, Executor own) {
    this.settings = settings;
    this.limit = new QueueLimit(settings.maxQueuedCalls(), settings.maxQueuedBytes());
    this.places = new Semaphore(settings.maxInFlightCalls());
    this.executor = executor;
    this.own = own;
  }

  /**
   * Makes a call as soon as it may be; if there is no room to wait, throws or waits for some, as
   * was told.
   *
   * @param work throws a {@link PgHelloException} if it fails
   * @param deadline when a call of one statement must have ended, or one of several begun
   */
  <T> void add(
      Supplier<T> work, CallFuture<T> future, int bytes, Deadline deadline, boolean oneStatement) {
    if (!limit.tryTake(bytes)) {
      removeEnded();
      if (!limit.tryTake(bytes)) {
        if (!settings.blockWhenFull()) {
          throw Errors.overloaded();
        }
        limit.take(bytes, deadline);
      }
    }
    waiting.add(new Task<>(work, future, limit.weight(bytes), deadline, oneStatement));
    dispatch();
  }

  /** Gives free places to those that wait. */
  private void dispatch() {
    while (!waiting.isEmpty() && places.tryAcquire()) {
      Task<?> task = waiting.poll();
      if (task != null) {
        limit.giveBack(task.weight);
      }
      if (task == null || task.future.isDone()) {
        places.release();
      } else {
        inFlight.add(task);
        execute(task);
      }
    }
  }

  private void execute(Task<?> task) {
    try {
      executor.execute(() -> run(task));
    } catch (RejectedExecutionException e) {
      refuse(task, Errors.overloaded());
    } catch (RuntimeException | Error e) {
      refuse(task, Errors.unexpected(e));
    }
  }

  private void refuse(Task<?> task, PgHelloException error) {
    if (task.begin()) {
      places.release();
    }
    inFlight.remove(task);
    task.future.fail(error);
  }

  private <T> void run(Task<T> task) {
    if (!task.begin()) {
      return;
    }
    Runnable end = outcome(task);
    places.release();
    dispatch();
    end.run();
    inFlight.remove(task);
  }

  private static <T> Runnable outcome(Task<T> task) {
    try {
      T answer = task.work.get();
      return () -> task.future.answer(answer);
    } catch (PgHelloException e) {
      return () -> task.future.fail(e);
    } catch (RuntimeException | Error e) {
      PgHelloException error = Errors.unexpected(e);
      return () -> task.future.fail(error);
    }
  }

  /**
   * Ends calls whose time is over.
   *
   * @return whether there are calls left to look after
   */
  boolean checkTimeouts() {
    removeEnded();
    waiting.stream().filter(task -> task.deadline.isOver()).forEach(this::expire);
    inFlight.removeIf(this::endIfOver);
    dispatch();
    return !isQuiet();
  }

  /** Ends a call if its time is over; returns whether it is under way no longer. */
  private boolean endIfOver(Task<?> task) {
    if (task.future.isDone()) {
      return true;
    }
    boolean over = task.deadline.isOver();
    // the executor has not come to it, and need not
    boolean dropped = over && task.begin();
    if (dropped) {
      places.release();
    }
    if (over && (dropped || task.oneStatement)) {
      expire(task);
    }
    return dropped;
  }

  private void removeEnded() {
    for (Task<?> task : waiting.stream().filter(each -> each.future.isDone()).toList()) {
      if (waiting.remove(task)) {
        limit.giveBack(task.weight);
      }
    }
  }

  private void expire(Task<?> task) {
    end(task, Errors.timedOut(task.deadline.timeout()));
  }

  private void end(Task<?> task, PgHelloException reason) {
    try {
      own.execute(() -> task.future.fail(reason));
    } catch (RejectedExecutionException | OutOfMemoryError e) {
      task.future.fail(reason);
    }
  }

  /** Does nobody wait, and is nothing under way? */
  boolean isQuiet() {
    return waiting.isEmpty() && inFlight.stream().allMatch(task -> task.future.isDone());
  }

  /** Ends all. */
  void endAll(PgHelloException reason) {
    Task<?> task;
    while ((task = waiting.poll()) != null) {
      limit.giveBack(task.weight);
      end(task, reason);
    }
    inFlight.forEach(each -> end(each, reason));
  }

  /** A call that waits, or is under way. */
  private static final class Task<T> {
    final Supplier<T> work;
    final CallFuture<T> future;
    final int weight;
    final Deadline deadline;
    final boolean oneStatement;
    private final AtomicBoolean begun = new AtomicBoolean();

    Task(
        Supplier<T> work,
        CallFuture<T> future,
        int weight,
        Deadline deadline,
        boolean oneStatement) {
      this.work = work;
      this.future = future;
      this.weight = weight;
      this.deadline = deadline;
      this.oneStatement = oneStatement;
    }

    /** Returns true for the first who asks, which is who may run it, or drop it. */
    boolean begin() {
      return begun.compareAndSet(false, true);
    }
  }
}
