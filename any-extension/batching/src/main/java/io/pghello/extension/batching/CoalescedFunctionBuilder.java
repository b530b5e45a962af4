// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import com.zaxxer.hikari.HikariConfig;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.ServerFunction;
import io.pghello.extension.batching.internal.ServerFunctions;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.jdbc.ArrayStatements;
import io.pghello.extension.batching.internal.jdbc.ClientOptions;
import io.pghello.extension.batching.internal.jdbc.StatementExecutor;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import javax.sql.DataSource;

/**
 * Builds a {@link CoalescedFunction}. Set the source of connections: {@link #dataSource}, {@link
 * #connections} or {@link #url}. Everything else has a default.
 *
 * <p>The methods return this builder. They throw {@link IllegalArgumentException} if a value is out
 * of range. Not thread-safe.
 *
 * @param <Q> the arguments of a call
 * @param <A> its answer
 */
public final class CoalescedFunctionBuilder<Q, A> {
  private final ExtensionDescription extension;
  private final ServerFunction function;
  private final BatchMapper<Q, A> mapper;
  private final ClientOptions options = new ClientOptions("pg-extension");

  CoalescedFunctionBuilder(ExtensionDescription extension, String name, BatchMapper<Q, A> mapper) {
    this.extension = extension;
    this.function = ArrayStatements.find(extension, name);
    this.mapper = Objects.requireNonNull(mapper, "mapper");
  }

  /** Takes connections from a data source. The caller closes it. */
  public CoalescedFunctionBuilder<Q, A> dataSource(DataSource dataSource) {
    options.dataSource(dataSource);
    return this;
  }

  /**
   * Takes connections from a source that can also mark connections which belong to the calling
   * thread. Many threads use the source at a time.
   */
  public CoalescedFunctionBuilder<Q, A> connections(ConnectionSource connections) {
    options.connections(connections);
    return this;
  }

  /**
   * Takes connections from a pool (HikariCP) that is closed with the function. It has at most 20
   * connections, closes them after 30 idle seconds or 30 minutes, and waits 2 seconds for one.
   * {@link #pool} changes that. If the login is refused, the call fails immediately and is not
   * repeated.
   *
   * @param url for example {@code jdbc:postgresql://localhost/app}, with parameters of the driver
   * @throws IllegalArgumentException if it is not a URL of PostgreSQL, or has a login before the
   *     host; the message does not repeat the URL
   */
  public CoalescedFunctionBuilder<Q, A> url(String url) {
    options.url(url);
    return this;
  }

  /** Sets the user for {@link #url}. Default: the user in the URL, or the driver's default. */
  public CoalescedFunctionBuilder<Q, A> user(String user) {
    options.user(user);
    return this;
  }

  /** Sets the password for {@link #url}. Default: the password in the URL, or the driver's. */
  public CoalescedFunctionBuilder<Q, A> password(String password) {
    options.password(password);
    return this;
  }

  /** Sets the {@code application_name} of sessions of {@link #url}. Default: pg-extension. */
  public CoalescedFunctionBuilder<Q, A> applicationName(String applicationName) {
    options.applicationName(applicationName);
    return this;
  }

  /**
   * Sets the time after which the server cancels a statement of {@link #url}'s sessions. Default: 5
   * seconds, or {@link #callTimeout} if that is longer. It also limits calls with a longer timeout.
   * It is set when a session begins. It has no effect behind a pooler that shares sessions, or if
   * {@link #pool} sets another driver or data source.
   *
   * @param timeout whole milliseconds; zero keeps the server's setting
   */
  public CoalescedFunctionBuilder<Q, A> statementTimeout(Duration timeout) {
    options.statementTimeout(timeout);
    return this;
  }

  /** Changes the pool of {@link #url} before it is started. */
  public CoalescedFunctionBuilder<Q, A> pool(Consumer<HikariConfig> pool) {
    options.pool(pool);
    return this;
  }

  /**
   * Sets the schema of the extension, without quotes. By default it is found with one round trip
   * before the first call.
   */
  public CoalescedFunctionBuilder<Q, A> schema(String schema) {
    options.schema(schema);
    return this;
  }

  /**
   * Sets the timeout of a call. Default: 5 seconds. It covers the time in the queue, getting a
   * connection, the round trip, and retries after lost connections. When it expires, the connection
   * is aborted. A call can fail a tenth of a second later and, in a batch that the server does not
   * answer, a tenth of the timeout earlier.
   *
   * @param timeout a millisecond or more, and less than 20 days
   */
  public CoalescedFunctionBuilder<Q, A> callTimeout(Duration timeout) {
    options.callTimeout(timeout);
    return this;
  }

