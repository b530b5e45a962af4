// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.batching.AsyncConnectionSource;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.FunctionSession;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Events;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.ServerFunctions;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.StatementContext;
import io.pghello.extension.batching.internal.installation.Installations;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs statements on connections of a source, retries after lost connections, and notifies the
 * listener. Thread-safe.
 */
public class StatementExecutor {
  /** Work that is done on a connection. */
  public interface Work<T> {
    T on(Session session) throws SQLException;
  }

  /**
   * The longest pause between two connection attempts. It is short enough to try all connections of
   * a pool of 100 within two seconds.
   */
  private static final int PAUSE_MAX_MILLIS = 20;

  /**
   * The maximum number of connections that a call may lose after it has sent its statement on them.
   * The first connection may already have been dead. The others were validated first, so the
   * statement itself must have terminated them.
   */
  private static final int SENT_MAX = 5;

  private final ConnectionSource source;
  private final SessionContext sessions;
  private final DeadlineMonitor watch;
  private final ConnectionBorrower borrower;
  private final @Nullable AsyncStatements async;
  private final ResultLimit resultLimit = new ResultLimit();
  private final LongAdder underWay = new LongAdder();

  /** Creates an executor that uses connections from a source. */
  public StatementExecutor(
      ConnectionSource source, Settings.Statements settings, ServerFunctions functions) {
    this(
        source,
        new SessionContext(settings, functions, new Installations(functions, settings.schema())),
        new DeadlineMonitor(settings.callTimeout()));
  }

  StatementExecutor(ConnectionSource source, SessionContext sessions, DeadlineMonitor watch) {
    this.source = source;
    this.sessions = sessions;
    this.watch = watch;
    this.borrower = new ConnectionBorrower(source, sessions, watch);
    this.async =
        source instanceof AsyncConnectionSource loop
            ? new AsyncStatements(loop, sessions.settings().callTimeout())
            : null;
  }

  /** Returns an executor that uses the caller's connection. The caller closes the connection. */
  public StatementExecutor on(Connection connection) {
    return new StatementExecutor(new CallerConnection(connection), sessions, watch);
  }

  /** Returns whether a statement would run on a connection that is bound to the calling thread. */
  public boolean isBound() {
    try {
      return !source.mayJoinBatch();
    } catch (RuntimeException e) {
      throw ConnectionErrors.noConnection(e);
    }
  }

  /** Returns the event loop of a source that does not block; null for other sources. */
  public @Nullable Executor eventLoop() {
    return source instanceof AsyncConnectionSource loop ? loop.eventLoop() : null;
  }

  /**
   * Starts a call to a function without blocking, if the source does not block and the function's
   * installation is known. The listener is notified when the statement has ended.
   *
   * @param outcome accepts the result; the error of the statement; or nothing, if the statement has
   *     to be sent again with {@link #run(StatementContext, Work)}, which can look up the extension
   *     and uses other connections
   * @return false if the statement was not started
   */
  <A, T> boolean start(
      ServerFunction function,
      A argument,
      FunctionSession.Binder<A> binder,
      FunctionSession.Reader<T> reader,
      StatementContext context,
      BiConsumer<@Nullable T, @Nullable FunctionCallException> outcome) {
    String sql = async == null ? null : sessions.installations().statement(function);
    if (async == null || sql == null) {
      return false;
    }
    long begin = System.nanoTime();
    underWay.increment();
    boolean started = false;
    try {
      // checked after the statement is counted, because close() waits for counted statements
      started =
          !watch.isClosed()
              && async.start(
                  sql,
                  argument,
                  binder,
                  reader,
                  context.deadline(),
                  (answer, reason) -> {
                    underWay.decrement();
                    FunctionCallException error;
                    try {
                      error = ended(context, System.nanoTime() - begin, reason);
                    } catch (RuntimeException | Error e) {
                      // every call of the batch needs an outcome
                      error = Errors.unexpected(e);
                    }
                    outcome.accept(error == null ? answer : null, error);
                  });
    } finally {
      if (!started) {
        underWay.decrement();
      }
    }
    return started;
  }

