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
 * Executes the calls of futures that are not batched, a limited number at a time, each on a thread
 * of an executor. Others are queued.
 *
 * <p>A call releases its permit before its future is completed, since dependents may be slow, or
 * wait for another call.
 */
final class AsyncCalls {
  private final Queue<Task<?>> queue = new ConcurrentLinkedQueue<>();
  private final Set<Task<?>> inFlight = ConcurrentHashMap.newKeySet();
  private final Settings settings;
  private final QueueLimit limit;
  private final Semaphore permits;
  private final Executor executor;
  private final Executor own;

  /**
   * Creates an instance.
   *
   * @param executor executes the calls
   * @param own completes timed-out futures; has a thread whatever the other executor does
   */
  AsyncCalls(Settings settings, Executor executor, Executor own) {
    this.settings = settings;
    this.limit = new QueueLimit(settings.maxQueuedCalls(), settings.maxQueuedBytes());
    this.permits = new Semaphore(settings.maxInFlightCalls());
    this.executor = executor;
    this.own = own;
  }

  /**
   * Adds a call, which is executed as soon as a permit is available. If the queue is full, blocks
   * or throws, depending on the settings.
   *
   * @param work throws a {@link PgHelloException} if it fails
   * @param deadline when a call of one statement must be complete, or one of several started
   */
  <T> void add(
      Supplier<T> work, CallFuture<T> future, int bytes, Deadline deadline, boolean oneStatement) {
    if (!limit.tryAcquire(bytes)) {
      removeEnded();
      if (!limit.tryAcquire(bytes)) {
        if (!settings.blockWhenFull()) {
          throw Errors.overloaded();
        }
        limit.acquire(bytes, deadline);
      }
    }
    queue.add(new Task<>(work, future, limit.weight(bytes), deadline, oneStatement));
    dispatch();
  }

  /** Assigns available permits to queued calls. */
  private void dispatch() {
    while (!queue.isEmpty() && permits.tryAcquire()) {
      Task<?> task = queue.poll();
      if (task != null) {
        limit.release(task.weight);
      }
      if (task == null || task.future.isDone()) {
        permits.release();
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
    if (task.tryStart()) {
      permits.release();
    }
    inFlight.remove(task);
    task.future.fail(error);
  }

  private <T> void run(Task<T> task) {
    if (!task.tryStart()) {
      return;
    }
    Runnable end = outcome(task);
    permits.release();
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
   * Fails calls whose deadline has passed.
   *
   * @return whether calls are left to check
   */
  boolean checkTimeouts() {
    removeEnded();
    queue.stream().filter(task -> task.deadline.isOver()).forEach(this::expire);
    inFlight.removeIf(this::endIfOver);
    dispatch();
    return !isIdle();
  }

  /** Fails a call whose deadline has passed; returns whether it is no longer in flight. */
  private boolean endIfOver(Task<?> task) {
    if (task.future.isDone()) {
      return true;
    }
    boolean over = task.deadline.isOver();
    // the executor has not started it
    boolean dropped = over && task.tryStart();
    if (dropped) {
      permits.release();
    }
    if (over && (dropped || task.oneStatement)) {
      expire(task);
    }
    return dropped;
  }

  private void removeEnded() {
    for (Task<?> task : queue.stream().filter(each -> each.future.isDone()).toList()) {
      if (queue.remove(task)) {
        limit.release(task.weight);
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

  /** Returns how many calls are queued; counts them. */
  int queuedCalls() {
    return (int) queue.stream().filter(task -> !task.future.isDone()).count();
  }

  /** Returns whether no call is queued or in flight. */
  boolean isIdle() {
    return queue.isEmpty() && inFlight.stream().allMatch(task -> task.future.isDone());
  }

  /** Fails all calls. */
  void failAll(PgHelloException reason) {
    Task<?> task;
    while ((task = queue.poll()) != null) {
      limit.release(task.weight);
      end(task, reason);
    }
    inFlight.forEach(each -> end(each, reason));
  }

  /** A call that is queued or in flight. */
  private static final class Task<T> {
    final Supplier<T> work;
    final CallFuture<T> future;
    final int weight;
    final Deadline deadline;
    final boolean oneStatement;
    private final AtomicBoolean started = new AtomicBoolean();

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

    /** Returns true once: to the thread that may run the call or drop it. */
    boolean tryStart() {
      return started.compareAndSet(false, true);
    }
  }
}
