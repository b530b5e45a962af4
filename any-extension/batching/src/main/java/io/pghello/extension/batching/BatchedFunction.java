// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import io.pghello.extension.ArtifactVersions;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.ServerFunctions;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.coalescing.Dispatcher;
import io.pghello.extension.batching.internal.jdbc.ArrayStatements;
import io.pghello.extension.batching.internal.jdbc.StatementExecutor;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import javax.sql.DataSource;

/**
 * Calls a function of an extension, and combines calls that arrive while other calls are running
 * into one statement. Create one instance per function in each application, and close it at
 * shutdown.
 *
 * <pre>{@code
 * var distance =
 *     BatchedFunction.create(dataSource, EXTENSION, "acme_distance_all", new Distances());
 * double meters = distance.call(new Pair(from, to));
 * }</pre>
 *
 * <p>Each statement borrows a connection and returns it, so use a connection pool. Statements do
 * not change session settings and, if autocommit is on, leave no transaction open.
 *
 * <p>A call takes one round trip, and the first call takes another one to locate the extension. A
 * call that does not have to wait is sent immediately. A batch runs on a connection borrowed by one
 * of its callers.
 *
 * <p>If a connection is lost, the call is retried on another connection. If a batch fails, it is
 * divided until the failing calls are found. After an error that each part would repeat, such as a
 * timeout, a login error or a transaction error, all calls of the batch fail.
 *
 * <p>Calls that fail throw a {@link FunctionCallException}. If the function fails, the exception
 * has the code {@link Code#SERVER_ERROR}, the SQLSTATE, the server's message, and the driver's
 * exception as its cause. The message and the cause may contain the call's arguments. An error that
 * is shared by several calls contains only the SQLSTATE.
 *
 * <p>Thread-safe, and immutable except for {@link #close}. Limits:
 *
 * <ul>
 *   <li><b>The result must depend only on the arguments</b>, and not on session state such as the
 *       role, row-level security, {@code search_path}, or a tenant setting. Calls from different
 *       callers run in the same session, with the settings of one of the callers. For a function
 *       that depends on session state, use {@link #withConnection}.
 *   <li><b>If your data source chooses a connection by thread</b> (a routing data source, {@code
 *       TransactionAwareDataSourceProxy}), disable batching with {@link ClientBuilder#batching}.
 *   <li><b>The function must have no side effects</b>, because calls are repeated after a lost
 *       connection or a failed batch.
 * </ul>
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
   * Creates a {@code BatchedFunction} with default settings, which connects to the database when
   * the first call is made. For other settings, use {@link #builder}.
   *
   * @param dataSource the source of connections; the caller closes it
   * @param extension the description of the extension, with its functions
   * @param name the name of the function in the description
   * @param mapper the mapper that binds the arguments and reads the answers
   * @throws IllegalArgumentException if the description does not have exactly one function of this
   *     name that returns an array
   * @throws IllegalStateException if {@code pg-extension-binding} has another version
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
   * @throws IllegalStateException if {@code pg-extension-binding} has another version
   */
  public static <Q, A> ClientBuilder<BatchedFunction<Q, A>> builder(
      ExtensionDescription extension, String name, BatchMapper<Q, A> mapper) {
    ArtifactVersions.requireSame(BatchedFunction.class, ExtensionDescription.class);
    return builder(extension, ArrayStatements.find(extension, name), mapper);
  }

  /**
   * Returns a builder for a {@code BatchedFunction} that calls a function with custom SQL.
   *
   * @param extension the description of the extension, with its functions
   * @param function the function, which accepts arrays and returns an array
   * @param mapper the mapper that binds the arguments and reads the answers
   * @throws IllegalStateException if {@code pg-extension-binding} has another version
   */
  public static <Q, A> ClientBuilder<BatchedFunction<Q, A>> builder(
      ExtensionDescription extension, ServerFunction function, BatchMapper<Q, A> mapper) {
    ArtifactVersions.requireSame(BatchedFunction.class, ExtensionDescription.class);
    Objects.requireNonNull(extension, "extension");
    Objects.requireNonNull(function, "function");
    Objects.requireNonNull(mapper, "mapper");
    return clientBuilder(
        "pg-extension",
        new ServerFunctions(extension, List.of(function)),
        executor -> new ArrayStatements<>(mapper, function, null, null, executor),
        batched -> batched);
  }

  /**
   * Returns a builder for a client that makes its calls with a {@code BatchedFunction}.
   *
   * @param functions the functions that the client calls
   */
  static <Q, A, C> ClientBuilder<C> clientBuilder(
      String name,
      ServerFunctions functions,
      Function<StatementExecutor, ArrayStatements<Q, A>> statements,
      Function<BatchedFunction<Q, A>, C> client) {
    return new ClientBuilder<>(
        name,
        (settings, connections) -> {
          var executor =
              new StatementExecutor(connections.source(), settings.statements(), functions);
          var batched =
              new BatchedFunction<>(statements.apply(executor), settings, connections.closePool());
          try {
            return client.apply(batched);
          } catch (RuntimeException | Error e) {
            batched.close();
            throw e;
          }
        });
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
   * remaining calls with {@link Code#CLOSED}. Closes the pool of {@link ClientBuilder#url}. An
   * interrupt ends the wait. Further calls to this method have no effect.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      context.dispatcher().close();
      closePool.run();
    }
  }
}