  /**
   * Notifies the listener of a statement that was started without blocking. Returns its error; null
   * if it succeeded or has to be sent again.
   */
  private @Nullable FunctionCallException ended(
      StatementContext context, long nanos, @Nullable Throwable reason) {
    FunctionCallException error = reason == null ? null : asyncError(reason, context.deadline());
    if (error != null && error.code() == Code.CONNECTION_UNAVAILABLE) {
      borrower.noteNoConnection(error, context.deadline().timeout());
    } else if (!(reason instanceof SQLTransientConnectionException)) {
      borrower.noteConnection();
    }
    if (sessions.settings().listens() && (reason == null || error != null)) {
      CallListener listener = sessions.settings().listener();
      listener.statementStarted(new Events.Starting(context.kind(), context.calls()));
      listener.statementEnded(new Events.Statement(context, nanos, error));
    }
    return error != null
            && error.code() == Code.CONNECTION_LOST
            && prepareRetry(error, 0, context.deadline())
        ? null
        : error;
  }

  /**
   * Translates an error. Returns null if the statement has to be sent again, because another
   * statement has to find or fix the reason.
   */
  private @Nullable FunctionCallException asyncError(Throwable reason, Deadline deadline) {
    FunctionCallException error;
    if (reason instanceof FunctionCallException own) {
      error = own;
    } else if (reason instanceof SQLTransientConnectionException) {
      return null;
    } else if (reason instanceof SQLException reported) {
      if (ExtensionProblem.canCause(reported)
          && !SqlErrors.isRaisedInFunction(reported, sessions.functions())) {
        return null;
      }
      error = borrower.translate(reported, null, deadline);
    } else {
      error = Errors.unexpected(reason);
    }
    return error.code() == Code.RESPONSE_MISMATCH ? null : error;
  }

  /** Runs work for a single call that has not waited in a queue. */
  public <A, T> T run(Deadline deadline, A argument, SessionWork<A, T> work) {
    return run(deadline, null, Integer.MAX_VALUE, argument, work);
  }

  /**
   * Runs work on a connection. If the connection is lost, retries on other connections until the
   * deadline, because after a server restart a pool can return all its old connections one after
   * the other. There are no retries if the connection belongs to the caller or depends on the
   * calling thread.
   *
   * @param context the purpose and the deadline of the statement
   */
  public <T> T run(StatementContext context, Work<T> work) {
    return run(context, Integer.MAX_VALUE, work);
  }

  /**
   * Runs work like {@link #run(StatementContext, Work)}, with a limited number of retries.
   *
   * @param retries the maximum number of retries after lost connections
   */
  <T> T run(StatementContext context, int retries, Work<T> work) {
    return run(context.deadline(), context, retries, work, (session, known) -> known.on(session));
  }

  private <A, T> T run(
      Deadline deadline,
      @Nullable StatementContext context,
      int retries,
      A argument,
      SessionWork<A, T> work) {
    boolean bound = isBound();
    FunctionCallException lost = null;
    int sent = 0;
    underWay.increment();
    try {
      for (int lostBefore = 0; ; lostBefore++) {
        try {
          return attempt(deadline, context, bound, lostBefore > 0, argument, work);
        } catch (FunctionCallException e) {
          if (e.code() != Code.CONNECTION_LOST) {
            throw lost == null ? e : afterLoss(lost, e);
          }
          if (!e.problem().equals(SqlErrors.FOUND_DEAD)) {
            sent++;
          }
          if (bound
              || lostBefore >= retries
              || sent >= SENT_MAX
              || !prepareRetry(e, lostBefore, deadline)) {
            throw e;
          }
          lost = e;
        }
      }
    } finally {
      underWay.decrement();
    }
  }

