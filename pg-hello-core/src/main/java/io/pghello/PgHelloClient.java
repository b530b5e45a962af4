// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.PgHelloException.Code;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;

/**
 * Calls the functions of the PostgreSQL extension {@code pg_hello}. What other classes need of it
 * are best the interfaces, {@link PgHelloOperations} and {@link PgHelloAsyncOperations}, which
 * tests can put something else in the place of.
 *
 * <pre>{@code
 * PgHelloClient client = PgHelloClient.create(dataSource);
 * String greeting = client.hello("Ada"); // Hello, Ada!
 * }</pre>
 *
 * <p>A call takes a connection from the data source, sends one statement, and gives the connection
 * back: use a pool. It changes no setting and leaves no transaction open. The client finds the
 * schema that the extension is in with its first call, which therefore takes one round trip more;
 * the round trips that the methods name are those of later calls.
 *
 * <p>Calls of {@link #hello(String)} and {@link #helloAsync} that would have to wait share one
 * statement, on a connection that any of the callers got; one that need not wait is sent at once.
 * <b>Where the data source decides by the calling thread (on the tenant's database, or on a
 * transaction, as Spring's {@code TransactionAwareDataSourceProxy}), switch that off</b> with
 * {@link PgHelloClientBuilder#coalescing(boolean)}, or have a client for each database.
 *
 * <p>The functions change nothing, so a call whose connection was lost is repeated on others. A
 * call ends within {@link PgHelloClientBuilder#callTimeout}.
 *
 * <p>Needs version 1.1 of the extension; on 1.0, {@link #hello(String)}, {@link #helloAsync},
 * {@link #now()}, {@link #nowMillis()} and {@link #spiVersion()} work where no count is given.
 * Where a function is missing that came with a later version, only its own calls fail.
 *
 * <p>All methods throw {@link PgHelloException}, whose code and message say what is wrong and what
 * mends it; a null where none is allowed gives a {@link NullPointerException}.
 *
 * <p>Immutable but for being closed, and thread-safe.
 */
public final class PgHelloClient extends PooledOperations implements AutoCloseable {
  private final Runnable closePool;
  private final AtomicBoolean closed = new AtomicBoolean();

  PgHelloClient(Context context, Runnable closePool) {
    super(context);
    this.closePool = closePool;
  }

  /**
   * Creates a client with default settings. No connection is made before the first call.
   *
   * @param dataSource where connections come from; it stays the caller's to close
   */
  public static PgHelloClient create(DataSource dataSource) {
    return builder().dataSource(dataSource).build();
  }

  /** Begins a client with other settings. */
  public static PgHelloClientBuilder builder() {
    return new PgHelloClientBuilder();
  }

  /**
   * Returns how many calls wait now for a place among those in flight, as a gauge shows it. Counts
   * them, which takes no lock; not meant for every call.
   */
  public int queuedCalls() {
    return context.dispatcher().queuedCalls();
  }

  /**
   * Returns how many statements are in flight now, or wait for a connection, as a gauge shows it. A
   * statement carries one call or many. Those on connections of callers ({@link #on}) are left out.
   */
  public int inFlightStatements() {
    return context.statements().executor().inFlight();
  }

  /**
   * Refuses further calls, waits for those that were made, {@link #helloAll} with all of its
   * batches, for at most {@code callTimeout}, and fails with {@link Code#CLOSED} what is left then;
   * but a thread whose statement is in flight, with a longer time-out of its own, ends at that. No
   * statement is begun afterwards. Ends {@link #helloEach} at its next batch. Closes the pool if
   * the client made it. An interrupt ends the wait; all the rest is done nevertheless, and the
   * thread stays interrupted. A second call does nothing, and does not wait for the first.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      context.dispatcher().close();
      closePool.run();
    }
  }
}
