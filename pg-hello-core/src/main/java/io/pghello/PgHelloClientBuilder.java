// SPDX-License-Identifier: MIT
package io.pghello;

import com.zaxxer.hikari.HikariConfig;
import io.pghello.extension.batching.BatchedFunction;
import io.pghello.extension.batching.BatchedFunctionBuilder;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.internal.Function;
import io.pghello.internal.HelloErrors;
import io.pghello.internal.HelloMapper;
import io.pghello.internal.HelloRequest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import javax.sql.DataSource;

/**
 * Builds a {@link PgHelloClient}. Set exactly one source of connections with {@link #dataSource},
 * {@link #connections} or {@link #url}; all other options have defaults.
 *
 * <pre>{@code
 * PgHelloClient client =
 *     PgHelloClient.builder()
 *         .dataSource(dataSource)
 *         .callTimeout(Duration.ofSeconds(2))
 *         .build();
 * }</pre>
 *
 * <p>All methods except {@link #build} return this builder, and throw {@link
 * IllegalArgumentException} for invalid values. Not thread-safe.
 *
 * <ul>
 *   <li><b>Timeouts:</b> A call may fail up to a tenth of a second after its {@link #callTimeout}.
 *       If the server does not respond to a batch, a call in the batch may fail early, by up to a
 *       tenth of the timeout. Over TLS, a caller can be blocked for longer while it sends a name
 *       that the server does not read.
 *   <li><b>Retries:</b> A call or batch is retried until it succeeds or times out, or until five
 *       connections have been lost after the statement was sent on them. After a server restart, a
 *       pool can return all of its dead connections one after the other. From the second retry on,
 *       the client pauses for 1 to 20 milliseconds before each retry.
 *   <li><b>Executor:</b> The {@link #asyncExecutor} is called on the thread that makes the call, so
 *       that it can copy the tenant, the security context or the logging context of that thread. It
 *       cannot copy a transaction: if {@link ConnectionSource#mayJoinBatch} returns false, the
 *       calling thread runs the call itself. Calls above {@link #maxConcurrentAsyncCalls} wait on
 *       threads of the executor, so limit its threads or use virtual threads. If the executor runs
 *       a call on the calling thread, the call does not wait or count.
 * </ul>
 */
public final class PgHelloClientBuilder {
  private final BatchedFunctionBuilder<HelloRequest, String> options =
      BatchedFunction.builder(Function.EXTENSION, Function.HELLO_ALL, HelloMapper.INSTANCE)
          .clientName("pg-hello")
          .functions(List.of(Function.values()))
          .single(HelloMapper.INSTANCE)
          .checks(HelloErrors.CHECKS);
  private int repeat = HelloRequest.SESSION_DEFAULT;

  PgHelloClientBuilder() {}

  /** Sets the data source that provides connections. The client does not close it. */
  public PgHelloClientBuilder dataSource(DataSource dataSource) {
    options.dataSource(dataSource);
    return this;
  }

  /**
   * Sets the source of connections, which must be thread-safe. Unlike a data source, a {@link
   * ConnectionSource} can report that a connection belongs to the calling thread. The client does
   * not close it.
   */
  public PgHelloClientBuilder connections(ConnectionSource connections) {
    options.connections(connections);
    return this;
  }

  /**
   * Uses the client's own pool (HikariCP), which is closed with the client. It has at most 20
   * connections, closes them after 30 seconds idle or 30 minutes in total, and lets a call wait up
   * to 2 seconds for one; change these values with {@link #pool}. If the login is rejected, the
   * call fails immediately, and is not retried.
   *
   * @param url the JDBC URL, for example {@code jdbc:postgresql://localhost/app}, with any driver
   *     parameters
   * @throws IllegalArgumentException if {@code url} is not a PostgreSQL URL, or contains a user
   *     before the host; the message does not contain the URL
   */
  public PgHelloClientBuilder url(String url) {
    options.url(url);
    return this;
  }

  /** Sets the user for {@link #url}. Default: the user in the URL, or the driver's default user. */
  public PgHelloClientBuilder user(String user) {
    options.user(user);
    return this;
  }

  /**
   * Sets the password for {@link #url}. Default: the password in the URL, or the driver's default
   * password.
   */
  public PgHelloClientBuilder password(String password) {
    options.password(password);
    return this;
  }

  /**
   * Sets the {@code application_name} of the sessions in the pool of {@link #url}. Default: {@code
   * pg-hello}.
   */
  public PgHelloClientBuilder applicationName(String applicationName) {
    options.applicationName(applicationName);
    return this;
  }

  /**
   * Sets the server's {@code statement_timeout} for the sessions in the pool of {@link #url}, which
   * also limits calls with a longer {@link PgHelloOperations#withTimeout}. Default: 5 seconds, or
   * {@link #callTimeout} if that is longer. The timeout is not set behind a pooler that passes the
   * session on to other clients, or if {@link #pool} configures another driver or data source.
   *
   * @param timeout the timeout in whole milliseconds; zero keeps the server's setting
   */
  public PgHelloClientBuilder statementTimeout(Duration timeout) {
    options.statementTimeout(timeout);
    return this;
  }

  /** Configures the pool of {@link #url} with any option of HikariCP, before the pool starts. */
  public PgHelloClientBuilder pool(Consumer<HikariConfig> pool) {
    options.pool(pool);
    return this;
  }

