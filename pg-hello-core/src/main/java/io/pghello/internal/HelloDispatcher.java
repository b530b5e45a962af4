// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Decides for each call whether it goes to the server alone, or waits for others. */
public final class HelloDispatcher implements AutoCloseable {
  // The length of a name, in bytes, from which on others would wait for it rather than travel
  // along.
  private static final int LARGE = 16 * 1024;

  private static final long THREAD_IDLE_SECONDS = 5;
  private static final long CLOSE_POLL_NANOS = 1_000_000;

  private final HelloStatements statements;
  private final Settings settings;
  private final ThreadPoolExecutor threads;
  private final Coalescer together;
  private final AsyncCalls alone;
  private final TimeoutTimer timer;
  private volatile boolean closed;

  /**
   * Creates a dispatcher; it starts no thread before the first future is asked for, or a thread
   * that was chosen to lead a batch does not run.
   */
  public HelloDispatcher(HelloStatements statements, Settings settings) {
    this.statements = statements;
    this.settings = settings;
    var number = new AtomicInteger();
    this.threads =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            THREAD_IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> new AsyncWorker(task, "pg-hello-" + number.incrementAndGet()));
    this.together = new Coalescer(settings, settings.maxBatchSize(), threads, statements);
    this.timer = new TimeoutTimer(settings.callTimeout(), this::checkTimeouts);
    Executor executor = settings.asyncExecutor() == null ? threads : settings.asyncExecutor();
    this.alone = new AsyncCalls(settings, executor, threads);
  }

  /** Greets, on the calling thread or in another one's batch. */
  public String hello(HelloRequest request, Deadline deadline) {
    checkOpen();
    if (!mayJoin(request)) {
      return statements.one(request, StatementContext.single(deadline));
    }
    if (together.tryAcquireAlone()) {
      try {
        return statements.one(request, StatementContext.single(deadline));
      } finally {
        together.releaseAlone();
      }
    }
    Call call = Call.ofThread(request, deadline);
    together.add(call);
    timer.wake();
    Object outcome = together.await(call);
    if (outcome instanceof PgHelloException error) {
      // made on another thread, or for others too: one with this thread's trace
      throw Errors.again(error);
    }
    return (String) outcome;
  }

  /** Greets in a batch, alone on a thread of an executor, or on the calling thread. */
  public void helloAsync(HelloRequest request, Deadline deadline, CallFuture<String> future) {
    if (mayJoin(request)) {
      async(future, () -> together.add(Call.ofFuture(request, deadline, future)));
    } else {
      alone(
          () ->
              statements.one(
                  request, StatementContext.coalesced(1, deadline.nanosGone(), deadline)),
          future,
          request.bytes(),
          deadline,
          true);
    }
  }

  /** Does work of several statements on a thread of an executor, or on the calling thread. */
  public <T> void async(Supplier<T> work, CallFuture<T> future, int bytes, Deadline deadline) {
    alone(work, future, bytes, deadline, false);
  }

  private <T> void alone(
      Supplier<T> work, CallFuture<T> future, int bytes, Deadline deadline, boolean oneStatement) {
    boolean here =
        statements.executor().isBound()
            || (!settings.coalescing() && settings.asyncExecutor() == null);
    async(
        future,
        () -> {
          if (here) {
            future.answer(work.get());
          } else {
            alone.add(work, future, bytes, deadline, oneStatement);
          }
        });
  }

  private void async(CallFuture<?> future, Runnable start) {
    try {
      checkOpen();
      start.run();
      timer.wake();
    } catch (PgHelloException e) {
      future.fail(e);
    }
  }

  private boolean mayJoin(HelloRequest request) {
    return settings.coalescing() && request.bytes() < LARGE && !statements.executor().isBound();
  }

  /** Throws if this is closed. */
  public void checkOpen() {
    if (closed) {
      throw Errors.closed();
    }
  }

  private boolean checkTimeouts() {
    boolean more = together.checkTimeouts();
    more |= alone.checkTimeouts();
    return more;
  }

  /**
   * Refuses what comes from now on, waits for what is there, for as long as a call may take, and
   * ends what is left then. An interrupt ends the wait.
   */
  @Override
  public void close() {
    closed = true;
    Deadline deadline = settings.deadline();
    boolean interrupted = Thread.interrupted();
    while (!interrupted
        && !(together.isQuiet() && alone.isQuiet() && statements.executor().isQuiet())
        && !deadline.isOver()) {
      LockSupport.parkNanos(this, CLOSE_POLL_NANOS);
      interrupted = Thread.interrupted();
    }
    together.endAll(Errors.closed());
    alone.endAll(Errors.closed());
    threads.shutdown();
    try {
      // what a future sets off may close the client, too, and cannot wait for itself
      if (!interrupted && !(Thread.currentThread() instanceof AsyncWorker)) {
        threads.awaitTermination(
            Math.max(deadline.nanosLeft(), CLOSE_POLL_NANOS), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
