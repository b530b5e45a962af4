// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import com.zaxxer.hikari.HikariConfig;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.ServerFunctions;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.jdbc.ArrayStatements;
import io.pghello.extension.batching.internal.jdbc.ClientOptions;
import io.pghello.extension.batching.internal.jdbc.StatementExecutor;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Builds a {@link BatchedFunction}. Set exactly one source of connections with {@link #dataSource},
 * {@link #connections} or {@link #url}; all other options have defaults.
 *
 * <pre>{@code
 * var distance =
 *     BatchedFunction.builder(EXTENSION, "acme_distance_all", new Distances())
 *         .dataSource(dataSource)
 *         .callTimeout(Duration.ofSeconds(2))
 *         .build();
 * }</pre>
 *
 * <p>All methods except {@link #build} return this builder, and throw {@link
 * IllegalArgumentException} if a value is out of range. Not thread-safe.
 *
 * <ul>
 *   <li><b>Timeouts:</b> A call may fail up to a tenth of a second after its {@link #callTimeout}.
 *       If the server does not respond to a batch, a call in the batch may fail early, by up to a
 *       tenth of the timeout.
 *   <li><b>Retries:</b> A call in its own statement is retried until it succeeds or times out, or
 *       until five connections have been lost after the statement was sent on them. A batch is
 *       retried once, and then sent again in halves; a part that contains only one call is not
 *       repeated if another call of the batch has succeeded. From the second retry on, the client
 *       pauses for 1 to 20 milliseconds before each retry.
 *   <li><b>Executor:</b> The {@link #asyncExecutor} is called on the thread that makes the call, so
 *       that it can copy the tenant, the security context or the logging context of that thread. It
 *       cannot copy a transaction: if {@link ConnectionSource#mayJoinBatch} returns false, the
 *       calling thread runs the call itself. Calls above {@link #maxConcurrentAsyncCalls} wait on
 *       threads of the executor, so limit its threads or use virtual threads. If the executor runs
 *       a call on the calling thread, the call does not wait or count.
 * </ul>
 *
 * @param <Q> the arguments of a call
 * @param <A> the answer to a call
 */
public final class BatchedFunctionBuilder<Q, A> {
  private final ExtensionDescription extension;
  private final ServerFunction function;
  private final BatchMapper<Q, A> mapper;
  private final ClientOptions options = new ClientOptions("pg-extension");
  private final Set<ServerFunction> functions = new LinkedHashSet<>();
  private @Nullable SingleMapper<Q, A> single;
  private @Nullable ArgumentChecks<Q> checks;

  BatchedFunctionBuilder(
      ExtensionDescription extension, ServerFunction function, BatchMapper<Q, A> mapper) {
    this.extension = Objects.requireNonNull(extension, "extension");
    this.function = Objects.requireNonNull(function, "function");
    this.mapper = Objects.requireNonNull(mapper, "mapper");
    functions.add(function);
  }

  /**
   * Sets the name of a client that is built on this function, for the pool of {@link #url}, the
   * {@link #applicationName} and the threads. Default: pg-extension.
   */
  public BatchedFunctionBuilder<Q, A> clientName(String name) {
    options.clientName(name);
    return this;
  }

  /**
   * Adds functions of the extension that the client calls in addition to the batched function: the
   * functions of {@link #single}, and of {@link FunctionOperations#run}.
   */
  public BatchedFunctionBuilder<Q, A> functions(Collection<? extends ServerFunction> functions) {
    this.functions.addAll(functions);
    return this;
  }

  /** Sets a mapper for requests that are sent in their own statement. */
  public BatchedFunctionBuilder<Q, A> single(SingleMapper<Q, A> single) {
    this.single = Objects.requireNonNull(single, "single");
    return this;
  }

  /**
   * Sets checks of the arguments. With checks, errors never contain an argument, and the error of a
   * call with many requests contains the index of the failed request. Default: no checks.
   */
  public BatchedFunctionBuilder<Q, A> checks(ArgumentChecks<Q> checks) {
    this.checks = Objects.requireNonNull(checks, "checks");
    return this;
  }

  /**
   * Sets the data source that provides connections. The {@code BatchedFunction} does not close it.
   */
  public BatchedFunctionBuilder<Q, A> dataSource(DataSource dataSource) {
    options.dataSource(dataSource);
    return this;
  }

  /**
   * Sets the source of connections, which must be thread-safe. Unlike a data source, a {@link
   * ConnectionSource} can report that a connection belongs to the calling thread. The {@code
   * BatchedFunction} does not close it.
   */
  public BatchedFunctionBuilder<Q, A> connections(ConnectionSource connections) {
    options.connections(connections);
    return this;
  }

  /**
   * Uses a separate pool (HikariCP), which is closed with the {@code BatchedFunction}. It has at
   * most 20 connections, closes them after 30 seconds idle or 30 minutes in total, and lets a call
   * wait up to 2 seconds for one; change these values with {@link #pool}. If the login is rejected,
   * the call fails immediately, and is not retried.
   *
   * @param url the JDBC URL, for example {@code jdbc:postgresql://localhost/app}, with any driver
   *     parameters
   * @throws IllegalArgumentException if {@code url} is not a PostgreSQL URL, or contains a user
   *     before the host; the message does not contain the URL
   */
  public BatchedFunctionBuilder<Q, A> url(String url) {
    options.url(url);
    return this;
  }

  /** Sets the user for {@link #url}. Default: the user in the URL, or the driver's default user. */
  public BatchedFunctionBuilder<Q, A> user(String user) {
    options.user(user);
    return this;
  }

  /**
   * Sets the password for {@link #url}. Default: the password in the URL, or the driver's default
   * password.
   */
  public BatchedFunctionBuilder<Q, A> password(String password) {
    options.password(password);
    return this;
  }

  /**
   * Sets the {@code application_name} of the sessions in the pool of {@link #url}. Default:
   * pg-extension.
   */
  public BatchedFunctionBuilder<Q, A> applicationName(String applicationName) {
    options.applicationName(applicationName);
    return this;
  }

  /**
   * Sets the server's {@code statement_timeout} for the sessions in the pool of {@link #url}, which
   * also limits calls with a longer timeout. Default: 5 seconds, or {@link #callTimeout} if that is
   * longer. The timeout is not set behind a pooler that shares sessions, or if {@link #pool}
   * configures another driver or data source.
   *
   * @param timeout the timeout in whole milliseconds; zero keeps the server's setting
   */
  public BatchedFunctionBuilder<Q, A> statementTimeout(Duration timeout) {
    options.statementTimeout(timeout);
    return this;
  }

  /** Configures the pool of {@link #url} with any option of HikariCP, before the pool starts. */
  public BatchedFunctionBuilder<Q, A> pool(Consumer<HikariConfig> pool) {
    options.pool(pool);
    return this;
  }

  /**
   * Sets the schema of the extension, without quotes. By default, the client looks up the schema
   * with one round trip before the first call.
   */
  public BatchedFunctionBuilder<Q, A> schema(String schema) {
    options.schema(schema);
    return this;
  }

  /**
   * Sets the timeout of a call, including the time in the queue, borrowing a connection, the round
   * trip, and retries after lost connections. Default: 5 seconds. When the timeout expires, the
   * connection is aborted.
   *
   * @param timeout the timeout, at least one millisecond and less than 20 days
   */
  public BatchedFunctionBuilder<Q, A> callTimeout(Duration timeout) {
    options.callTimeout(timeout);
    return this;
  }

  /**
   * Sets whether calls are retried on another connection if their connection is lost. Default:
   * true.
   */
  public BatchedFunctionBuilder<Q, A> retryOnConnectionLoss(boolean retryOnConnectionLoss) {
    options.retryOnConnectionLoss(retryOnConnectionLoss);
    return this;
  }

  /**
   * Sets whether calls that arrive while other calls are running are combined into one statement,
   * which runs on a connection borrowed by any of their threads. Default: true. If the calling
   * thread determines the database or the transaction, pass false: calls then run on the calling
   * thread, also {@link BatchedFunction#callAsync} unless there is an {@link #asyncExecutor}.
   */
  public BatchedFunctionBuilder<Q, A> batching(boolean batching) {
    options.batching(batching);
    return this;
  }

  /**
   * Sets the executor for asynchronous calls that are not batched, and for dependent stages of
   * their futures. Default: threads of the client, or the calling thread if {@link #batching} is
   * disabled. If batching is enabled, the executor runs only calls with arguments of 16 KiB or
   * more, calls with a timeout longer than {@link #callTimeout}, and {@link
   * BatchedFunction#callAllAsync}.
   *
   * @param executor the executor, which the client does not shut down; a call that it rejects fails
   *     with {@link Code#OVERLOADED}
   */
  public BatchedFunctionBuilder<Q, A> asyncExecutor(Executor executor) {
    options.asyncExecutor(executor);
    return this;
  }

  /**
   * Sets the maximum number of asynchronous calls that run at a time without being batched, each
   * with its own thread and connection. Default: 20. Further calls are queued, up to {@link
   * #maxQueuedCalls} and {@link #maxQueuedBytes}.
   */
  public BatchedFunctionBuilder<Q, A> maxConcurrentAsyncCalls(int calls) {
    options.maxConcurrentAsyncCalls(calls);
    return this;
  }

  /** Sets the maximum number of calls in a statement, at least 1. Default: 1,024. */
  public BatchedFunctionBuilder<Q, A> maxBatchSize(int size) {
    options.maxBatchSize(size);
    return this;
  }

  /**
   * Sets the maximum size, in bytes, of the arguments in a statement. The last call that is added
   * to a statement may push the total above this limit. Default: 1 MiB.
   */
  public BatchedFunctionBuilder<Q, A> maxBatchBytes(int bytes) {
    options.maxBatchBytes(bytes);
    return this;
  }

  /**
   * Sets the maximum number of statements with batched calls that run at a time, each on its own
   * connection. Default: 2; values above 1,024 are treated as 1,024. If all of them belong to
   * virtual threads, which might not get a carrier thread to finish, one more may run.
   */
  public BatchedFunctionBuilder<Q, A> maxInFlightBatches(int batches) {
    options.maxInFlightBatches(batches);
    return this;
  }

  /** Sets the maximum number of waiting calls, at least 1. Default: 65,536. */
  public BatchedFunctionBuilder<Q, A> maxQueuedCalls(int calls) {
    options.maxQueuedCalls(calls);
    return this;
  }

  /** Sets the maximum size, in bytes, of the arguments of all waiting calls. Default: 64 MiB. */
  public BatchedFunctionBuilder<Q, A> maxQueuedBytes(int bytes) {
    options.maxQueuedBytes(bytes);
    return this;
  }

  /**
   * Sets whether a call waits for space when the queue is full, even in {@link
   * BatchedFunction#callAsync}. If true, the call fails if there is still no space when {@link
   * #callTimeout} expires. If false (the default), the call fails immediately with {@link
   * Code#OVERLOADED}.
   */
  public BatchedFunctionBuilder<Q, A> blockWhenFull(boolean wait) {
    options.blockWhenFull(wait);
    return this;
  }

  /**
   * Adds a listener. Listeners are called in the order of their addition, and in reverse order when
   * a statement ends.
   */
  public BatchedFunctionBuilder<Q, A> listener(CallListener listener) {
    options.listener(listener);
    return this;
  }

  /**
   * Creates the {@code BatchedFunction} without waiting for a connection.
   *
   * @throws IllegalStateException if there is not exactly one source of connections, or if an
   *     option was set that requires {@link #url}
   */
  public BatchedFunction<Q, A> build() {
    Settings settings = options.settings();
    ClientOptions.Connections connections = options.open();
    var called = new ServerFunctions(extension, List.copyOf(functions), checks);
    var executor = new StatementExecutor(connections.source(), settings.statements(), called);
    return new BatchedFunction<>(
        new ArrayStatements<>(mapper, function, single, checks, executor),
        settings,
        connections.closePool());
  }
}
