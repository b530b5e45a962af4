// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.Threads;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Executes asynchronous calls that are not batched, each on a thread of an executor. A limited
 * number of calls runs at a time; the other calls are queued.
 *
 * <p>An executor that the program provides may copy the context of the thread that submits a task,
 * such as that thread's tenant. Therefore, the thread that makes a call submits it to the executor,
 * and the call waits for its permit on a thread of the executor. The client's own threads have no
 * context, so any thread can submit a call to them as soon as the call has its permit.
 *
 * <p>A call releases its permit before its future is completed, because dependent stages may be
 * slow or wait for another call.
 */
final class AsyncCalls {
  private final CallQueue<Task<?>> queue;
  private final Set<Task<?>> tasks = ConcurrentHashMap.newKeySet();
  private final boolean blockWhenFull;
  private final Semaphore permits;
  private final @Nullable Executor executor;
  private final Executor own;
  private final CallListener listener;
  private final Function<Duration, FunctionCallException> timedOut;
  private final TimedOutFutures failures;

  /**
   * Creates an instance.
   *
   * @param executor the executor of the calls; null to use {@code own}
   * @param own the executor with the client's own threads; it never rejects a task, and is also
   *     used to fail futures
   * @param timedOut a function that returns the error for a call that timed out, given its timeout
   */
  AsyncCalls(
      Settings settings,
      @Nullable Executor executor,
      Executor own,
      Function<Duration, FunctionCallException> timedOut) {
    Settings.Queue limits = settings.queue();
    this.blockWhenFull = limits.blockWhenFull();
    this.queue = new CallQueue<>(limits.maxCalls(), limits.maxBytes());
    this.permits = new Semaphore(settings.futures().maxInFlight(), true);
    this.executor = executor;
    this.own = own;
    this.listener = settings.statements().listener();
    this.timedOut = timedOut;
    this.failures = new TimedOutFutures(own);
  }

  /**
   * Creates a call, which must then be passed to {@link #add}.
   *
   * @param work a function that returns the answer, and throws a {@link FunctionCallException} if
   *     it fails; its argument supplies whether the answer is no longer needed
   * @param deadline for a call with one statement, the deadline for its completion; for a call with
   *     several statements, the deadline for its start
   */
  <T> Task<T> task(
      ServerFunction function,
      Function<BooleanSupplier, T> work,
      int bytes,
      Deadline deadline,
      boolean oneStatement) {
    return new Task<>(function, listener, tasks, work, bytes, deadline, oneStatement);
  }

