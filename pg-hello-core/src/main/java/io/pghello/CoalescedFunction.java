// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.PgHelloException.Code;
import io.pghello.extension.ExtensionDescription;
import io.pghello.internal.Deadline;
import io.pghello.internal.Settings;
import io.pghello.internal.WaitTime;
import io.pghello.internal.coalescing.Dispatcher;
import io.pghello.internal.jdbc.ArrayStatements;
import io.pghello.internal.jdbc.ArrayStatements.Asked;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;

/**
 * Calls a function of any extension, as {@link PgHelloClient} calls {@code pg_hello}: calls that
 * would have to wait share one statement, on a connection that any of the callers got; one that
 * need not wait is sent at once. All that is said there of connections, of data sources that decide
 * by the calling thread, of time-outs and of closing is true here.
 *
 * <p>A call takes one round trip, and the first one more, which looks for the extension. A call
 * whose connection was lost is repeated on others. Where the server refuses a batch because of an
 * argument (SQLSTATE 22, 54 or P0001), or where the {@link BatchFunction} throws an exception, each
 * half of it is sent again, and so on, until only what is refused has failed. That takes about two
 * statements for each doubling of the batch if one of its calls is refused, and two for each call
 * if all are.
 *
 * <p>All methods throw {@link PgHelloException}. One of the server's that is not the client's own
 * concern has {@link Code#SERVER_ERROR} and the SQLSTATE. Thread-safe.
 *
 * @param <Q> the arguments of a call
 * @param <A> its answer
 */
public final class CoalescedFunction<Q, A> implements AutoCloseable {
  private final ArrayStatements<Q, A> statements;
  private final Dispatcher<Asked<Q>, A> dispatcher;
  private final Settings settings;
  private final Runnable closePool;
  private final AtomicBoolean closed = new AtomicBoolean();

  CoalescedFunction(ArrayStatements<Q, A> statements, Settings settings, Runnable closePool) {
    this.statements = statements;
    this.dispatcher = new Dispatcher<>(statements, settings);
    this.settings = settings;
    this.closePool = closePool;
  }

  /**
   * Creates it with default settings; {@link PgHelloClientBuilder#build(ExtensionDescription,
   * String, BatchFunction)} has others. No connection is made before the first call.
   *
   * @param dataSource where connections come from; it stays the caller's to close
   * @param extension describes the function, among others
   * @param name the function's, as it is described
   * @param function how it is called
   * @throws IllegalArgumentException if that describes no function of this name that returns an
   *     array, or several
   */
  public static <Q, A> CoalescedFunction<Q, A> create(
      DataSource dataSource,
      ExtensionDescription extension,
      String name,
      BatchFunction<Q, A> function) {
    return PgHelloClient.builder().dataSource(dataSource).build(extension, name, function);
  }

  /**
   * Calls the function; waits for the answer.
   *
   * @throws PgHelloException if it cannot be called, or fails
   */
  public A call(Q request) {
    Asked<Q> asked = statements.ask(request);
    if (!settings.listens()) {
      return dispatcher.call(asked, deadline(), null);
    }
    var wait = new WaitTime();
    return Operations.measured(
        settings.statements().listener(),
        asked.function(),
        wait,
        () -> dispatcher.call(asked, deadline(), wait));
  }

  /**
   * The same as {@link #call}, without waiting; errors are in the future. A call that is cancelled,
   * or completed otherwise, is not sent if it still waits.
   */
  public CompletableFuture<A> callAsync(Q request) {
    return dispatcher.callAsync(statements.ask(request), deadline());
  }

  private Deadline deadline() {
    return Deadline.after(settings.statements().callTimeout());
  }

  /** Returns how many calls wait now, as {@link PgHelloClient#queuedCalls}. */
  public int queuedCalls() {
    return dispatcher.queuedCalls();
  }

  /** Returns how many statements are in flight, as {@link PgHelloClient#inFlightStatements}. */
  public int inFlightStatements() {
    return statements.executor().inFlight();
  }

  /**
   * Refuses further calls, waits for those that were made, for at most {@code callTimeout}, and
   * fails with {@link Code#CLOSED} what is left then, as {@link PgHelloClient#close} does.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      dispatcher.close();
      closePool.run();
    }
  }

  @Override
  public String toString() {
    return "CoalescedFunction["
        + statements
        + ", "
        + settings.describe(settings.statements().callTimeout())
        + "]";
  }
}
