// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import com.zaxxer.hikari.HikariConfig;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.SafeListener;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.jdbc.ManagedPool;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Builds a {@link BatchedFunction}, or another client of an extension. Set exactly one source of
 * connections with {@link #dataSource}, {@link #connections} or {@link #url}; all other options
 * have defaults.
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
 * IllegalArgumentException} for invalid values. Not thread-safe.
 *
 * <ul>
 *   <li><b>Timeouts:</b> A call may fail up to a tenth of a second after its {@link #callTimeout}.
 *       If the server does not respond to a batch, a call in the batch may fail early, by up to a
 *       tenth of the timeout. Over TLS, a caller can be blocked for longer while it sends an
 *       argument that the server does not read.
 *   <li><b>Retries:</b> A call in its own statement is retried until it succeeds or times out, or
 *       until five connections have been lost after the statement was sent on them. The same
 *       applies to a batch if the client has {@link ClientDefinition#checks}. Without checks, a
 *       batch is retried once, and then sent again in halves; a part that contains only one call is
 *       not repeated if another call of the batch has succeeded. After a server restart, a pool can
 *       return all of its dead connections one after the other. From the second retry on, the
 *       client pauses for 1 to 20 milliseconds before each retry.
 *   <li><b>Executor:</b> The {@link #asyncExecutor} is called on the thread that makes the call, so
 *       that it can copy the tenant, the security context or the logging context of that thread. It
 *       cannot copy a transaction: if {@link ConnectionSource#mayJoinBatch} returns false, the
 *       calling thread runs the call itself. Calls above {@link #maxConcurrentAsyncCalls} wait on
 *       threads of the executor, so limit its threads or use virtual threads. If the executor runs
 *       a call on the calling thread, the call does not wait or count.
 * </ul>
 *
 * @param <C> the client
 */
public final class ClientBuilder<C> {
  private static final Duration STATEMENT_TIMEOUT = Duration.ofSeconds(5);

  private final String clientName;
  private final BiFunction<Settings, Connections, C> client;
  private @Nullable DataSource dataSource;
  private @Nullable ConnectionSource connections;
  private @Nullable String url;
  private final Set<String> ownPoolOptions = new LinkedHashSet<>();
  private @Nullable String user;
  private @Nullable String password;
  private @Nullable String applicationName;
  private @Nullable Duration statementTimeout;
  // a lambda here would need HikariCP, also for other sources of connections
  private @Nullable Consumer<HikariConfig> pool;
  private @Nullable String schema;
  private Duration callTimeout = Duration.ofSeconds(5);
  private boolean retryOnConnectionLoss = true;
  private boolean batching = true;
  private int maxBatchSize = 1024;
  private int maxBatchBytes = 1 << 20;
  // 0 is the default of the source of connections
  private int maxInFlightBatches;
  private int maxConcurrentAsyncCalls = 20;
  private @Nullable Executor asyncExecutor;
  private int maxQueuedCalls = 65_536;
  private int maxQueuedBytes = 64 << 20;
  private boolean blockWhenFull;
  private final List<CallListener> listeners = new ArrayList<>();

  ClientBuilder(String clientName, BiFunction<Settings, Connections, C> client) {
    this.clientName = Objects.requireNonNull(clientName, "clientName");
    this.client = client;
  }

  /** Sets the data source that provides connections. The client does not close it. */
  public ClientBuilder<C> dataSource(DataSource dataSource) {
    this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
    return this;
  }

  /**
   * Sets the source of connections, which must be thread-safe. Unlike a data source, a {@link
   * ConnectionSource} can report that a connection belongs to the calling thread. The client does
   * not close it.
   */
  public ClientBuilder<C> connections(ConnectionSource connections) {
    this.connections = Objects.requireNonNull(connections, "connections");
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
  public ClientBuilder<C> url(String url) {
    Objects.requireNonNull(url, "url");
    // the message omits the URL, because it may contain a password
    require(url.startsWith("jdbc:postgresql:"), "The URL does not begin with jdbc:postgresql:");
    require(
        !url.matches("jdbc:postgresql://[^/?]*@.*"),
        "The URL contains a login before the host; use user() and password() instead");
    require(
        ManagedPool.isReadable(url),
        "The driver cannot read the URL; check the port, and write % as %25, e.g."
            + " jdbc:postgresql://HOST:PORT/DATABASE?password=100%25");
    this.url = url;
    return this;
  }

  /** Sets the user for {@link #url}. Default: the user in the URL, or the driver's default user. */
  public ClientBuilder<C> user(String user) {
    ownPoolOptions.add("user");
    this.user = Objects.requireNonNull(user, "user");
    return this;
  }

  /**
   * Sets the password for {@link #url}. Default: the password in the URL, or the driver's default
   * password.
   */
  public ClientBuilder<C> password(String password) {
    ownPoolOptions.add("password");
    this.password = Objects.requireNonNull(password, "password");
    return this;
  }

  /**
   * Sets the {@code application_name} of the sessions in the pool of {@link #url}. Default: the
   * name of the client, which is {@code pg-extension} for a {@link BatchedFunction}.
   */
  public ClientBuilder<C> applicationName(String applicationName) {
    ownPoolOptions.add("applicationName");
    this.applicationName = Objects.requireNonNull(applicationName, "applicationName");
    return this;
  }

  /**
   * Sets the server's {@code statement_timeout} for the sessions in the pool of {@link #url}, which
   * also limits calls with a longer {@link FunctionOperations#withTimeout}. Default: 5 seconds, or
   * {@link #callTimeout} if that is longer. The timeout is not set behind a pooler that passes the
   * session on to other clients, or if {@link #pool} configures another driver or data source.
   *
   * @param timeout the timeout in whole milliseconds; zero keeps the server's setting
   */
  public ClientBuilder<C> statementTimeout(Duration timeout) {
    Objects.requireNonNull(timeout, "timeout");
    ownPoolOptions.add("statementTimeout");
    require(
        timeout.isZero()
            || (timeout.compareTo(Duration.ofMillis(1)) >= 0
                && timeout.compareTo(Duration.ofMillis(Integer.MAX_VALUE)) <= 0),
        "The statement timeout is " + timeout + "; it must be 0, or between 1 ms and 24 days");
    this.statementTimeout = timeout;
    return this;
  }

  /** Configures the pool of {@link #url} with any option of HikariCP, before the pool starts. */
  public ClientBuilder<C> pool(Consumer<HikariConfig> pool) {
    ownPoolOptions.add("pool");
    this.pool = Objects.requireNonNull(pool, "pool");
    return this;
  }

  /**
   * Sets the schema of the extension, without quotes. By default, the client looks up the schema
   * with one round trip before the first call.
   */
  public ClientBuilder<C> schema(String schema) {
    Objects.requireNonNull(schema, "schema");
    require(
        !schema.isEmpty() && schema.indexOf(0) < 0,
        "The name of the schema is empty or contains U+0000");
    this.schema = '"' + schema.replace("\"", "\"\"") + '"';
    return this;
  }

  /**
   * Sets the maximum duration of a call, including the time in the queue, borrowing a connection,
   * the round trip, and retries after lost connections. Default: 5 seconds. When the timeout
   * expires, the connection is aborted.
   *
   * @param timeout the timeout, at least one millisecond and less than 20 days
   */
  public ClientBuilder<C> callTimeout(Duration timeout) {
    this.callTimeout = Deadline.checkTimeout(timeout);
    return this;
  }

  /**
   * Sets whether calls are retried on another connection if their connection is lost. Default:
   * true. Retries are safe, because the functions must have no side effects.
   */
  public ClientBuilder<C> retryOnConnectionLoss(boolean retryOnConnectionLoss) {
    this.retryOnConnectionLoss = retryOnConnectionLoss;
    return this;
  }

  /**
   * Sets whether calls that arrive while other calls are running are combined into one statement,
   * which runs on a connection borrowed by any of their threads. Default: true. If the calling
   * thread determines the database or the transaction, pass false: calls then run on the calling
   * thread, also asynchronous calls unless there is an {@link #asyncExecutor}.
   */
  public ClientBuilder<C> batching(boolean batching) {
    this.batching = batching;
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
  public ClientBuilder<C> asyncExecutor(Executor executor) {
    this.asyncExecutor = Objects.requireNonNull(executor, "executor");
    return this;
  }

  /**
   * Sets the maximum number of asynchronous calls that run at a time without being batched, each
   * with its own thread and connection. Default: 20. Further calls are queued, up to {@link
   * #maxQueuedCalls} and {@link #maxQueuedBytes}.
   */
  public ClientBuilder<C> maxConcurrentAsyncCalls(int calls) {
    this.maxConcurrentAsyncCalls = positive(calls, "number of concurrent calls");
    return this;
  }

  /** Sets the maximum number of calls in a statement, at least 1. Default: 1,024. */
  public ClientBuilder<C> maxBatchSize(int size) {
    this.maxBatchSize = positive(size, "batch size");
    return this;
  }

  /**
   * Sets the maximum size, in bytes, of the arguments in a statement. The last call that is added
   * to a statement may push the total above this limit. Default: 1 MiB.
   */
  public ClientBuilder<C> maxBatchBytes(int bytes) {
    this.maxBatchBytes = positive(bytes, "number of bytes of a batch");
    return this;
  }

  /**
   * Sets the maximum number of statements with batched calls that run at a time, each on its own
   * connection. Default: 2, or 1 for an {@link AsyncConnectionSource}, whose event loop cannot do
   * anything else while it completes a batch; values above 1,024 are treated as 1,024. If all of
   * them belong to virtual threads, which might not get a carrier thread to finish, one more may
   * run for calls from other threads.
   */
  public ClientBuilder<C> maxInFlightBatches(int batches) {
    this.maxInFlightBatches = positive(batches, "number of batches in flight");
    return this;
  }

  /** Sets the maximum number of waiting calls, at least 1. Default: 65,536. */
  public ClientBuilder<C> maxQueuedCalls(int calls) {
    this.maxQueuedCalls = positive(calls, "number of waiting calls");
    return this;
  }

  /**
   * Sets the maximum size, in bytes, of the arguments of all waiting calls, at least 1. Default: 64
   * MiB.
   */
  public ClientBuilder<C> maxQueuedBytes(int bytes) {
    this.maxQueuedBytes = positive(bytes, "number of waiting bytes");
    return this;
  }

  /**
   * Sets whether a call waits for space when the queue is full, even an asynchronous call. If true,
   * the call fails if there is still no space when {@link #callTimeout} expires. If false (the
   * default), the call fails immediately with {@link Code#OVERLOADED}. Asynchronous calls on an
   * {@link AsyncConnectionSource} never wait, because the event loop has to empty the queue.
   */
  public ClientBuilder<C> blockWhenFull(boolean wait) {
    this.blockWhenFull = wait;
    return this;
  }

  /**
   * Adds a listener. Listeners are called in the order of their addition, and in reverse order when
   * a statement ends.
   */
  public ClientBuilder<C> listener(CallListener listener) {
    listeners.add(Objects.requireNonNull(listener, "listener"));
    return this;
  }

  /**
   * Creates the client, without waiting for a connection.
   *
   * @throws IllegalStateException if there is not exactly one source of connections, or if an
   *     option was set that requires {@link #url}
   */
  public C build() {
    if (Stream.of(dataSource, connections, url).filter(Objects::nonNull).count() != 1) {
      throw new IllegalStateException("Set exactly one of dataSource, connections and url");
    }
    if (url == null && !ownPoolOptions.isEmpty()) {
      throw new IllegalStateException(
          "Only the client's own pool (url) supports "
              + String.join(", ", ownPoolOptions)
              + "; configure this in your data source");
    }
    var settings =
        new Settings(
            new Settings.Statements(
                schema, !batching, callTimeout, retryOnConnectionLoss, SafeListener.of(listeners)),
            new Settings.Batches(batching, maxBatchSize, maxBatchBytes, inFlightBatches()),
            new Settings.Queue(maxQueuedCalls, maxQueuedBytes, blockWhenFull),
            new Settings.Futures(maxConcurrentAsyncCalls, asyncExecutor, clientName + "-"));
    return client.apply(settings, open());
  }

  private int inFlightBatches() {
    if (maxInFlightBatches > 0) {
      return maxInFlightBatches;
    }
    return connections instanceof AsyncConnectionSource ? 1 : 2;
  }

  private Connections open() {
    if (connections != null) {
      return new Connections(connections, () -> {});
    }
    if (url == null) {
      return new Connections(new Pool(Objects.requireNonNull(dataSource)), () -> {});
    }
    ManagedPool own = startPool(url);
    return new Connections(new Pool(own), own::close);
  }

  private ManagedPool startPool(String url) {
    HikariConfig config = ManagedPool.defaults();
    config.setPoolName(clientName);
    config.setJdbcUrl(url);
    config.setUsername(user);
    config.setPassword(password);
    config.addDataSourceProperty(
        "ApplicationName", applicationName == null ? clientName : applicationName);
    if (pool != null) {
      pool.accept(config);
    }
    Duration patience =
        callTimeout.compareTo(STATEMENT_TIMEOUT) > 0 ? callTimeout : STATEMENT_TIMEOUT;
    return ManagedPool.start(config, statementTimeout == null ? patience : statementTimeout);
  }

  private static int positive(int value, String what) {
    require(value > 0, "The " + what + " is " + value + "; it must be 1 or more");
    return value;
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /**
   * The connections of a client.
   *
   * @param closePool an action that closes the pool if the pool belongs to the client
   */
  record Connections(ConnectionSource source, Runnable closePool) {}

  /** A plain data source. Its string representation contains no secrets. */
  private record Pool(DataSource dataSource) implements ConnectionSource {
    @Override
    public Connection getConnection() throws SQLException {
      return dataSource.getConnection();
    }

    @Override
    public String toString() {
      // an anonymous class has no simple name
      String name = dataSource.getClass().getName();
      return name.substring(name.lastIndexOf('.') + 1);
    }
  }
}
