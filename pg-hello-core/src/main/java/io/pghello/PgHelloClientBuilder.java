// SPDX-License-Identifier: MIT
package io.pghello;

import com.zaxxer.hikari.HikariConfig;
import io.pghello.PgHelloException.Code;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.jdbc.ClientOptions;
import io.pghello.extension.batching.internal.jdbc.StatementExecutor;
import io.pghello.internal.HelloDispatcher;
import io.pghello.internal.HelloErrors;
import io.pghello.internal.HelloRequest;
import io.pghello.internal.HelloStatements;
import io.pghello.internal.ListenerAdapter;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import javax.sql.DataSource;

/**
 * Builds a {@link PgHelloClient}. Say where connections come from: {@link #dataSource}, {@link
 * #connections} or {@link #url}. Everything else has a default.
 *
 * <p>The methods return this builder, and throw {@link IllegalArgumentException} for a value that
 * cannot be. Not thread-safe.
 */
public final class PgHelloClientBuilder {
  private final ClientOptions options = new ClientOptions("pg-hello");
  private int repeat = HelloRequest.AS_SET;

  PgHelloClientBuilder() {}

  /** Takes connections from a data source, which stays the caller's to close. */
  public PgHelloClientBuilder dataSource(DataSource dataSource) {
    options.dataSource(dataSource);
    return this;
  }

  /**
   * Takes connections from a source that can say more than a data source can: which of them belong
   * to the calling thread. It stays the caller's, and is asked by many threads at a time.
   */
  public PgHelloClientBuilder connections(ConnectionSource connections) {
    options.connections(connections);
    return this;
  }

  /**
   * Takes connections from a pool of the client's own (HikariCP), which is closed with it: at most
   * 20 connections, closed when idle for 30 seconds or 30 minutes old, 2 seconds to get one. {@link
   * #pool} changes that. A log-in that is refused fails the call at once, and is not repeated.
   *
   * @param url as in {@code jdbc:postgresql://localhost/app}, with the parameters of the driver
   * @throws IllegalArgumentException if it is no URL of PostgreSQL, or has a log-in before the
   *     host; the message does not repeat it
   */
  public PgHelloClientBuilder url(String url) {
    options.url(url);
    return this;
  }

  /** The user to log in as with {@link #url}; what the URL or the driver says by default. */
  public PgHelloClientBuilder user(String user) {
    options.user(user);
    return this;
  }

  /** The password to log in with at {@link #url}; what the URL or the driver says by default. */
  public PgHelloClientBuilder password(String password) {
    options.password(password);
    return this;
  }

  /**
   * Sets the {@code application_name} of the sessions of {@link #url}; {@code pg-hello} by default.
   */
  public PgHelloClientBuilder applicationName(String applicationName) {
    options.applicationName(applicationName);
    return this;
  }

  /**
   * The time after which the server ends a statement of {@link #url}'s sessions; by default 5
   * seconds, or {@link #callTimeout} if that is longer. Calls that have a longer one by {@link
   * PgHelloOperations#withTimeout} end with this. Set by a statement when a session begins, since
   * poolers refuse it as a start-up parameter. Not set where a pooler is between, which hands the
   * session on to its other clients, nor where {@link #pool} has another driver or data source make
   * the connections.
   *
   * @param timeout whole milliseconds; zero leaves it to the server
   */
  public PgHelloClientBuilder statementTimeout(Duration timeout) {
    options.statementTimeout(timeout);
    return this;
  }

  /** Changes the pool of {@link #url} in any way that HikariCP offers, before it is started. */
  public PgHelloClientBuilder pool(Consumer<HikariConfig> pool) {
    options.pool(pool);
    return this;
  }

  /**
   * The schema that the extension is in, without quotes. By default the client asks the server,
   * with one round trip before its first call.
   */
  public PgHelloClientBuilder schema(String schema) {
    options.schema(schema);
    return this;
  }

  /**
   * Sets the number of times that a greeting is repeated where no count is given, 1 to 10. By
   * default, the session's setting {@code pg_hello.repeat} decides.
   *
   * @throws PgHelloException if the count is out of range ({@link Code#INVALID_REPEAT})
   */
  public PgHelloClientBuilder defaultRepeat(int repeat) {
    this.repeat = Operations.checkedRepeat(repeat);
    return this;
  }

  /**
   * Sets the longest time of a call, with waiting, getting a connection, the round trip, and
   * retries after lost connections; 5 seconds by default. A connection on which it runs out is
   * aborted, whatever the statement waits for; only over TLS, a name that the server does not read
   * can hold up its own caller longer. A call may fail a tenth of a second later and, in a batch
   * that the server does not answer, a tenth of the time-out earlier.
   *
   * @param timeout a millisecond or more, and less than 20 days
   */
  public PgHelloClientBuilder callTimeout(Duration timeout) {
    options.callTimeout(timeout);
    return this;
  }

