// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.PgHelloException.Code;
import io.pghello.extension.ExtensionDescription;
import io.pghello.internal.Settings;
import io.pghello.internal.coalescing.Dispatcher;
import io.pghello.internal.jdbc.ArrayStatements;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;

/**
 * Calls a function of any extension, as {@link PgHelloClient} calls {@code pg_hello}. Calls that
 * would have to wait share one statement, on a connection that any of the callers got; other calls
 * are sent immediately. What {@link PgHelloClient} says of connections, of data sources that choose
 * by the calling thread, of timeouts and of closing applies here, too.
 *
 * <p><b>The answer must depend on the arguments alone</b>, not on the session: not on the role, row
 * level security, {@code search_path} or a setting such as a tenant's. Calls of different callers
 * run in one session, whose settings any of them may have made. Use {@link #on} for a function that
 * depends on them.
 *
 * <p>A call takes one round trip, and the first one more, to find the extension. A call whose
 * connection was lost is retried on others.
 *
 * <p>If a batch fails, it is sent again in halves, until only the calls that cause the error have
 * failed. That takes about two statements for each doubling of the batch if one call fails, and two
 * for each call if all do. This applies to the server's errors, to lost connections, and to
 * exceptions of the {@link BatchFunction}. These errors fail all calls of a batch without a second
 * attempt:
 *
 * <ul>
 *   <li>SQLSTATE classes 25, 28, 3D, 40 and 57, and 55P03: the transaction, the login, an operator
 *       or {@code statement_timeout}, the wait for a lock;
 *   <li>class 53 (memory, disk), if 12 parts of the batch have failed;
 *   <li>a problem of the installation, and the end of the time.
 * </ul>
 *
 * <p>All methods throw {@link PgHelloException}. An error of the function has {@link
 * Code#SERVER_ERROR}, the SQLSTATE, the server's words, and the driver's exception as its cause.
 * All of it may quote the call's arguments. An error that several calls share has only the
 * SQLSTATE.
 *
 * <p>Thread-safe, and immutable except for {@link #close}.
 *
 * @param <Q> the arguments of a call
 * @param <A> its answer
 */
public final class CoalescedFunction<Q, A> extends PooledFunctionCalls<Q, A>
    implements AutoCloseable {
  private final Runnable closePool;
  private final AtomicBoolean closed = new AtomicBoolean();

  CoalescedFunction(ArrayStatements<Q, A> statements, Settings settings, Runnable closePool) {
    super(
        new Context<>(
            settings,
            statements,
            new Dispatcher<>(statements, settings),
            settings.statements().callTimeout()));
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

  /** Returns how many calls wait now, as {@link PgHelloClient#queuedCalls}. */
  public int queuedCalls() {
    return context.dispatcher().queuedCalls();
  }

  /** Returns how many statements are in flight, as {@link PgHelloClient#inFlightStatements}. */
  public int inFlightStatements() {
    return context.statements().executor().inFlight();
  }

  /**
   * Refuses further calls, waits for those that were made, for at most {@code callTimeout}, and
   * fails with {@link Code#CLOSED} what is left then, as {@link PgHelloClient#close} does.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      context.dispatcher().close();
      closePool.run();
    }
  }
}
