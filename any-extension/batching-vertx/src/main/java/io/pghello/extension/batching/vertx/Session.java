// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.vertx;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A connection of the pool while it is in use. Thread-safe. */
final class Session {
  /** Ends the session, even if its current role may not do this. */
  private static final String END_SESSION =
      "SET ROLE NONE; SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())";

  /** Ends the session without the privilege to call a function. */
  private static final String END_IDLE_SESSION =
      "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 1";

  private static final String CANCELLED = "57014";

  private final SqlConnection connection;
  private final String pool;
  private final AtomicBoolean ended = new AtomicBoolean();
  private final AtomicInteger statements = new AtomicInteger();
  private volatile boolean closed;
  private volatile @Nullable CompletableFuture<?> awaited;

  /** The maximum time to wait for a result, in milliseconds; 0 for no limit. */
  volatile int networkTimeout;

  /**
   * Creates a session.
   *
   * @param pool a name that differs from the names of other pools
   */
  Session(SqlConnection connection, String pool) {
    this.connection = connection;
    this.pool = pool;
    connection.closeHandler(unused -> closed = true);
    // the statement's future fails as well
    connection.exceptionHandler(unused -> {});
  }

  /** Returns the name of the pool. */
  String pool() {
    return pool;
  }

  /** Runs a statement with parameters. */
  Future<RowSet<Row>> execute(BoundStatement statement) throws SQLException {
    String sql = NativeSql.of(statement.sql());
    return counted(() -> connection.preparedQuery(sql).execute(statement.parameters()));
  }

  /** Runs a statement without parameters. */
  Future<RowSet<Row>> execute(String sql) {
    return counted(() -> connection.query(sql).execute());
  }

  /** Counts a statement before it is sent, because an abort cancels only counted statements. */
  private Future<RowSet<Row>> counted(Supplier<Future<RowSet<Row>>> statement) {
    statements.incrementAndGet();
    boolean sent = false;
    try {
      Future<RowSet<Row>> result =
          statement
              .get()
              .onComplete(
                  unused -> statements.decrementAndGet(), unused -> statements.decrementAndGet());
      sent = true;
      return result;
    } finally {
      if (!sent) {
        statements.decrementAndGet();
      }
    }
  }

  /**
   * Throws if the current thread is an event loop, which must not wait for a result. The client
   * then sends the batch again on one of its threads.
   */
  static void requireBlockingThread() throws SQLException {
    if (Context.isOnEventLoopThread()) {
      throw new SQLTransientConnectionException(
          "a blocking call must not wait on an event loop; use the asynchronous methods");
    }
  }

  /** Waits for a result. An interrupt or an abort ends the wait. */
  <T> T await(Future<T> future) throws SQLException {
    CompletableFuture<T> result = future.toCompletionStage().toCompletableFuture();
    awaited = result;
    if (ended.get()) {
      throw closed(null);
    }
    int limit = networkTimeout;
    try {
      return limit > 0 ? result.get(limit, TimeUnit.MILLISECONDS) : result.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      abort();
      throw closed(e);
    } catch (TimeoutException e) {
      abort();
      throw closed(new SocketTimeoutException());
    } catch (ExecutionException e) {
      throw translate(Objects.requireNonNull(e.getCause()));
    }
  }

  /** Translates an error of a statement. */
  SQLException translate(Throwable e) {
    return closed ? DriverErrors.lost(e) : DriverErrors.of(e);
  }

  private static SQLException closed(@Nullable Throwable cause) {
    return new SQLException("The connection was closed.", DriverErrors.CONNECTION_FAILURE, cause);
  }

  /** Returns whether the connection is lost, or is no longer in use. */
  boolean isClosed() {
    return closed || ended.get();
  }

  /** Returns the connection to the pool. */
  void release() {
    if (ended.compareAndSet(false, true)) {
      var unused = connection.close();
    }
  }

  /**
   * Ends the running statement and the session on the server, because a pool of Vert.x cannot close
   * a single connection. The pool gets the connection back when the server has responded. Has no
   * effect if the connection is no longer in use.
   */
  void abort() {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    CompletableFuture<?> waiting = awaited;
    if (waiting != null) {
      waiting.completeExceptionally(closed(null));
    }
    if (statements.get() > 0) {
      var unused = PgConnection.cast(connection).cancelRequest();
    }
    endSession(END_SESSION);
  }

  /**
   * Ends the session. The connection must not be returned to the pool, because the cancel request
   * may arrive later, and because the session may run another program's statements.
   */
  private void endSession(String sql) {
    var unused =
        connection
            .query(sql)
            .execute()
            .onFailure(
                e -> {
                  // the pool notices the end of the session itself
                  if (e instanceof PgException reported
                      && !reported.getSqlState().startsWith("57P")) {
                    endSession(CANCELLED.equals(reported.getSqlState()) ? sql : END_IDLE_SESSION);
                  }
                });
  }
}