  /**
   * Adds a call that the current thread makes. The call is executed as soon as a permit is
   * available. If the queue is full, blocks or throws, depending on the settings.
   */
  void add(Task<?> task) {
    enqueue(task);
    // the call is registered before it leaves the queue, so that it is not lost if an error is
    // thrown
    tasks.add(task);
    if (executor == null) {
      dispatch();
    } else {
      submit(task, executor);
    }
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

  /** Submits a call to the program's executor, on the calling thread. */
  private void submit(Task<?> task, Executor executor) {
    task.submitter = Thread.currentThread();
    try {
      if (!Threads.tryExecute(executor, () -> runWithPermit(task))) {
        failUnsubmitted(task, Errors.noThread());
      }
    } catch (RejectedExecutionException e) {
      failUnsubmitted(task, Errors.overloaded());
    } catch (RuntimeException | Error e) {
      failUnsubmitted(task, Errors.unexpected(e));
    } finally {
      task.submitter = null;
    }
  }

  /**
   * Runs a call on a thread of the program's executor as soon as there is a permit. If the executor
   * runs it on the calling thread, that thread does not wait for other calls, and needs no permit.
   */
  private void runWithPermit(Task<?> task) {
    boolean needsPermit = !Thread.currentThread().equals(task.submitter);
    if (needsPermit && !awaitPermit(task)) {
      return;
    }
    Runnable completion = null;
    try {
      if (task.tryStartQueued()) {
        task.leaveQueue();
        completion = outcome(task);
      }
    } finally {
      if (needsPermit) {
        permits.release();
      }
    }
    if (completion != null) {
      completion.run();
      tasks.remove(task);
    }
  }

  /**
   * Waits for a permit until the deadline. At the deadline, {@link #checkTimeouts} fails the call.
   */
  private boolean awaitPermit(Task<?> task) {
    try {
      return permits.tryAcquire(task.deadline.nanosLeft(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      task.leaveQueue();
      task.fail(Errors.interrupted());
      return false;
    }
  }

  /** Assigns available permits to queued calls, and submits these calls to the client's threads. */
  private void dispatch() {
    while (executor == null && !queue.isEmpty() && permits.tryAcquire()) {
      boolean submitted = false;
      try {
        Task<?> task = queue.poll();
        // the call may have timed out in the meantime
        if (task != null && !task.isEnded() && task.trySubmit()) {
          submitted = true;
          execute(task);
        }
      } finally {
        if (!submitted) {
          permits.release();
        }
      }
    }
  }

  /**
   * Executes a call that has a permit. If no thread is available, {@link #checkTimeouts} tries
   * again.
   */
  private void execute(Task<?> task) {
    try {
      if (!Threads.tryExecute(own, () -> run(task))) {
        task.isToBeExecuted = true;
      }
    } catch (RuntimeException | Error e) {
      failUnsubmitted(task, Errors.unexpected(e));
    }
  }

  private void failUnsubmitted(Task<?> task, FunctionCallException error) {
    task.leaveQueue();
    if (task.tryStart()) {
      permits.release();
    }
    failures.add(() -> task.fail(error));
    failures.start();
    tasks.remove(task);
  }

  private void run(Task<?> task) {
    if (!task.tryStart()) {
      return;
    }
    Runnable completion;
    try {
      completion = outcome(task);
    } finally {
      permits.release();
    }
    dispatch();
    completion.run();
    tasks.remove(task);
  }

  private static <T> Runnable outcome(Task<T> task) {
    if (task.isMeasured()) {
      task.setSent(System.nanoTime());
    }
    try {
      T answer = task.run();
      return () -> task.answer(answer);
    } catch (FunctionCallException e) {
      return () -> task.fail(e);
    } catch (RuntimeException | Error e) {
      FunctionCallException error = Errors.unexpected(e);
      return () -> task.fail(error);
    }
  }

  /**
   * Fails calls after their deadlines.
   *
   * @return whether calls are left to check
   */
  boolean checkTimeouts() {
    tasks.removeIf(this::check);
    failures.check();
    if (executor == null && !queue.isEmpty() && permits.availablePermits() > 0) {
      boolean unused = Threads.tryExecute(own, this::dispatch);
    }
    return !isIdle();
  }

  /**
   * Fails the call if its deadline has passed. Returns true if the call needs no further checks.
   */
  private boolean check(Task<?> task) {
    boolean done = task.isDone();
    if (!done && !task.deadline.isOver()) {
      if (task.isToBeExecuted) {
        task.isToBeExecuted = false;
        execute(task);
      }
      return false;
    }
    boolean dropped = task.expireQueued();
    if (dropped) {
      task.leaveQueue();
    } else if (task.expireSubmitted()) {
      // no thread has started the call
      permits.release();
      dropped = true;
    }
    if (!done && (dropped || (task.oneStatement && task.expireStarted()))) {
      fail(task, timedOut.apply(task.deadline.timeout()));
    }
    return done || dropped;
  }

  /** Returns the number of queued calls by counting them. */
  int queuedCalls() {
    return queue.count();
  }

  /** Returns whether no call is queued or in flight. */
  boolean isIdle() {
    return failures.isEmpty() && tasks.stream().allMatch(task -> task.isDone());
  }

  /** Fails all calls. */
  void failAll(FunctionCallException reason) {
    tasks.forEach(each -> fail(each, Errors.again(reason)));
    failures.start();
  }

  private void fail(Task<?> task, FunctionCallException error) {
    failures.add(() -> task.fail(error));
  }

  /**
   * A call. Its state is null while the call is queued. When the call is submitted to the client's
   * threads, it holds a permit. The thread that starts the call releases the permit after the work;
   * a thread that expires the call instead releases it immediately.
   */
  static final class Task<T> extends CallFuture<T> {
    private static final Object SUBMITTED = new Object();
    private static final Object STARTED = new Object();
    private static final Object EXPIRED = new Object();

    final Deadline deadline;
    final boolean oneStatement;
    private final Function<BooleanSupplier, T> work;
    private final Set<Task<?>> tasks;
    private final int bytes;
    private final AtomicReference<@Nullable Object> state = new AtomicReference<>();

    /**
     * Whether the call still has to be executed, because the client could not start a thread for
     * it.
     */
    volatile boolean isToBeExecuted;

    /** The thread that is submitting the call to the program's executor; null at other times. */
    private @Nullable Thread submitter;

    private Task(
        ServerFunction function,
        CallListener listener,
        Set<Task<?>> tasks,
        Function<BooleanSupplier, T> work,
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

    /** Runs the work of the call. */
    T run() {
      return work.apply(this::isDone);
    }

    @Override
    public int bytes() {
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

    /**
     * Marks a queued call as submitted to the client's threads. Returns false if the call is not
     * queued.
     */
    boolean trySubmit() {
      return state.compareAndSet(null, SUBMITTED);
    }

    /** Returns true to only one thread of the program's executor, which then runs the call. */
    boolean tryStartQueued() {
      return state.compareAndSet(null, STARTED);
    }

    /** Returns true to only one thread of the client, which then runs the call. */
    boolean tryStart() {
      return state.compareAndSet(SUBMITTED, STARTED);
    }

    /**
     * Marks a queued call as expired, so that it is not submitted. Returns false if the call is not
     * queued.
     */
    boolean expireQueued() {
      return state.compareAndSet(null, EXPIRED);
    }

    /**
     * Marks a submitted call as expired, so that it is not started. Returns false if the call is
     * not waiting for its start.
     */
    boolean expireSubmitted() {
      return state.compareAndSet(SUBMITTED, EXPIRED);
    }

    /**
     * Marks a started call as expired. Returns true only the first time, and only if the call was
     * started.
     */
    boolean expireStarted() {
      return state.compareAndSet(STARTED, EXPIRED);
    }
  }
}
