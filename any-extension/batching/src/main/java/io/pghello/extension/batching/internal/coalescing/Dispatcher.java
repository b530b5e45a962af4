// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.AsyncWorker;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.StatementContext;
import io.pghello.extension.batching.internal.Threads;
import io.pghello.extension.batching.internal.TimeoutTimer;
import io.pghello.extension.batching.internal.WaitTime;
import io.pghello.extension.batching.internal.jdbc.DivisibleBatch;
import io.pghello.extension.batching.internal.jdbc.Requests;
import io.pghello.extension.batching.internal.jdbc.Statements;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Decides whether a call is batched, and runs or queues it. */
public class Dispatcher<Q extends Request, A> implements AutoCloseable {
  // Requests of at least this size in bytes would delay the other calls in a batch.
  private static final int LARGE = 16 * 1024;

  private static final long THREAD_IDLE_SECONDS = 5;
  private static final long CLOSE_POLL_NANOS = 1_000_000;

  private final Statements<Q, A> statements;
  private final Duration callTimeout;
  private final String threadPrefix;
  private final CallListener listener;
  private final boolean batching;

  /**
   * Whether asynchronous calls that are not batched run on an executor instead of the calling
   * thread.
   */
  private final boolean hasExecutor;

  private final ThreadPoolExecutor workers;
  private final Coalescer<Q, A> coalescer;
  private final AsyncCalls asyncCalls;
  private final TimeoutTimer timer;
  private final AtomicInteger number = new AtomicInteger();
  private final AtomicInteger callsOfSeveralStatements = new AtomicInteger();
  private volatile boolean closed;

