// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.internal.AsyncWorker;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.ServerFunction;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.StatementContext;
import io.pghello.extension.batching.internal.TimeoutTimer;
import io.pghello.extension.batching.internal.WaitTime;
import io.pghello.extension.batching.internal.jdbc.Statements;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Decides whether a call is batched. */
public class Dispatcher<Q extends Request, A> implements AutoCloseable {
  /** The work of a call of several statements. */
  public interface Work<T> {
    /**
     * Returns the answer.
     *
     * @param ended returns whether the result is no longer needed
     */
    T run(BooleanSupplier ended);
  }

  // The size of a request in bytes from which on it would delay the other calls of a batch.
  private static final int LARGE = 16 * 1024;

  private static final long THREAD_IDLE_SECONDS = 5;
  private static final long CLOSE_POLL_NANOS = 1_000_000;

  private final Statements<Q, A> statements;
  private final Duration callTimeout;
  private final String threadPrefix;
  private final CallListener listener;
  private final boolean coalescing;

  /** Whether calls that are not batched run on another thread than the caller's. */
  private final boolean hasExecutor;

  private final ThreadPoolExecutor workers;
  private final Coalescer<Q, A> coalescer;
  private final AsyncCalls asyncCalls;
  private final TimeoutTimer timer;
  private final AtomicInteger number = new AtomicInteger();
  private final AtomicInteger callsOfSeveralStatements = new AtomicInteger();
  private volatile boolean closed;

  /**
   * Creates a dispatcher. It starts no thread before the first future is created or an assigned
   * leader does not run.
   */
  public Dispatcher(Statements<Q, A> statements, Settings settings) {
    this(statements, settings, error -> error);
  }

  /**
   * Creates a dispatcher.
   *
   * @param failure returns the exception of a future that fails with an error
   */
  protected Dispatcher(
      Statements<Q, A> statements,
      Settings settings,
      Function<FunctionCallException, RuntimeException> failure) {
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
            // remaining work must not run on an arbitrary thread when the client is closed
            (task, closedPool) -> worker(task).start());
    var sender = new BatchSender<>(statements);
    this.coalescer = new Coalescer<>(settings, workers, sender);
    this.listener = settings.statements().listener();
    this.callTimeout = settings.statements().callTimeout();
    this.timer = new TimeoutTimer(callTimeout, this::checkTimeouts);
    this.coalescing = settings.batches().coalescing();
    Executor executor = settings.futures().executor();
    this.hasExecutor = coalescing || executor != null;
    this.asyncCalls = new AsyncCalls(settings, executor, workers, sender::timedOut, failure);
  }

  private Thread worker(Runnable task) {
    return new AsyncWorker(task, threadPrefix + number.incrementAndGet());
  }

  /**
   * Makes a call on the calling thread, or in a batch of another thread.
   *
   * @param wait receives the time that the call waited; null if it is not needed
   */
  @SuppressWarnings("unchecked") // what is sent has answers of this type
  public A call(Q request, Deadline deadline, @Nullable WaitTime wait) {
    checkOpen();
    if (!mayJoin(request, deadline)) {
      return statements.one(request, deadline);
    }
    int permit = coalescer.tryAcquire();
    if (permit != InFlightLimit.NONE) {
      try {
        return statements.one(request, deadline);
      } finally {
        coalescer.release(permit);
      }
    }
    Call.OfThread<Q, A> call = Call.ofThread(request, deadline);
    coalescer.add(call);
    boolean watchesDeadline = !timer.start();
    Object outcome = coalescer.await(call, watchesDeadline);
    if (wait != null) {
      wait.set(call.waitedNanos(System.nanoTime()));
    }
    if (outcome instanceof FunctionCallException error) {
      // created on another thread, perhaps for several calls: a copy has the trace of this thread
      throw Errors.again(error);
    }
    return (A) outcome;
  }

  /** Makes a call in a batch, on a thread of an executor, or on the calling thread. */
  public CompletableFuture<A> callAsync(Q request, Deadline deadline) {
    return start(future(request, deadline, listener), deadline);
  }

  /** Creates the call of a future. */
  protected Call<Q, A> future(Q request, Deadline deadline, CallListener listener) {
    return Call.ofFuture(request, deadline, listener);
  }

  private CompletableFuture<A> start(Call<Q, A> call, Deadline deadline) {
    Q request = call.request();
    try {
      checkOpen();
      if (mayJoin(request, deadline)) {
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
                    request, StatementContext.coalesced(1, deadline.nanosElapsed(), deadline)),
            request.bytes(),
            deadline,
            true));
  }

  /** Executes work of several statements on the calling thread; {@link #close} waits for it. */
  public <T> T ofSeveralStatements(Supplier<T> work) {
    callsOfSeveralStatements.incrementAndGet();
    try {
      checkOpen();
      return work.get();
    } finally {
      callsOfSeveralStatements.decrementAndGet();
    }
  }

  /** Executes work of several statements on a thread of an executor, or on the calling thread. */
  public <T> CompletableFuture<T> async(
      ServerFunction function, Work<T> work, int bytes, Deadline deadline) {
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

  /** Lets a call end in time; or now, if the JVM has no thread for that. */
  private void watch(CallFuture<?> call) {
    if (!timer.start()) {
      call.fail(Errors.noThread());
    }
  }

  /** Returns whether a call may be batched. A call with a longer timeout could block the others. */
  private boolean mayJoin(Q request, Deadline deadline) {
    return coalescing
        && request.bytes() < LARGE
        && deadline.timeout().compareTo(callTimeout) <= 0
        && !statements.executor().isBound();
  }

  /** Throws if the client is closed. */
  public void checkOpen() {
    if (closed) {
      throw Errors.closed();
    }
  }

  /** Returns how many calls are queued; counts them. */
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
   * remaining calls. No statement begins after that. An interrupt ends the wait.
   */
  @Override
  public void close() {
    closed = true;
    Deadline deadline = Deadline.after(callTimeout);
    boolean interrupted = awaitIdle(deadline);
    statements.executor().close();
    // a call that had passed checkOpen() may have begun a statement just before
    interrupted = interrupted || awaitIdle(deadline);
    coalescer.failAll(Errors.closed());
    asyncCalls.failAll(Errors.closed());
    workers.shutdown();
    try {
      // a dependent of a future may close the client, and cannot wait for its own thread
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

  /** Waits until no call is queued or in flight; returns whether an interrupt ended the wait. */
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

  /** Sends each batch by one statement, or by a few if a request is refused. */
  private record BatchSender<Q extends Request>(Statements<Q, ?> statements)
      implements Coalescer.Sender<Q> {
    @Override
    public Object[] send(List<Q> requests, StatementContext context) {
      return statements.send(requests, context);
    }

    @Override
    public FunctionCallException timedOut(Duration timeout) {
      return statements.executor().timedOut(timeout);
    }
  }
}
