// SPDX-License-Identifier: MIT
package io.pghello.internal.coalescing;

import io.pghello.PgHelloException;
import io.pghello.PgHelloListener;
import io.pghello.internal.Deadline;
import io.pghello.internal.Errors;
import io.pghello.internal.ServerFunction;
import io.pghello.internal.Settings;
import io.pghello.internal.Threads;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
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
  private final Set<Task<?>> tasks = ConcurrentHashMap.newKeySet();
  private final boolean blockWhenFull;
  private final Semaphore permits;
  private final Executor executor;
  private final Executor own;
  private final PgHelloListener listener;
  private final java.util.function.Function<Duration, PgHelloException> timedOut;
  private final FutureFailer failures;

  /**
   * Creates an instance.
   *
   * @param executor executes the calls
   * @param own fails futures; refuses nothing
   * @param timedOut returns the error of a call with a time-out
   */
  AsyncCalls(
      Settings settings,
      Executor executor,
      Executor own,
      java.util.function.Function<Duration, PgHelloException> timedOut) {
    Settings.Queue limits = settings.queue();
    this.blockWhenFull = limits.blockWhenFull();
    this.queue = new CallQueue<>(limits.maxCalls(), limits.maxBytes());
    this.permits = new Semaphore(settings.futures().maxInFlight());
    this.executor = executor;
    this.own = own;
    this.listener = settings.statements().listener();
    this.timedOut = timedOut;
    this.failures = new FutureFailer(own);
  }

  /**
   * Creates a call that {@link #add} adds.
   *
   * @param work throws a {@link PgHelloException} if it fails
   * @param deadline when a call of one statement must be complete, or one of several started
   */
  <T> Task<T> task(
      ServerFunction function,
      Dispatcher.Work<T> work,
      int bytes,
      Deadline deadline,
      boolean oneStatement) {
    return new Task<>(function, listener, tasks, work, bytes, deadline, oneStatement);
  }

  /**
   * Adds a call, which is executed as soon as a permit is available. If the queue is full, blocks
   * or throws, depending on the settings.
   */
  void add(Task<?> task) {
    enqueue(task);
    // before it is taken from the queue, so that an error meanwhile does not lose it
    tasks.add(task);
    dispatch();
  }

  private void enqueue(Task<?> task) {
    if (!queue.tryAdd(task)) {
      dispatch();
      if (!queue.tryAdd(task)) {
        if (!blockWhenFull) {
          throw Errors.overloaded();
        }
        queue.add(task, task.deadline);
      }
    }
  }

  /**
   * Assigns available permits to queued calls. If the executor runs a call on the current thread, a
   * thread of the client assigns the others, since the future of the current thread has to wait no
   * longer.
   */
  private void dispatch() {
    boolean ranHere = false;
    while (!queue.isEmpty()
        && !(ranHere && Threads.tryExecute(own, this::dispatch))
        && permits.tryAcquire()) {
      boolean submitted = false;
      try {
        Task<?> task = queue.poll();
        // it may have timed out meanwhile
        if (task != null && !task.isEnded() && task.trySubmit()) {
          submitted = true;
          ranHere = execute(task);
        }
      } finally {
        if (!submitted) {
          permits.release();
        }
      }
    }
  }

  /** Executes a call; returns whether the executor ran it on the current thread. */
  private boolean execute(Task<?> task) {
    task.submitter = Thread.currentThread();
    try {
      if (!Threads.tryExecute(executor, () -> run(task))) {
        retryOrRefuse(task);
      }
    } catch (RejectedExecutionException e) {
      refuse(task, Errors.overloaded());
    } catch (RuntimeException | Error e) {
      refuse(task, Errors.unexpected(e));
    } finally {
      task.submitter = null;
    }
    return task.ranOnSubmitter;
  }

  /** Lets the next check try again, if the call was not started. */
  private void retryOrRefuse(Task<?> task) {
    task.isToBeExecuted = task.isSubmitted();
    if (!task.isToBeExecuted) {
      refuse(task, Errors.noThread());
    }
  }

  private void refuse(Task<?> task, PgHelloException error) {
    if (task.tryStart()) {
      permits.release();
    }
    failures.add(() -> task.fail(error));
    failures.start();
    tasks.remove(task);
  }

  private <T> void run(Task<T> task) {
    if (!task.tryStart()) {
      return;
    }
    if (task.isMeasured()) {
      task.setSent(System.nanoTime());
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
    tasks.remove(task);
  }

  private static <T> Runnable outcome(Task<T> task) {
    try {
      T answer = task.run();
      return () -> task.answer(answer);
    } catch (PgHelloException e) {
      return () -> task.fail(e);
    } catch (RuntimeException | Error e) {
      PgHelloException error = Errors.unexpected(e);
      return () -> task.fail(error);
    }
  }

  /**
   * Fails calls whose deadline has passed.
   *
   * @return whether calls are left to check
   */
  boolean checkTimeouts() {
    tasks.removeIf(this::check);
    failures.check();
    if (!queue.isEmpty() && permits.availablePermits() > 0) {
      boolean unused = Threads.tryExecute(own, this::dispatch);
    }
    return !isIdle();
  }

  /** Fails a call whose deadline has passed; returns whether there is nothing left to check. */
  private boolean check(Task<?> task) {
    boolean done = task.isDone();
    if (!done && !task.deadline.isOver()) {
      if (task.isToBeExecuted) {
        task.isToBeExecuted = false;
        if (!Threads.tryExecute(own, () -> execute(task))) {
          task.isToBeExecuted = true;
        }
      }
      return false;
    }
    boolean dropped = task.expireQueued();
    if (dropped) {
      task.leaveQueue();
    } else if (task.expireSubmitted()) {
      // the executor has not started it
      permits.release();
      dropped = true;
    }
    if (!done && (dropped || (task.oneStatement && task.expireStarted()))) {
      fail(task, timedOut.apply(task.deadline.timeout()));
    }
    return done || dropped;
  }

  /** Returns how many calls are queued; counts them. */
  int queuedCalls() {
    return queue.count();
  }

  /** Returns whether no call is queued or in flight. */
  boolean isIdle() {
    return failures.isEmpty() && tasks.stream().allMatch(task -> task.isDone());
  }

  /** Fails all calls. */
  void failAll(PgHelloException reason) {
    tasks.forEach(each -> fail(each, Errors.again(reason)));
    failures.start();
  }

  private void fail(Task<?> task, PgHelloException error) {
    failures.add(() -> task.fail(error));
  }

  /**
   * A call. Its state is null while it is queued. From when it is submitted to the executor until
   * it is started, or has expired, it has a permit that whoever ends that state releases.
   */
  static final class Task<T> extends CallFuture<T> {
    private static final Object SUBMITTED = new Object();
    private static final Object STARTED = new Object();
    private static final Object EXPIRED = new Object();

    final Deadline deadline;
    final boolean oneStatement;
    private final Dispatcher.Work<T> work;
    private final Set<Task<?>> tasks;
    private final int bytes;
    private final AtomicReference<@Nullable Object> state = new AtomicReference<>();

    /** Whether the executor had no thread for it. */
    volatile boolean isToBeExecuted;

    // only of use to the thread that submits it
    private @Nullable Thread submitter;
    private boolean ranOnSubmitter;

    private Task(
        ServerFunction function,
        PgHelloListener listener,
        Set<Task<?>> tasks,
        Dispatcher.Work<T> work,
        int bytes,
        Deadline deadline,
        boolean oneStatement) {
      super(function, listener);
      this.tasks = tasks;
      this.work = work;
      this.bytes = bytes;
      this.deadline = deadline;
      this.oneStatement = oneStatement;
    }

    /** Does the work. */
    T run() {
      return work.run(this::isDone);
    }

    @Override
    int bytes() {
      return bytes;
    }

    @Override
    boolean isEnded() {
      return state.get() != null || isDone();
    }

    @Override
    void leaveQueue() {
      super.leaveQueue();
      if (expireQueued()) {
        tasks.remove(this);
      }
    }

    /** Returns true if the call may be given to the executor. */
    boolean trySubmit() {
      return state.compareAndSet(null, SUBMITTED);
    }

    /** Returns whether the call was given to the executor and has not been started. */
    boolean isSubmitted() {
      return SUBMITTED.equals(state.get());
    }

    /** Returns true once: to the thread that may run the call. */
    boolean tryStart() {
      return state.compareAndSet(SUBMITTED, STARTED);
    }

    /** Returns true if the call has not been submitted and will not be. */
    boolean expireQueued() {
      return state.compareAndSet(null, EXPIRED);
    }

    /** Returns true if the call has been submitted, has not been started, and will not be. */
    boolean expireSubmitted() {
      return state.compareAndSet(SUBMITTED, EXPIRED);
    }

    /** Returns true once if the call has been started. */
    boolean expireStarted() {
      return state.compareAndSet(STARTED, EXPIRED);
    }
  }
}