  /**
   * Sets the extension's schema, without quotes. By default, the client looks up the schema with
   * one round trip before the first call.
   */
  public PgHelloClientBuilder schema(String schema) {
    options.schema(schema);
    return this;
  }

  /**
   * Sets the number of repetitions, 1 to 10, for calls that do not pass this number. By default,
   * the session's setting {@code pg_hello.repeat} applies.
   *
   * @throws FunctionCallException if {@code repeat} is out of range ({@link Code#INVALID_ARGUMENT})
   */
  public PgHelloClientBuilder defaultRepeat(int repeat) {
    this.repeat = HelloErrors.checkRepeat(repeat);
    return this;
  }

  /**
   * Sets the maximum duration of a call, including the time in the queue, borrowing a connection,
   * the round trip, and retries after lost connections. Default: 5 seconds. When the timeout
   * expires, the connection is aborted.
   *
   * @param timeout the timeout, at least one millisecond and less than 20 days
   */
  public PgHelloClientBuilder callTimeout(Duration timeout) {
    options.callTimeout(timeout);
    return this;
  }

  /**
   * Sets whether calls are retried on another connection if their connection is lost. Default:
   * true. Retries are safe, because the functions have no side effects.
   */
  public PgHelloClientBuilder retryOnConnectionLoss(boolean retryOnConnectionLoss) {
    options.retryOnConnectionLoss(retryOnConnectionLoss);
    return this;
  }

  /**
   * Sets whether calls that arrive while other calls are running are combined into one statement,
   * which runs on a connection borrowed by any of their threads. Default: true. If the calling
   * thread determines the database or the transaction, pass false: calls then run on the calling
   * thread, also {@link PgHelloClient#helloAsync} and {@link PgHelloClient#helloAllAsync} unless
   * there is an {@link #asyncExecutor}.
   */
  public PgHelloClientBuilder batching(boolean batching) {
    options.batching(batching);
    return this;
  }

  /**
   * Sets the executor for asynchronous calls that are not batched, and for dependent stages of
   * their futures. Default: threads of the client, or the calling thread if {@link #batching} is
   * disabled. If batching is enabled, the executor runs only calls with long names (16 KiB or
   * more), calls with a timeout longer than {@link #callTimeout}, and {@link
   * PgHelloClient#helloAllAsync}.
   *
   * @param executor the executor, which the client does not shut down; a call that it rejects fails
   *     with {@link Code#OVERLOADED}
   */
  public PgHelloClientBuilder asyncExecutor(Executor executor) {
    options.asyncExecutor(executor);
    return this;
  }

  /**
   * Sets the maximum number of asynchronous calls that run at a time without being batched, each
   * with its own thread and connection. Default: 20. Further calls are queued, up to {@link
   * #maxQueuedCalls} and {@link #maxQueuedBytes}.
   */
  public PgHelloClientBuilder maxConcurrentAsyncCalls(int calls) {
    options.maxConcurrentAsyncCalls(calls);
    return this;
  }

  /** Sets the maximum number of names in a statement, at least 1. Default: 1,024. */
  public PgHelloClientBuilder maxBatchSize(int size) {
    options.maxBatchSize(size);
    return this;
  }

  /**
   * Sets the maximum size, in bytes, of the names in a statement. The last name that is added to a
   * statement may push the total above this limit. Default: 1 MiB.
   */
  public PgHelloClientBuilder maxBatchBytes(int bytes) {
    options.maxBatchBytes(bytes);
    return this;
  }

  /**
   * Sets the maximum number of statements with batched calls that run at a time, each on its own
   * connection. Default: 2; values above 1,024 are treated as 1,024. If all of them belong to
   * virtual threads, which might not get a carrier thread to finish, one more may run for calls
   * from other threads.
   */
  public PgHelloClientBuilder maxInFlightBatches(int batches) {
    options.maxInFlightBatches(batches);
    return this;
  }

  /** Sets the maximum number of waiting calls, at least 1. Default: 65,536. */
  public PgHelloClientBuilder maxQueuedCalls(int calls) {
    options.maxQueuedCalls(calls);
    return this;
  }

  /**
   * Sets the maximum size, in bytes, of the names of all waiting calls, at least 1. Default: 64
   * MiB.
   */
  public PgHelloClientBuilder maxQueuedBytes(int bytes) {
    options.maxQueuedBytes(bytes);
    return this;
  }

  /**
   * Sets whether a call waits for space when the queue is full, even in {@link
   * PgHelloClient#helloAsync}. If true, the call fails if there is still no space when {@link
   * #callTimeout} expires. If false (the default), the call fails immediately with {@link
   * Code#OVERLOADED}.
   */
  public PgHelloClientBuilder blockWhenFull(boolean wait) {
    options.blockWhenFull(wait);
    return this;
  }

  /**
   * Adds a listener. Listeners are called in the order of their addition, and in reverse order when
   * a statement ends.
   */
  public PgHelloClientBuilder listener(CallListener listener) {
    options.listener(listener);
    return this;
  }

  /**
   * Creates the client, without waiting for a connection.
   *
   * @throws IllegalStateException if there is not exactly one source of connections, or if an
   *     option was set that requires {@link #url}
   */
  public PgHelloClient build() {
    return new PgHelloClient(options.build(), repeat);
  }
}