  /**
   * Creates a dispatcher. It starts a worker thread only when the first future is created, or when
   * an assigned leader does not run.
   */
  public Dispatcher(Statements<Q, A> statements, Settings settings) {
    this.statements = statements;
    this.threadPrefix = settings.futures().threadPrefix();
    this.workers =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            THREAD_IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            this::worker,
            // when the client is closed, remaining work must not run on an arbitrary thread
            (task, closedPool) -> worker(task).start());
    Executor eventLoop = statements.executor().eventLoop();
    Executor leaders = eventLoop == null ? workers : task -> execute(eventLoop, workers, task);
    var sender =
        eventLoop == null
            ? new BatchSender<>(statements)
            : new AsyncBatchSender<>(statements, leaders, workers);
    this.coalescer = new Coalescer<>(settings, leaders, sender);
    this.listener = settings.statements().listener();
    this.callTimeout = settings.statements().callTimeout();
    this.timer = new TimeoutTimer(callTimeout, this::checkTimeouts);
    this.batching = settings.batches().batching();
    Executor executor = settings.futures().executor();
    this.hasExecutor = batching || executor != null;
    this.asyncCalls = new AsyncCalls(settings, executor, workers, sender::timedOut);
  }

  /** Runs a task on an event loop, or on a thread of the client if the event loop has ended. */
  private static void execute(Executor eventLoop, Executor workers, Runnable task) {
    try {
      eventLoop.execute(task);
    } catch (RejectedExecutionException e) {
      workers.execute(task);
    }
  }

  private Thread worker(Runnable task) {
    return new AsyncWorker(task, threadPrefix + number.incrementAndGet());
  }

  /**
   * Makes a call, either in a separate statement on the calling thread, or as part of a batch. The
   * request is created only if the call has to wait, because most calls do not.
   *
   * @param bytes the size of the arguments in bytes
   * @param wait the object that receives the call's waiting time; null if the time is not needed
   */
  public <P> A call(
      P arguments,
      int bytes,
      Requests<P, Q, A> requests,
      Deadline deadline,
      @Nullable WaitTime wait) {
    checkOpen();
    if (!mayJoin(bytes, deadline)) {
      return requests.one(arguments, deadline);
    }
    int permit = coalescer.tryAcquire();
    if (permit != InFlightLimit.NONE) {
      try {
        return requests.one(arguments, deadline);
      } finally {
        coalescer.release(permit);
      }
    }
    return await(requests.request(arguments, bytes), deadline, wait);
  }

  @SuppressWarnings("unchecked") // the answers to the call have this type
  private A await(Q request, Deadline deadline, @Nullable WaitTime wait) {
    Call.OfThread<Q, A> call = Call.ofThread(request, deadline);
    coalescer.add(call);
    boolean watchesDeadline = !timer.start();
    Object outcome = coalescer.await(call, watchesDeadline);
    if (wait != null) {
      wait.set(call.queueNanos(System.nanoTime()));
    }
    if (outcome instanceof FunctionCallException error) {
      // the error was created on another thread, possibly for several calls; the copy has this
      // thread's stack trace
      throw Errors.again(error);
    }
    return (A) outcome;
  }

  /** Makes a call in a batch, on a thread of an executor, or on the calling thread. */
  public CompletableFuture<A> callAsync(Q request, Deadline deadline) {
    return start(future(request, deadline, listener), deadline);
  }

  /** Creates an asynchronous call. */
  protected Call<Q, A> future(Q request, Deadline deadline, CallListener listener) {
    return Call.ofFuture(request, deadline, listener);
  }

  private CompletableFuture<A> start(Call<Q, A> call, Deadline deadline) {
    Q request = call.request();
    try {
      checkOpen();
      if (mayJoin(request.bytes(), deadline)) {
        coalescer.add(call);
        watch(call);
        return call;
      }
    } catch (FunctionCallException e) {
      call.fail(e);
      return call;
    }
    return start(
        asyncCalls.task(
            request.function(),
            ended ->
                statements.one(
                    request, StatementContext.batched(1, deadline.nanosElapsed(), deadline)),
            request.bytes(),
            deadline,
            true));
  }

  /**
   * Executes work on the calling thread. The work consists of several statements. {@link #close}
   * waits for this work.
   */
  public <T> T ofSeveralStatements(Supplier<T> work) {
    callsOfSeveralStatements.incrementAndGet();
    try {
      checkOpen();
      return work.get();
    } finally {
      callsOfSeveralStatements.decrementAndGet();
    }
  }

  /**
   * Executes work that consists of several statements, either on a thread of an executor or on the
   * calling thread.
   *
   * @param work a function that returns the answer; its argument supplies whether the answer is no
   *     longer needed
   */
  public <T> CompletableFuture<T> async(
      ServerFunction function, Function<BooleanSupplier, T> work, int bytes, Deadline deadline) {
    return start(asyncCalls.task(function, work, bytes, deadline, false));
  }

  private <T> CompletableFuture<T> start(AsyncCalls.Task<T> task) {
    try {
      checkOpen();
      if (statements.executor().isBound() || !hasExecutor) {
        task.answer(ofSeveralStatements(task::run));
      } else {
        asyncCalls.add(task);
      }
      watch(task);
    } catch (FunctionCallException e) {
      task.fail(e);
    }
    return task;
  }

  /**
   * Ensures that a call ends at its timeout. If the JVM cannot start a thread for the timer, fails
   * the call immediately.
   */
  private void watch(CallFuture<?> call) {
    if (!timer.start()) {
      call.fail(Errors.noThread());
    }
  }

  /**
   * Returns whether a call may be batched. Returns false for a call with a timeout longer than the
   * client's, because such a call could delay the other calls.
   */
  private boolean mayJoin(int bytes, Deadline deadline) {
    return batching
        && bytes < LARGE
        && deadline.timeout().compareTo(callTimeout) <= 0
        && !statements.executor().isBound();
  }

  /** Throws if the client is closed. */
  public void checkOpen() {
    if (closed) {
      throw Errors.closed();
    }
  }

  /** Returns the number of queued calls by counting them. */
  public int queuedCalls() {
    return coalescer.queuedCalls() + asyncCalls.queuedCalls();
  }

  private boolean checkTimeouts() {
    boolean more = coalescer.checkTimeouts();
    more |= asyncCalls.checkTimeouts();
    return more;
  }

  /**
   * Rejects new calls, waits for running calls for at most one call timeout, and fails the
   * remaining calls. No statement starts afterwards. An interrupt ends the wait.
   */
  @Override
  public void close() {
    closed = true;
    Deadline deadline = Deadline.after(callTimeout);
    boolean interrupted = awaitIdle(deadline);
    statements.executor().close();
    // a call that has already passed checkOpen() may have just started a statement
    interrupted = interrupted || awaitIdle(deadline);
    coalescer.failAll(Errors.closed());
    asyncCalls.failAll(Errors.closed());
    workers.shutdown();
    try {
      // a dependent stage of a future may close the client; in this case, the worker thread must
      // not wait for itself to end
      if (!interrupted && !(Thread.currentThread() instanceof AsyncWorker)) {
        workers.awaitTermination(
            Math.max(deadline.nanosLeft(), CLOSE_POLL_NANOS), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits until no call is queued or in flight. Returns whether an interrupt ended the wait. */
  private boolean awaitIdle(Deadline deadline) {
    boolean interrupted = Thread.interrupted();
    while (!interrupted && !isIdle() && !deadline.isOver()) {
      LockSupport.parkNanos(this, CLOSE_POLL_NANOS);
      interrupted = Thread.interrupted();
    }
    return interrupted;
  }

  private boolean isIdle() {
    return callsOfSeveralStatements.get() == 0
        && coalescer.isIdle()
        && asyncCalls.isIdle()
        && statements.executor().isQuiet();
  }

  /** Sends each batch as one statement, or as several statements if a request is rejected. */
  private static class BatchSender<Q extends Request> implements Coalescer.Sender<Q> {
    final Statements<Q, ?> statements;

    BatchSender(Statements<Q, ?> statements) {
      this.statements = statements;
    }

    @Override
    public final Object[] send(List<Q> requests, StatementContext context) {
      return DivisibleBatch.send(statements, requests, context);
    }

    @Override
    public FunctionCallException timedOut(Duration timeout) {
      return statements.executor().timedOut(timeout);
    }
  }

  /**
   * Sends batches of futures on an event loop. If that is not possible, or fails, a thread of the
   * client sends the batch, because that may block.
   */
  private static final class AsyncBatchSender<Q extends Request> extends BatchSender<Q> {
    private final Executor eventLoop;
    private final Executor workers;

    AsyncBatchSender(Statements<Q, ?> statements, Executor eventLoop, Executor workers) {
      super(statements);
      this.eventLoop = eventLoop;
      this.workers = workers;
    }

    @Override
    public boolean isEventLoop() {
      return true;
    }

    @Override
    public Object @Nullable [] send(
        List<Q> requests, StatementContext context, Consumer<Object[]> later) {
      boolean started =
          !statements.executor().exceedsDriverLimit(requests)
              && statements.start(
                  requests,
                  context,
                  (answers, error) -> {
                    if (answers == null) {
                      sendOnWorker(requests, context, error, later);
                    } else {
                      later.accept(answers);
                    }
                  });
      if (!started) {
        sendOnWorker(requests, context, null, later);
      }
      return null;
    }

    /**
     * Sends a batch on a thread of the client.
     *
     * @param error the error of the batch, which is divided; null to send the batch as a whole
     */
    private void sendOnWorker(
        List<Q> requests,
        StatementContext context,
        @Nullable FunctionCallException error,
        Consumer<Object[]> later) {
      Runnable work =
          () -> {
            Object[] outcomes;
            try {
              outcomes =
                  error == null
                      ? DivisibleBatch.send(statements, requests, context)
                      : DivisibleBatch.resume(statements, requests, context, error);
            } catch (RuntimeException | Error e) {
              outcomes = same(requests, Errors.unexpected(e));
            }
            Object[] known = outcomes;
            if (!Threads.tryExecute(eventLoop, () -> later.accept(known))) {
              later.accept(known);
            }
          };
      if (!Threads.tryExecute(workers, work)) {
        later.accept(same(requests, Errors.noThread()));
      }
    }

    /** Returns the same error for each request. */
    private static Object[] same(List<?> requests, FunctionCallException error) {
      var outcomes = new Object[requests.size()];
      Arrays.fill(outcomes, error);
      return outcomes;
    }
  }
}