  /**
   * Repeats a call on another connection when its own is lost, which changes nothing but time; true
   * by default. It goes on until one lives or the call's time is over: when a server has restarted,
   * a pool can hand out all of its dead connections, one after the other. From the second
   * repetition on, a pause of a millisecond comes before, which grows to 20.
   */
  public PgHelloClientBuilder retryLostCalls(boolean retryLostCalls) {
    options.retryLostCalls(retryLostCalls);
    return this;
  }

  /**
   * Lets calls that would have to wait share one statement, on a connection that any of their
   * threads got; true by default. Say false where the calling thread decides on the database or on
   * the transaction. A call then takes a connection, uses it and gives it back on the thread that
   * makes it. So do {@link PgHelloClient#helloAsync} and {@link PgHelloClient#helloAllAsync}, which
   * return when they have the answer, in a future that is complete, unless there is an {@link
   * #asyncExecutor}.
   */
  public PgHelloClientBuilder coalescing(boolean coalescing) {
    options.coalescing(coalescing);
    return this;
  }

  /**
   * Makes the calls of futures that share no statement on the threads of an executor: all of them
   * without {@link #coalescing}, else those of long names (16 KiB or more) and of {@link
   * PgHelloClient#helloAllAsync}, which have threads of the client's by default. What depends on
   * such a future also runs there.
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
  public PgHelloClientBuilder asyncExecutor(Executor executor) {
    options.asyncExecutor(executor);
    return this;
  }

  /**
   * Sets the most calls of futures that share no statement and are in flight at a time, each on a
   * thread and a connection of its own; 20 by default. Others wait, as {@link #maxQueuedCalls} and
   * {@link #maxQueuedBytes} allow.
   */
  public PgHelloClientBuilder maxInFlightCalls(int calls) {
    options.maxInFlightCalls(calls);
    return this;
  }

  /** Sets the most names that a statement carries, 1 or more; 1,024 by default. */
  public PgHelloClientBuilder maxBatchSize(int size) {
    options.maxBatchSize(size);
    return this;
  }

  /**
   * Sets the most bytes of names that a statement carries, to which at most one name is added; 1
   * MiB by default.
   */
  public PgHelloClientBuilder maxBatchBytes(int bytes) {
    options.maxBatchBytes(bytes);
    return this;
  }

  /**
   * Sets the most statements of coalesced calls that are under way at a time, each on a connection
   * of its own; 2 by default, and at most 1,024. A few callers each go alone, up to that number.
   * Batches of many leave some time apart, so that they are large where the server is near, and
   * need not wait for each other where it is far. While virtual threads alone have statements under
   * way, and may get no carrier to end them, there may be one more for the calls of others.
   */
  public PgHelloClientBuilder maxInFlightBatches(int batches) {
    options.maxInFlightBatches(batches);
    return this;
  }

  /** Sets the most calls that may wait at a time, 1 or more; 65,536 by default. */
  public PgHelloClientBuilder maxQueuedCalls(int calls) {
    options.maxQueuedCalls(calls);
    return this;
  }

  /** Sets the most bytes of names that may wait at a time, 1 or more; 64 MiB by default. */
  public PgHelloClientBuilder maxQueuedBytes(int bytes) {
    options.maxQueuedBytes(bytes);
    return this;
  }

  /**
   * Sets the treatment of a call that would be one more than may wait. False, the default, fails it
   * with {@link Code#OVERLOADED}. True lets the calling thread wait for room, that of {@link
   * PgHelloClient#helloAsync} too, and fails the call only at the end of {@link #callTimeout}.
   */
  public PgHelloClientBuilder blockWhenFull(boolean wait) {
    options.blockWhenFull(wait);
    return this;
  }

  /**
   * Adds a listener that is told what the client does, after those added before; that a statement
   * has ended, before them. Default: none.
   */
  public PgHelloClientBuilder listener(PgHelloListener listener) {
    options.listener(new ListenerAdapter(Objects.requireNonNull(listener, "listener")));
    return this;
  }

  /**
   * Creates the client. No connection is waited for.
   *
   * @throws IllegalStateException if there is not exactly one place where connections come from, or
   *     if an option was set that only the pool of {@link #url} has
   */
  public PgHelloClient build() {
    Settings settings = options.settings();
    ClientOptions.Connections connections = options.open();
    var statements =
        new HelloStatements(
            new StatementExecutor(
                connections.source(), settings.statements(), HelloErrors.FUNCTIONS));
    var dispatcher = new HelloDispatcher(statements, settings);
    return new PgHelloClient(
        new Operations.Context(settings, statements, dispatcher, repeat, options.callTimeout()),
        connections.closePool());
  }
}