  /**
   * Sets whether a call is retried on another connection if its own is lost. Default: true. Retries
   * continue until one succeeds or the call times out, with pauses of 1 to 20 milliseconds from the
   * second one on.
   */
  public CoalescedFunctionBuilder<Q, A> retryLostCalls(boolean retryLostCalls) {
    options.retryLostCalls(retryLostCalls);
    return this;
  }

  /**
   * Sets whether calls that would have to wait share one statement, on a connection of any of their
   * threads. Default: true. Set it to false if the calling thread determines the database or the
   * transaction. Each call then runs on its own thread, also {@link CoalescedFunction#callAsync},
   * which blocks and returns a complete future, unless there is an {@link #asyncExecutor}.
   */
  public CoalescedFunctionBuilder<Q, A> coalescing(boolean coalescing) {
    options.coalescing(coalescing);
    return this;
  }

  /**
   * Sets the executor of asynchronous calls that are not batched: all calls without {@link
   * #coalescing}, otherwise calls of 16 KiB or more and {@link CoalescedFunction#callAllAsync}. By
   * default they run on threads of the client. Dependents of such a future also run there.
   *
   * <p>The executor is always called on the thread that makes the call, so that it can copy the
   * tenant, the security context or the logging context of that thread. A transaction cannot be
   * copied: a thread that is in one ({@link ConnectionSource#mayJoinBatch}) makes the call itself.
   *
   * <p>At most {@link #maxInFlightCalls} calls run at a time. The others wait on threads of the
   * executor, so use one with a limited number of threads, or with virtual threads. If the executor
   * runs a call on the calling thread, the call does not wait and does not count.
   *
   * @param executor not shut down by the client; a call that it rejects fails with {@link
   *     Code#OVERLOADED}
   */
  public CoalescedFunctionBuilder<Q, A> asyncExecutor(Executor executor) {
    options.asyncExecutor(executor);
    return this;
  }

  /**
   * Sets the maximum number of calls of futures that share no statement and are in flight, each on
   * its own thread and connection. Default: 20. Others wait, within {@link #maxQueuedCalls} and
   * {@link #maxQueuedBytes}.
   */
  public CoalescedFunctionBuilder<Q, A> maxInFlightCalls(int calls) {
    options.maxInFlightCalls(calls);
    return this;
  }

  /** Sets the maximum number of calls in a statement, 1 or more. Default: 1,024. */
  public CoalescedFunctionBuilder<Q, A> maxBatchSize(int size) {
    options.maxBatchSize(size);
    return this;
  }

  /**
   * Sets the size of the arguments from which on a statement takes no further call. Default: 1 MiB.
   */
  public CoalescedFunctionBuilder<Q, A> maxBatchBytes(int bytes) {
    options.maxBatchBytes(bytes);
    return this;
  }

  /**
   * Sets the maximum number of statements of coalesced calls in flight, each on its own connection,
   * up to 1,024. Default: 2. While only virtual threads have statements in flight, there may be one
   * more, because they can lack a carrier thread.
   */
  public CoalescedFunctionBuilder<Q, A> maxInFlightBatches(int batches) {
    options.maxInFlightBatches(batches);
    return this;
  }

  /** Sets the maximum number of waiting calls, 1 or more. Default: 65,536. */
  public CoalescedFunctionBuilder<Q, A> maxQueuedCalls(int calls) {
    options.maxQueuedCalls(calls);
    return this;
  }

  /** Sets the maximum size of the arguments of all waiting calls, in bytes. Default: 64 MiB. */
  public CoalescedFunctionBuilder<Q, A> maxQueuedBytes(int bytes) {
    options.maxQueuedBytes(bytes);
    return this;
  }

  /**
   * Sets whether a call blocks if the queue is full. Default: false, which fails it with {@link
   * Code#OVERLOADED}. If true, {@link CoalescedFunction#callAsync} blocks as well, and the call
   * fails at the end of {@link #callTimeout}.
   */
  public CoalescedFunctionBuilder<Q, A> blockWhenFull(boolean wait) {
    options.blockWhenFull(wait);
    return this;
  }

  /**
   * Adds a listener. Listeners are called in the order in which they were added, and in reverse
   * order when a statement ends.
   */
  public CoalescedFunctionBuilder<Q, A> listener(CallListener listener) {
    options.listener(listener);
    return this;
  }

  /**
   * Creates the function. Does not wait for a connection.
   *
   * @throws IllegalStateException if there is not exactly one source of connections, or if an
   *     option was set that only the pool of {@link #url} has
   */
  public CoalescedFunction<Q, A> build() {
    Settings settings = options.settings();
    ClientOptions.Connections connections = options.open();
    var functions = new ServerFunctions(extension, List.of(function));
    var executor = new StatementExecutor(connections.source(), settings.statements(), functions);
    return new CoalescedFunction<>(
        new ArrayStatements<>(mapper, function, executor), settings, connections.closePool());
  }
}
