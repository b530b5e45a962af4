// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.vertx;

import io.vertx.core.Future;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A connection of the pool while it is in use. Thread-safe. */
final class Session {
  private static final String END_SESSION =
      "SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())";

  private final SqlConnection connection;
  private final AtomicBoolean ended = new AtomicBoolean();
  private final AtomicInteger statements = new AtomicInteger();
  private volatile boolean closed;
  private volatile @Nullable CompletableFuture<?> awaited;

  /** The maximum time to wait for a result, in milliseconds; 0 for no limit. */
  volatile int networkTimeout;

  Session(SqlConnection connection) {
    this.connection = connection;
    connection.closeHandler(unused -> closed = true);
    // the statement's future fails as well
    connection.exceptionHandler(unused -> {});
  }

  /** Runs a statement with parameters. */
  Future<RowSet<Row>> execute(BoundStatement statement) throws SQLException {
    return counted(
        connection.preparedQuery(NativeSql.of(statement.sql())).execute(statement.parameters()));
  }

  /** Runs a statement without parameters. */
  Future<RowSet<Row>> execute(String sql) {
    return counted(connection.query(sql).execute());
  }

  private <T> Future<T> counted(Future<T> statement) {
    statements.incrementAndGet();
    return statement.onComplete(
        unused -> statements.decrementAndGet(), unused -> statements.decrementAndGet());
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
    var unused =
        connection
            .query(END_SESSION)
            .execute()
            .onFailure(
                e -> {
                  // the pool notices the end of the session itself
                  if (e instanceof PgException refused
                      && !refused.getSqlState().startsWith("57P")) {
                    var ignored = connection.close();
                  }
                });
  }
}
