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
 * Calls a function of an extension. Calls that arrive while other calls are running are combined
 * into one statement, which runs on a connection borrowed by one of the callers. All other calls
 * are sent immediately. Create one instance per function in each application, and close it at
 * shutdown.
 *
 * <p>Each statement borrows a connection and returns it, so use a connection pool. Statements do
 * not change session settings and, if autocommit is on, leave no transaction open. <b>If your data
 * source chooses a connection by thread</b> (a routing data source, {@code
 * TransactionAwareDataSourceProxy}), disable batching with {@link BatchedFunctionBuilder#batching}.
 *
 * <p><b>The result must depend only on the arguments</b>, and not on session state such as the
 * role, row-level security, {@code search_path}, or a tenant setting. Calls from different callers
 * run in the same session, with the settings of one of the callers. For a function that depends on
 * session state, use {@link #withConnection}.
 *
 * <p>A call takes one round trip. The first call takes an additional round trip to locate the
 * extension. If a connection is lost, the call is retried on another connection.
 *
 * <p>If a batch fails, it is sent again in halves, until only the calls that cause the error have
 * failed. If one of n calls fails, this takes about 2 log₂ n additional statements; if all calls
 * fail, about 2 n. This applies to server errors, to lost connections, and to exceptions from the
 * {@link BatchMapper}. After the following errors, the calls of the failed statement are not sent
 * again:
 *
 * <ul>
 *   <li>SQLSTATE classes 25 and 40 (transaction errors), 28 and 3D (login errors), 57 (cancellation
 *       by an administrator or {@code statement_timeout}), and SQLSTATE 55P03 (lock timeout),
 *       except the SQLSTATEs of lost connections (57P, 25P03, 25P04);
 *   <li>SQLSTATE class 53 (out of memory, disk full), from the 12th failed statement of the batch
 *       on;
 *   <li>installation problems, and timeouts.
 * </ul>
 *
 * <p>Calls that fail throw a {@link FunctionCallException}. If the function fails, the exception
 * has the code {@link Code#SERVER_ERROR}, the SQLSTATE, the server's message, and the driver's
 * exception as its cause. The message and the cause may contain the call's arguments. An error that
 * is shared by several calls contains only the SQLSTATE.
 *
 * <p>Thread-safe, and immutable except for {@link #close}.
 *
 * @param <Q> the arguments of a call
 * @param <A> the answer to a call
 */
public final class BatchedFunction<Q, A> extends PooledFunctionCalls<Q, A>
    implements CallStatistics, AutoCloseable {
  private final Runnable closePool;
  private final AtomicBoolean closed = new AtomicBoolean();

  BatchedFunction(ArrayStatements<Q, A> statements, Settings settings, Runnable closePool) {
    super(
        new Context<>(
            settings,
            statements,
            new Dispatcher<>(statements, settings),
            settings.statements().callTimeout()));
    this.closePool = closePool;
  }

  /**
   * Creates a {@code BatchedFunction} with default settings. For other settings, use {@link
   * #builder}. The returned object connects to the database when the first call is made.
   *
   * @param dataSource the source of connections; the caller closes it
   * @param extension the description of the extension, with its functions
   * @param name the name of the function in the description
   * @param mapper the mapper that binds the arguments and reads the answers
   * @throws IllegalArgumentException if the description does not have exactly one function of this
   *     name that returns an array
   */
  public static <Q, A> BatchedFunction<Q, A> create(
      DataSource dataSource,
      ExtensionDescription extension,
      String name,
      BatchMapper<Q, A> mapper) {
    return builder(extension, name, mapper).dataSource(dataSource).build();
  }

  /**
   * Returns a builder for a {@code BatchedFunction} with other settings.
   *
   * @param extension the description of the extension, with its functions
   * @param name the name of the function in the description
   * @param mapper the mapper that binds the arguments and reads the answers
   * @throws IllegalArgumentException if the description does not have exactly one function of this
   *     name that returns an array
   */
  public static <Q, A> BatchedFunctionBuilder<Q, A> builder(
      ExtensionDescription extension, String name, BatchMapper<Q, A> mapper) {
    return builder(extension, ArrayStatements.find(extension, name), mapper);
  }

  /**
   * Returns a builder for a {@code BatchedFunction} that calls a function with SQL of its own.
   *
   * @param extension the description of the extension, with its functions
   * @param function the function, which accepts arrays and returns an array
   * @param mapper the mapper that binds the arguments and reads the answers
   */
  public static <Q, A> BatchedFunctionBuilder<Q, A> builder(
      ExtensionDescription extension, ServerFunction function, BatchMapper<Q, A> mapper) {
    return new BatchedFunctionBuilder<>(extension, function, mapper);
  }

  @Override
  public int queuedCalls() {
    return context.dispatcher().queuedCalls();
  }

  @Override
  public int inFlightStatements() {
    return context.statements().executor().inFlight();
  }

  /**
   * Rejects new calls, waits up to {@code callTimeout} for pending calls, and then fails the
   * remaining calls with {@link Code#CLOSED}. Closes the pool if it was created for {@link
   * BatchedFunctionBuilder#url}. An interrupt ends the wait. Further calls to this method have no
   * effect.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      context.dispatcher().close();
      closePool.run();
    }
  }
}
