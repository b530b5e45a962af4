// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A source of connections of a driver that does not block. Implement it for such a driver, and pass
 * it to {@link ClientBuilder#connections}: batches of asynchronous calls then run on one event
 * loop, without changing threads.
 *
 * <p>The client uses {@link #start} for a batch of asynchronous calls as soon as it knows the
 * installation of the function. All other statements, and batches that failed, use {@link
 * #getConnection} on threads of the client or of the caller, which block. The events {@link
 * CallListener#statementStarted} and {@link CallListener#statementEnded} of a statement that was
 * started here follow each other after the statement has ended.
 *
 * <p>All connections must belong to the same database and user. Methods must be thread-safe.
 */
public interface AsyncConnectionSource extends ConnectionSource {
  /** A statement that {@link #start} has started. Thread-safe. */
  interface Statement {
    /** Returns false while the statement is waiting for a connection. */
    boolean hasConnection();

    /** Aborts the statement and its connection. Has no effect after the statement. */
    void abort();
  }

  /**
   * Returns the executor of the event loop, which runs tasks one after the other on one thread. The
   * client completes futures on it. If it rejects a task, the client uses its own threads.
   */
  Executor eventLoop();

  /**
   * Starts a statement on a separate connection, and returns without waiting. Called on the event
   * loop. Takes one round trip.
   *
   * @param sql a statement with {@code ?} for each parameter
   * @param parameters the object that is passed to {@code binder}
   * @param binder sets the parameters
   * @param reader reads the result, from before its first row; if it throws an exception, the
   *     connection must not be used again, unless it is a {@link FunctionCallException} with a code
   *     other than {@link FunctionCallException.Code#RESPONSE_MISMATCH}
   * @param outcome accepts the result of the reader, or the reason why there is none: an exception
   *     of {@code binder} or {@code reader}, a {@link java.sql.SQLTransientConnectionException} if
   *     no connection was available, or another {@link java.sql.SQLException}; must be called once,
   *     on the event loop, unless the statement is aborted
   * @return the statement, which the client aborts at its deadline
   */
  <P, T> Statement start(
      String sql,
      P parameters,
      FunctionSession.Binder<P> binder,
      FunctionSession.Reader<T> reader,
      BiConsumer<@Nullable T, @Nullable Throwable> outcome);
}
