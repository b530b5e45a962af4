// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import com.zaxxer.hikari.HikariConfig;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.SafeListener;
import io.pghello.extension.batching.internal.Settings;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/**
 * The options of all clients, with their defaults and checks. The clients' builders document the
 * options. Not thread-safe.
 */
public final class ClientOptions {
  private static final int POOL_SIZE = 20;
  private static final Duration POOL_IDLE = Duration.ofSeconds(30);
  private static final Duration STATEMENT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration POOL_WAIT = Duration.ofSeconds(2);
  private static final Duration POOL_CHECK = Duration.ofSeconds(1);
  private static final Duration POOL_LIFETIME = Duration.ofMinutes(30);

  private String clientName;
  private @Nullable DataSource dataSource;
  private @Nullable ConnectionSource connections;
  private @Nullable String url;
  private final Set<String> ownPoolOptions = new LinkedHashSet<>();
  private @Nullable String user;
  private @Nullable String password;
  private @Nullable String applicationName;
  private @Nullable Duration statementTimeout;
  private Consumer<HikariConfig> pool = config -> {};
  private @Nullable String schema;
  private Duration callTimeout = Duration.ofSeconds(5);
  private boolean retryOnConnectionLoss = true;
  private boolean batching = true;
  private int maxBatchSize = 1024;
  private int maxBatchBytes = 1 << 20;
  private int maxInFlightBatches = 2;
  private int maxConcurrentAsyncCalls = 20;
  private @Nullable Executor asyncExecutor;
  private int maxQueuedCalls = 65_536;
  private int maxQueuedBytes = 64 << 20;
  private boolean blockWhenFull;
  private final List<CallListener> listeners = new ArrayList<>();

  /**
   * Creates options with their defaults.
   *
   * @param clientName the name of the client, used for its pool, sessions and threads
   */
  public ClientOptions(String clientName) {
    this.clientName = clientName;
  }

  /** Sets the name of the client, used for its pool, sessions and threads. */
  public void clientName(String name) {
    this.clientName = Objects.requireNonNull(name, "name");
  }

  /** Sets the data source that provides connections. */
  public void dataSource(DataSource dataSource) {
    this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
  }

  /** Sets the source of connections. */
  public void connections(ConnectionSource connections) {
    this.connections = Objects.requireNonNull(connections, "connections");
  }

  /** Sets the URL of the client's own pool. */
  public void url(String url) {
    Objects.requireNonNull(url, "url");
    // the message omits the URL, because it may contain a password
    require(url.startsWith("jdbc:postgresql:"), "The URL does not begin with jdbc:postgresql:");
    require(
        !url.matches("jdbc:postgresql://[^/?]*@.*"),
        "The URL contains a login before the host; use user() and password() instead");
    require(
        isReadable(url),
        "The driver cannot read the URL; check the port, and write % as %25, e.g."
            + " jdbc:postgresql://HOST:PORT/DATABASE?password=100%25");
    this.url = url;
  }

  /** Sets the user of the client's pool. */
  public void user(String user) {
    ownPoolOptions.add("user");
    this.user = Objects.requireNonNull(user, "user");
  }

  /** Sets the password of the client's pool. */
  public void password(String password) {
    ownPoolOptions.add("password");
    this.password = Objects.requireNonNull(password, "password");
  }

  /** Sets the application name of the sessions in the client's pool. */
  public void applicationName(String applicationName) {
    ownPoolOptions.add("applicationName");
    this.applicationName = Objects.requireNonNull(applicationName, "applicationName");
  }

  /** Sets the statement timeout of the client's pool. */
  public void statementTimeout(Duration timeout) {
    Objects.requireNonNull(timeout, "timeout");
    ownPoolOptions.add("statementTimeout");
    require(
        timeout.isZero()
            || (timeout.compareTo(Duration.ofMillis(1)) >= 0
                && timeout.compareTo(Duration.ofMillis(Integer.MAX_VALUE)) <= 0),
        "The statement timeout is " + timeout + "; it must be 0, or between 1 ms and 24 days");
    this.statementTimeout = timeout;
  }

  /** Configures the client's pool. */
  public void pool(Consumer<HikariConfig> pool) {
    ownPoolOptions.add("pool");
    this.pool = Objects.requireNonNull(pool, "pool");
  }

  /** Sets the schema of the extension, without quotes. */
  public void schema(String schema) {
    Objects.requireNonNull(schema, "schema");
    require(
        !schema.isEmpty() && schema.indexOf(0) < 0,
        "The name of the schema is empty or contains U+0000");
    this.schema = '"' + schema.replace("\"", "\"\"") + '"';
  }

  /** Sets the timeout for calls. */
  public void callTimeout(Duration timeout) {
    this.callTimeout = Deadline.checkTimeout(timeout);
  }

