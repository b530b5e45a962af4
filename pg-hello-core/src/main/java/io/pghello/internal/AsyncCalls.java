// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import java.io.Serial;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Executes the calls of futures that are not batched, a limited number at a time, each on a thread
 * of an executor. Others are queued.
 *
 * <p>A call releases its permit before its future is completed, since dependents may be slow, or
 * wait for another call.
 */
final class AsyncCalls {
  private final CallQueue<Task<?>> queue;
  private final Set<Task<?>> inFlight = ConcurrentHashMap.newKeySet();
  private final boolean blockWhenFull;
  private final Semaphore permits;
  private final Executor executor;
  private final Executor own;
  private final FutureFailures failures;

  /**
   * Creates an instance.
   *
   * @param executor executes the calls
   * @param own completes timed-out futures; has a thread whatever the other executor does
   */
  AsyncCalls(Settings settings, Executor executor, Executor own) {
    Settings.Queue limits = settings.queue();
    this.blockWhenFull = limits.blockWhenFull();
    this.queue = new CallQueue<>(limits.maxCalls(), limits.maxBytes());
    this.permits = new Semaphore(settings.futures().maxInFlight());
    this.executor = executor;
    this.own = own;
    this.failures = new FutureFailures(own);
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
    var task = new Task<>(work, future, bytes, deadline, oneStatement);
    if (!queue.tryAdd(task)) {
      dispatch();
      if (!queue.tryAdd(task)) {
        if (!blockWhenFull) {
          throw Errors.overloaded();
        }
        queue.add(task, deadline);
      }
    }
    dispatch();
  }

  /**
   * Assigns available permits to queued calls. If the executor runs a call on the current thread, a
   * thread of the client assigns the others, since the future of the current thread has to wait no
   * longer.
   */
  private void dispatch() {
    boolean ranHere = false;
    while (!queue.isEmpty() && !(ranHere && dispatchElsewhere()) && permits.tryAcquire()) {
      boolean submitted = false;
      try {
        Task<?> task = queue.poll();
        if (task != null && !task.isDone()) {
          inFlight.add(task);
          submitted = task.trySubmit();
          if (submitted) {
            ranHere = execute(task);
          } else {
            // it has timed out meanwhile
            inFlight.remove(task);
          }
        }
      } finally {
        if (!submitted) {
          permits.release();
        }
      }
    }
  }

  private boolean dispatchElsewhere() {
    try {
      own.execute(this::dispatch);
      return true;
    } catch (RejectedExecutionException | OutOfMemoryError e) {
      return false;
    }
  }

  /** Executes a call; returns whether the executor ran it on the current thread. */
  private boolean execute(Task<?> task) {
    task.submitter = Thread.currentThread();
    try {
      executor.execute(() -> run(task));
    } catch (RejectedExecutionException e) {
      refuse(task, executor.equals(own) ? Errors.closed() : Errors.overloaded());
    } catch (RuntimeException | Error e) {
      refuse(task, Errors.unexpected(e));
    } finally {
      task.submitter = null;
    }
    return task.ranOnSubmitter;
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
    Runnable completion;
    try {
      completion = outcome(task);
    } finally {
      permits.release();
    }
    if (Thread.currentThread().equals(task.submitter)) {
      // the loop that has submitted it goes on, which a loop in here would nest
      task.ranOnSubmitter = true;
    } else {
      dispatch();
    }
    completion.run();
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
    for (Task<?> task : queue) {
      if (task.deadline.isOver() && task.expireQueued()) {
        fail(task);
        task.leaveQueue();
      }
    }
    inFlight.removeIf(this::expireInFlight);
    failures.start();
    if (!queue.isEmpty() && permits.availablePermits() > 0) {
      boolean unused = dispatchElsewhere();
    }
    return !isIdle();
  }

  /** Fails a call whose deadline has passed; returns whether it is no longer in flight. */
  private boolean expireInFlight(Task<?> task) {
    boolean done = task.future.isDone();
    if (!done && !task.deadline.isOver()) {
      return false;
    }
    // the executor has not started it
    boolean dropped = task.expireSubmitted();
    if (dropped) {
      permits.release();
    }
    if (!done && (dropped || (task.oneStatement && task.expireStarted()))) {
      fail(task);
    }
    return done || dropped;
  }

  private void fail(Task<?> task) {
    PgHelloException timedOut = Errors.timedOut(task.deadline.timeout());
    failures.add(() -> task.future.fail(timedOut));
  }

  /** Returns how many calls are queued; counts them. */
  int queuedCalls() {
    return queue.count();
  }

  /** Returns whether no call is queued or in flight. */
  boolean isIdle() {
    return queue.isEmpty()
        && failures.isEmpty()
        && inFlight.stream().allMatch(task -> task.future.isDone());
  }

  /** Fails all calls. */
  void failAll(PgHelloException reason) {
    Task<?> task;
    while ((task = queue.poll()) != null) {
      fail(task, reason);
    }
    inFlight.forEach(each -> fail(each, reason));
    failures.start();
    failures.run();
  }

  private void fail(Task<?> task, PgHelloException reason) {
    failures.add(() -> task.future.fail(Errors.again(reason)));
  }

  /**
   * A call. Its state is null while it is queued. From when it is submitted to the executor until
   * it is started, or has expired, it has a permit that whoever ends that state releases.
   */
  private static final class Task<T> extends QueuedCall {
    @Serial private static final long serialVersionUID = 1L;
    private static final Object SUBMITTED = new Object();
    private static final Object STARTED = new Object();
    private static final Object EXPIRED = new Object();

    final transient Supplier<T> work;
    final transient CallFuture<T> future;
    final transient Deadline deadline;
    final boolean oneStatement;
    private final int bytes;

    // only of use to the thread that submits it
    private transient @Nullable Thread submitter;
    private transient boolean ranOnSubmitter;

    Task(
        Supplier<T> work,
        CallFuture<T> future,
        int bytes,
        Deadline deadline,
        boolean oneStatement) {
      this.work = work;
      this.future = future;
      this.bytes = bytes;
      this.deadline = deadline;
      this.oneStatement = oneStatement;
      future.setCall(this);
    }

    @Override
    int bytes() {
      return bytes;
    }

    @Override
    boolean isDone() {
      return get() != null || future.isDone();
    }

    /** Returns true if the call may be given to the executor. */
    boolean trySubmit() {
      return compareAndSet(null, SUBMITTED);
    }

    /** Returns true once: to the thread that may run the call. */
    boolean tryStart() {
      return compareAndSet(SUBMITTED, STARTED);
    }

    /** Returns true if the call has not been submitted and will not be. */
    boolean expireQueued() {
      return compareAndSet(null, EXPIRED);
    }

    /** Returns true if the call has been submitted, has not been started, and will not be. */
    boolean expireSubmitted() {
      return compareAndSet(SUBMITTED, EXPIRED);
    }

    /** Returns true once if the call has been started. */
    boolean expireStarted() {
      return compareAndSet(STARTED, EXPIRED);
    }
  }
}