  /**
   * Prepares a retry: pauses, and notifies the listener. Returns false if no retry is allowed or no
   * time is left.
   */
  boolean prepareRetry(FunctionCallException lost, int lostBefore, Deadline deadline) {
    if (!sessions.settings().retryOnConnectionLoss() || !pauseAfter(lostBefore, deadline)) {
      return false;
    }
    sessions.settings().listener().retrying(new Events.Retry(lost));
    return true;
  }

  /**
   * Returns the more specific of two errors: a lost connection rather than the resulting timeout.
   */
  private static FunctionCallException afterLoss(
      FunctionCallException lost, FunctionCallException e) {
    FunctionCallException telling = e.code() == Code.TIMEOUT ? lost : e;
    telling.addSuppressed(telling.equals(e) ? lost : e);
    return telling;
  }

  /**
   * Pauses before another connection is tried. The pause increases with the number of lost
   * connections, because a server may accept each connection and then terminate it. Returns false
   * if no time is left.
   */
  static boolean pauseAfter(int lostBefore, Deadline deadline) {
    long nanos = TimeUnit.MILLISECONDS.toNanos(pauseMillis(lostBefore));
    if (deadline.nanosLeft() <= nanos) {
      return false;
    }
    if (nanos > 0) {
      LockSupport.parkNanos(nanos);
    }
    return true;
  }

  /** Returns the duration of the pause before another connection is tried. */
  static int pauseMillis(int lostBefore) {
    return Math.min(lostBefore, PAUSE_MAX_MILLIS);
  }

  /**
   * Returns whether the driver would probably reject the answer to these requests because of its
   * size.
   */
  public boolean exceedsDriverLimit(List<? extends Request> requests) {
    return resultLimit.isExceededBy(requests);
  }

  /** Records that the driver rejected the answer to these requests because of its size. */
  public void noteDriverLimit(List<? extends Request> requests) {
    resultLimit.note(requests);
  }

  /** Returns the error for an answer that does not match its request. */
  FunctionCallException mismatch() {
    return Errors.mismatch(sessions.functions().extension());
  }

  /** Returns whether no statement is in flight, not even on a caller's own connection. */
  public boolean isQuiet() {
    return underWay.sum() == 0 && watch.isIdle();
  }

  /**
   * Rejects new statements, including statements on callers' own connections. All statements that
   * are not rejected are already in flight when this method returns.
   */
  public void close() {
    watch.close();
  }

  /**
   * Returns the number of statements in flight, excluding statements on callers' own connections.
   */
  public int inFlight() {
    return underWay.intValue();
  }

  private <A, T> T attempt(
      Deadline deadline,
      @Nullable StatementContext context,
      boolean bound,
      boolean validate,
      A argument,
      SessionWork<A, T> work) {
    if (!sessions.settings().listens()) {
      return borrower.run(deadline, bound, validate, argument, work);
    }
    StatementContext told = context == null ? StatementContext.single(deadline) : context;
    sessions.settings().listener().statementStarted(new Events.Starting(told.kind(), told.calls()));
    long begin = System.nanoTime();
    FunctionCallException error = null;
    try {
      return borrower.run(deadline, bound, validate, argument, work);
    } catch (RuntimeException | Error e) {
      error = Errors.ofCall(e);
      throw e;
    } finally {
      sessions
          .settings()
          .listener()
          .statementEnded(new Events.Statement(told, System.nanoTime() - begin, error));
    }
  }

  /**
   * Returns the error for a call that timed out while it waited for other calls or for a leader. If
   * no other call has a connection, the error reports the missing connection; otherwise, it reports
   * the timeout.
   */
  public FunctionCallException timedOut(Duration timeout) {
    if (async != null && (async.hasConnection() || watch.hasConnection(source))) {
      return Errors.timedOut(timeout);
    }
    return async != null && async.isWaitingForConnection()
        ? ConnectionErrors.noConnectionWithin(timeout, null)
        : borrower.timedOut(timeout);
  }

  @Override
  public String toString() {
    return source.toString();
  }
}
