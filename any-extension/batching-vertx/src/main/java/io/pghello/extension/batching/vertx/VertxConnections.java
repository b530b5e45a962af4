// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.vertx;

import io.pghello.extension.ArtifactVersions;
import io.pghello.extension.batching.AsyncConnectionSource;
import io.pghello.extension.batching.BatchedFunction;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.FunctionSession;
import io.vertx.core.Context;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs a client's statements on the connections of a Vert.x pool. One event loop sends the batches
 * of asynchronous calls, reads their results, and completes their futures, which needs less CPU
 * time than threads that wait for JDBC.
 *
 * <pre>{@code
 * var greetings =
 *     BatchedFunction.builder(EXTENSION, "pg_hello_all", new GreetAll())
 *         .connections(VertxConnections.of(vertx.getOrCreateContext(), pool))
 *         .build();
 * Future<String> greeting = Future.fromCompletionStage(greetings.callAsync(ada), context);
 * }</pre>
 *
 * <p>Dependent stages of the futures run on the event loop, and must not block it. A failed batch,
 * and calls that are not batched, run on threads of the client, which wait for Vert.x; the
 * dependent stages of the latter run there as well.
 *
 * <p>Thread-safe. Close the client before the pool and before Vert.x. Limits:
 *
 * <ul>
 *   <li><b>Prepared statements:</b> set {@code setCachePreparedStatements(true)} in the options of
 *       the connections. Otherwise, each batch takes an additional round trip.
 *   <li><b>Blocking calls:</b> on an event loop, use only the asynchronous methods. A blocking call
 *       on an event loop fails, and closing the client there blocks it.
 *   <li><b>Mappers:</b> {@code createArrayOf} accepts the types text, varchar, int2, int4, int8,
 *       float4, float8, bool, bytea, uuid, date and timestamptz. For other types, such as numeric
 *       or jsonb, pass an array of texts and cast it in the SQL.
 *   <li><b>SQLSTATEs:</b> if the function raises 25P03, 57P01 or 57P05, Vert.x does not report the
 *       error, and the call ends at its timeout.
 *   <li><b>Timeouts:</b> if the server does not respond to a statement, the call ends at its
 *       timeout, but the pool's connection is occupied until the server responds, or the
 *       connection's idle timeout closes it.
 * </ul>
 */
public final class VertxConnections implements AsyncConnectionSource {
  private static final AtomicLong NUMBER = new AtomicLong();

  private final Context context;
  private final Pool pool;
  private final String name = "vertx:" + NUMBER.incrementAndGet();

  private VertxConnections(Context context, Pool pool) {
    this.context = context;
    this.pool = pool;
  }

  /**
   * Returns a source of connections.
   *
   * @param context the context that runs all batches, for example {@code
   *     vertx.getOrCreateContext()} in a verticle or in the main thread
   * @param pool a pool of PostgreSQL connections to one database, which the caller closes
   * @throws IllegalArgumentException if the context does not belong to an event loop
   * @throws IllegalStateException if {@code pg-extension-batching} has another version
   */
  public static VertxConnections of(Context context, Pool pool) {
    ArtifactVersions.requireSame(VertxConnections.class, BatchedFunction.class);
    if (!context.isEventLoopContext()) {
      throw new IllegalArgumentException(
          "The context belongs to worker threads; pass the context of an event loop");
    }
    return new VertxConnections(context, Objects.requireNonNull(pool, "pool"));
  }

  @Override
  public Executor eventLoop() {
    return task -> context.runOnContext(unused -> task.run());
  }

  @Override
  public <P, T> Statement start(
      String sql,
      P parameters,
      FunctionSession.Binder<P> binder,
      FunctionSession.Reader<T> reader,
      BiConsumer<@Nullable T, @Nullable Throwable> outcome) {
    var query = new Query<>(name, sql, parameters, binder, reader, outcome);
    pool.getConnection()
        .onComplete(query::run, e -> outcome.accept(null, DriverErrors.noConnection(e)));
    return query;
  }

  /**
   * Waits for a connection.
   *
   * @throws SQLException if no connection is available, or if the current thread is an event loop
   */
  @Override
  public Connection getConnection() throws SQLException {
    Session.requireBlockingThread();
    var connected = new CompletableFuture<SqlConnection>();
    context.runOnContext(
        unused ->
            pool.getConnection()
                .onComplete(
                    connection -> {
                      if (!connected.complete(connection)) {
                        var ignored = connection.close();
                      }
                    },
                    connected::completeExceptionally));
    try {
      return JdbcViews.of(new Session(connected.get(), name));
    } catch (InterruptedException e) {
      connected.cancel(false);
      if (connected.isDone() && !connected.isCompletedExceptionally()) {
        var ignored = connected.join().close();
      }
      Thread.currentThread().interrupt();
      throw DriverErrors.noConnection(e);
    } catch (ExecutionException e) {
      throw DriverErrors.noConnection(Objects.requireNonNull(e.getCause()));
    }
  }

  /** Returns a description for log messages, without secrets. */
  @Override
  public String toString() {
    return "Vert.x";
  }

  /** A statement that does not block. It runs on the event loop. */
  private static final class Query<P, T> implements Statement {
    private final String pool;
    private final String sql;
    private final P parameters;
    private final FunctionSession.Binder<P> binder;
    private final FunctionSession.Reader<T> reader;
    private final BiConsumer<@Nullable T, @Nullable Throwable> outcome;
    private volatile boolean aborted;
    private volatile @Nullable Session session;

    Query(
        String pool,
        String sql,
        P parameters,
        FunctionSession.Binder<P> binder,
        FunctionSession.Reader<T> reader,
        BiConsumer<@Nullable T, @Nullable Throwable> outcome) {
      this.pool = pool;
      this.sql = sql;
      this.parameters = parameters;
      this.binder = binder;
      this.reader = reader;
      this.outcome = outcome;
    }

    @Override
    public boolean hasConnection() {
      return session != null;
    }

    @Override
    public void abort() {
      aborted = true;
      Session known = session;
      if (known != null) {
        known.abort();
      }
    }

    void run(SqlConnection connection) {
      var used = new Session(connection, pool);
      session = used;
      if (aborted) {
        used.release();
        return;
      }
      try {
        var statement = new BoundStatement(used, sql);
        binder.bind(statement.view(), parameters);
        used.execute(statement)
            .onComplete(
                rows -> read(used, rows),
                e -> {
                  SQLException error = used.translate(e);
                  used.release();
                  outcome.accept(null, error);
                });
      } catch (SQLException | RuntimeException | Error e) {
        used.release();
        outcome.accept(null, e);
      }
    }

    private void read(Session used, RowSet<Row> rows) {
      T answer;
      try {
        answer = reader.read(JdbcViews.of(rows));
      } catch (SQLException | RuntimeException | Error e) {
        if (e instanceof FunctionCallException error && error.code() != Code.RESPONSE_MISMATCH) {
          used.release();
        } else {
          used.abort();
        }
        outcome.accept(null, e);
        return;
      }
      used.release();
      outcome.accept(answer, null);
    }
  }
}