  /** Returns the timeout for calls. */
  public Duration callTimeout() {
    return callTimeout;
  }

  /** Sets whether calls are retried after a lost connection. */
  public void retryOnConnectionLoss(boolean retryOnConnectionLoss) {
    this.retryOnConnectionLoss = retryOnConnectionLoss;
  }

  /** Sets whether calls are batched. */
  public void batching(boolean batching) {
    this.batching = batching;
  }

  /** Sets the executor of asynchronous calls that are not batched. */
  public void asyncExecutor(Executor executor) {
    this.asyncExecutor = Objects.requireNonNull(executor, "executor");
  }

  /** Limits the number of concurrent asynchronous calls that are not batched. */
  public void maxConcurrentAsyncCalls(int calls) {
    this.maxConcurrentAsyncCalls = positive(calls, "number of concurrent calls");
  }

  /** Limits the number of calls in a statement. */
  public void maxBatchSize(int size) {
    this.maxBatchSize = positive(size, "batch size");
  }

  /** Limits the size, in bytes, of the arguments in a statement. */
  public void maxBatchBytes(int bytes) {
    this.maxBatchBytes = positive(bytes, "number of bytes of a batch");
  }

  /** Limits the number of statements in flight. */
  public void maxInFlightBatches(int batches) {
    this.maxInFlightBatches = positive(batches, "number of batches in flight");
  }

  /** Limits the number of waiting calls. */
  public void maxQueuedCalls(int calls) {
    this.maxQueuedCalls = positive(calls, "number of waiting calls");
  }

  /** Limits the total size, in bytes, of the arguments of waiting calls. */
  public void maxQueuedBytes(int bytes) {
    this.maxQueuedBytes = positive(bytes, "number of waiting bytes");
  }

  /** Sets whether a call blocks if too many calls are waiting. */
  public void blockWhenFull(boolean wait) {
    this.blockWhenFull = wait;
  }

  /** Adds a listener. */
  public void listener(CallListener listener) {
    listeners.add(Objects.requireNonNull(listener, "listener"));
  }

  /**
   * Returns the settings.
   *
   * @throws IllegalStateException if there is not exactly one source of connections, or if an
   *     option was set that requires the client's own pool
   */
  public Settings settings() {
    if (Stream.of(dataSource, connections, url).filter(Objects::nonNull).count() != 1) {
      throw new IllegalStateException("Set exactly one of dataSource, connections and url");
    }
    if (url == null && !ownPoolOptions.isEmpty()) {
      throw new IllegalStateException(
          "Only the client's own pool (url) supports "
              + String.join(", ", ownPoolOptions)
              + "; configure this in your data source");
    }
    return new Settings(
        new Settings.Statements(
            schema, !batching, callTimeout, retryOnConnectionLoss, SafeListener.of(listeners)),
        new Settings.Batches(batching, maxBatchSize, maxBatchBytes, maxInFlightBatches),
        new Settings.Queue(maxQueuedCalls, maxQueuedBytes, blockWhenFull),
        new Settings.Futures(maxConcurrentAsyncCalls, asyncExecutor, clientName + "-"));
  }

  /** Returns the source of connections. Starts the client's own pool if one is configured. */
  public Connections open() {
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
    var config = new HikariConfig();
    config.setPoolName(clientName);
    config.setJdbcUrl(url);
    config.setUsername(user);
    config.setPassword(password);
    config.addDataSourceProperty(
        "ApplicationName", applicationName == null ? clientName : applicationName);
    config.setMaximumPoolSize(POOL_SIZE);
    config.setMinimumIdle(0);
    config.setIdleTimeout(POOL_IDLE.toMillis());
    config.setConnectionTimeout(POOL_WAIT.toMillis());
    config.setValidationTimeout(POOL_CHECK.toMillis());
    config.setMaxLifetime(POOL_LIFETIME.toMillis());
    config.setInitializationFailTimeout(-1);
    pool.accept(config);
    Duration patience =
        callTimeout.compareTo(STATEMENT_TIMEOUT) > 0 ? callTimeout : STATEMENT_TIMEOUT;
    return ManagedPool.start(config, statementTimeout == null ? patience : statementTimeout);
  }

  private static int positive(int value, String what) {
    require(value > 0, "The " + what + " is " + value + "; it must be 1 or more");
    return value;
  }

  private static boolean isReadable(String url) {
    try {
      return Driver.parseURL(url, null) != null;
    } catch (IndexOutOfBoundsException e) {
      // thrown, for example, for a list of hosts that begins with a comma
      return false;
    }
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
  public record Connections(ConnectionSource source, Runnable closePool) {}

  /** A plain data source. Its string representation contains no secrets. */
  private record Pool(DataSource dataSource) implements ConnectionSource {
    @Override
    public Connection get() throws SQLException {
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
