// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.coalescing.Dispatcher;
import io.pghello.extension.batching.internal.jdbc.ArrayStatements;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;

/**
 * Calls a function of an extension. Calls that would have to wait share one statement, on a
 * connection that any of the callers got; other calls are sent immediately. Create one object per
 * function and application, and close it at shutdown.
 *
 * <p>Each statement borrows a connection and returns it, so use a connection pool. It changes no
 * session settings and leaves no transaction open. <b>If your data source chooses a connection by
 * thread</b> (a routing data source, {@code TransactionAwareDataSourceProxy}), disable the sharing
 * with {@link CoalescedFunctionBuilder#coalescing}.
 *
 * <p><b>The result must depend only on the arguments</b>, not on the session: not on the role, row
 * level security, {@code search_path} or a setting such as a tenant's. Calls of different callers
 * run in one session, with the settings of any of them. Use {@link #on} for a function that depends
 * on them.
 *
 * <p>A call takes one round trip, and the first one more, to find the extension. If a connection is
 * lost, the call is retried on another one.
 *
 * <p>If a batch fails, it is sent again in halves, until only the calls that cause the error have
 * failed. That takes about two statements for each doubling of the batch if one call fails, and two
 * for each call if all do. This applies to the server's errors, to lost connections, and to
 * exceptions of the {@link BatchMapper}. These errors fail all calls of a batch without a second
 * attempt:
 *
 * <ul>
 *   <li>SQLSTATE classes 25, 28, 3D, 40 and 57, and 55P03: the transaction, the login, an operator
 *       or {@code statement_timeout}, the wait for a lock;
 *   <li>class 53 (memory, disk), if 12 parts of the batch have failed;
 *   <li>a problem of the installation, and the end of the time.
 * </ul>
 *
 * <p>All methods throw {@link FunctionCallException}. An error of the function has {@link
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
   * Creates a function with default settings; {@link #builder} has others. No connection is made
   * before the first call.
   *
   * @param dataSource the source of connections; the caller closes it
   * @param extension the description of the extension, with its functions
   * @param name the name of the function in the description
   * @param mapper binds the arguments and reads the answers
   * @throws IllegalArgumentException if the description has no function of this name that returns
   *     an array, or several
   */
  public static <Q, A> CoalescedFunction<Q, A> create(
      DataSource dataSource,
      ExtensionDescription extension,
      String name,
      BatchMapper<Q, A> mapper) {
    return builder(extension, name, mapper).dataSource(dataSource).build();
  }

  /**
   * Begins a function with other settings.
   *
   * @param extension the description of the extension, with its functions
   * @param name the name of the function in the description
   * @param mapper binds the arguments and reads the answers
   * @throws IllegalArgumentException if the description has no function of this name that returns
   *     an array, or several
   */
  public static <Q, A> CoalescedFunctionBuilder<Q, A> builder(
      ExtensionDescription extension, String name, BatchMapper<Q, A> mapper) {
    return new CoalescedFunctionBuilder<>(extension, name, mapper);
  }

  /** Returns the number of waiting calls, e.g. for a gauge. Counts them without a lock. */
  public int queuedCalls() {
    return context.dispatcher().queuedCalls();
  }

  /**
   * Returns the number of statements that are in flight or wait for a connection, e.g. for a gauge.
   * Statements on connections of callers ({@link #on}) do not count.
   */
  public int inFlightStatements() {
    return context.statements().executor().inFlight();
  }

  /**
   * Rejects further calls, waits for the present ones for at most {@code callTimeout}, and then
   * fails the remaining ones with {@link Code#CLOSED}. Closes the pool if {@link
   * CoalescedFunctionBuilder#url} made it. An interrupt ends the wait. A second call does nothing.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      context.dispatcher().close();
      closePool.run();
    }
  }
}
