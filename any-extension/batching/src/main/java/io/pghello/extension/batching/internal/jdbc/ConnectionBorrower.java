// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.ArgumentChecks;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Threads;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Borrows a connection for each statement, runs the statement on it within the deadline, and then
 * releases the connection, or aborts the connection if its state is unknown. Thread-safe.
 */
final class ConnectionBorrower {
  /** The time that a call waits, after its deadline, for its dead connection to be released. */
  private static final long RELEASE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final ConnectionSource source;
  private final SessionContext context;
  private final DeadlineMonitor watch;

  // null if the last attempt to borrow a connection succeeded
  private volatile @Nullable NoConnection noConnection;

  ConnectionBorrower(ConnectionSource source, SessionContext context, DeadlineMonitor watch) {
    this.source = source;
    this.context = context;
    this.watch = watch;
  }

  /** Runs work on a connection. */
  <A, T> T run(
      Deadline deadline, boolean bound, boolean validate, A argument, SessionWork<A, T> work) {
    DeadlineMonitor.WatchedStatement watched = watch.statement(source, deadline);
    try {
      watched.begin();
      Connection connection = connect(watched, deadline);
      return use(connection, watched, deadline, bound, validate, argument, work);
    } finally {
      // this assignment must precede all method calls, because the stack may have overflowed
      watched.left = true;
      watched.leave();
    }
  }

  /**
   * Runs work on a connection and releases the connection. Throws if the deadline has passed, even
   * if the work succeeded.
   */
  @SuppressWarnings("try") // the end of the block restores the connection's own timeout
  private <A, T> T use(
      Connection connection,
      DeadlineMonitor.WatchedStatement watched,
      Deadline deadline,
      boolean bound,
      boolean validate,
      A argument,
      SessionWork<A, T> work) {
    boolean answered = false;
    boolean sent = !validate;
    try {
      T answer;
      try (NetworkTimeout unused = watched.isTimed ? null : NetworkTimeout.of(connection);
          var session = new Session(context, watched, connection, bound)) {
        if (validate) {
          session.validate();
          sent = true;
        }
        answer = work.on(session, argument);
        watched.reusable = true;
      }
      answered = true;
      if (!watched.end()) {
        return answer;
      }
    } catch (SQLException e) {
      FunctionCallException error = translate(e, connection, deadline);
      if (!sent && error.code() == Code.CONNECTION_LOST) {
        error = SqlErrors.foundDead(e);
      }
      watched.reusable = bound || isReusableAfter(error);
      if (!watched.end()) {
        throw error;
      }
    } catch (FunctionCallException e) {
      watched.reusable = bound || isReusableAfter(e);
      if (!watched.end()) {
        throw e;
      }
    } catch (RuntimeException e) {
      if (!watched.end()) {
        SQLException reported = SqlErrors.reported(e);
        if (reported != null) {
          throw translate(reported, connection, deadline);
        }
        // a connection that the pool has closed cannot be unwrapped to check the driver
        throw Connections.isClosed(connection) || watched.isOfPgjdbc()
            ? Errors.unexpected(e)
            : SqlErrors.ofForeignDriver(e, context.functions());
      }
    } finally {
      boolean aborted = watched.end() || !watched.reusable || (watched.responseMismatch && !bound);
      if (aborted) {
        watched.abortAll();
      }
      release(watched, aborted || !answered, aborted, bound);
      watched.released = true;
    }
    throw Errors.timedOut(deadline.timeout());
  }

  /**
   * Returns whether a connection can be used again after an error. It cannot be used again after a
   * mismatched answer, because a different statement has run and may have begun a transaction. It
   * cannot be used again if an answer exceeded the driver's limit, because the driver has then
   * closed the connection, possibly without the pool noticing.
   */
  private static boolean isReusableAfter(FunctionCallException error) {
    return error.code() != Code.RESPONSE_MISMATCH && !SqlErrors.isDriverLimit(error);
  }

  /**
   * Translates an error of a statement.
   *
   * @param connection the connection; null if the source does not block
   */
  FunctionCallException translate(
      SQLException e, @Nullable Connection connection, Deadline deadline) {
    CallProblem refusal = refusal(e, connection);
    if (refusal != null) {
      return new FunctionCallException(refusal, e.getSQLState(), null);
    }
    FunctionCallException error =
        e.getSQLState() == null && connection != null && Connections.isClosed(connection)
            ? SqlErrors.connectionLost(e, context.functions())
            : SqlErrors.translate(e, deadline.timeout(), context.functions());
    // on a virtual thread, an interrupt closes the socket
    return error.code() == Code.CONNECTION_LOST && Thread.currentThread().isInterrupted()
        ? Errors.interrupted()
        : error;
  }

  /**
   * Returns the problem with a checked argument that the server rejected; null if the error has
   * another cause.
   */
  private @Nullable CallProblem refusal(SQLException e, @Nullable Connection connection) {
    ArgumentChecks<?> checks = context.functions().checks();
    String state = e.getSQLState();
    if (checks == null || state == null) {
      return null;
    }
    String encoding = null;
    try {
      encoding = connection == null ? null : ServerParameters.encoding(connection);
    } catch (SQLException ignored) {
      // the encoding stays unknown, because the error of the statement is more important
    }
    return checks.problem(state, encoding);
  }

  private Connection connect(DeadlineMonitor.WatchedStatement watched, Deadline deadline) {
    try {
      Connection connection = watched.connect();
      if (connection != null) {
        noteConnection();
        return connection;
      }
      throw new SQLException("the source of connections returned null");
    } catch (SQLException | RuntimeException e) {
      FunctionCallException error =
          deadline.isOver() && !Thread.currentThread().isInterrupted()
              ? ConnectionErrors.noConnectionWithin(deadline.timeout(), e)
              : ConnectionErrors.noConnection(e);
      if (error.code() != Code.INTERRUPTED) {
        noteNoConnection(error, deadline.timeout());
      }
      throw error;
    }
  }

  /** Records that the source provided a connection. */
  void noteConnection() {
    if (noConnection != null) {
      noConnection = null;
    }
  }

  /** Records why the source provided no connection. */
  void noteNoConnection(FunctionCallException error, Duration timeout) {
    noConnection = new NoConnection(error, timeout);
  }

  /**
   * Returns the error for a call that timed out while it waited for other calls or for a leader. If
   * no other call has a connection, the error reports the missing connection; otherwise, it reports
   * the timeout.
   */
  FunctionCallException timedOut(Duration timeout) {
    NoConnection reason = noConnection;
    if (reason != null) {
      return Errors.again(Errors.withTimeout(reason.error, reason.timeout, timeout));
    }
    return watch.allWaitFor(source)
        ? ConnectionErrors.noConnectionWithin(timeout, null)
        : Errors.timedOut(timeout);
  }

  /**
   * Releases the connection of a statement. A pool may replace a dead connection, which can take
   * any amount of time. Therefore, another thread releases a dead connection, unless the source
   * depends on the thread. The call waits for the release only until shortly after the deadline.
   *
   * @param failed whether the statement failed to return an answer
   */
  private void release(
      DeadlineMonitor.WatchedStatement watched, boolean failed, boolean aborted, boolean bound) {
    Connection connection = Objects.requireNonNull(watched.connection);
    if (!failed || bound || context.settings().routesCalls() || !watched.isClosed()) {
      Connections.release(source, connection, aborted);
      return;
    }
    var released = new CountDownLatch(1);
    Runnable release =
        () -> {
          try {
            Connections.release(source, connection, aborted);
          } finally {
            released.countDown();
          }
        };
    if (Threads.tryStart("pg-extension-release", release)) {
      try {
        long left = Math.max(watched.deadline.nanosLeft(), RELEASE_NANOS);
        boolean unused = released.await(left, TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    } else {
      release.run();
    }
  }

  /** The reason why a call got no connection. */
  private record NoConnection(FunctionCallException error, Duration timeout) {}
}
