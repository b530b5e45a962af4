// SPDX-License-Identifier: MIT
package io.pghello;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloException.Code;
import io.pghello.extension.ExtensionDescription;
import io.pghello.internal.HelloRequest;
import io.pghello.internal.SafeListener;
import io.pghello.internal.ServerFunction;
import io.pghello.internal.ServerFunctions;
import io.pghello.internal.Settings;
import io.pghello.internal.coalescing.HelloDispatcher;
import io.pghello.internal.jdbc.ArrayStatements;
import io.pghello.internal.jdbc.HelloStatements;
import io.pghello.internal.jdbc.OwnPool;
import io.pghello.internal.jdbc.StatementExecutor;
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
 * Builds a {@link PgHelloClient}. Say where connections come from: {@link #dataSource}, {@link
 * #connections} or {@link #url}. Everything else has a default.
 *
 * <p>The methods return this builder, and throw {@link IllegalArgumentException} for a value that
 * cannot be. Not thread-safe.
 */
public final class PgHelloClientBuilder {
  private static final int POOL_SIZE = 20;
  private static final Duration POOL_IDLE = Duration.ofSeconds(30);
  private static final Duration STATEMENT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration POOL_WAIT = Duration.ofSeconds(2);
  private static final Duration POOL_CHECK = Duration.ofSeconds(1);
  private static final Duration POOL_LIFETIME = Duration.ofMinutes(30);

  private @Nullable DataSource dataSource;
  private @Nullable ConnectionSource connections;
  private @Nullable String url;
  private final Set<String> ownPoolOptions = new LinkedHashSet<>();
  private @Nullable String user;
  private @Nullable String password;
  private String applicationName = "pg-hello";
  private @Nullable Duration statementTimeout;
  private Consumer<HikariConfig> pool = config -> {};
  private @Nullable String schema;
  private int repeat = HelloRequest.AS_SET;
  private Duration callTimeout = Duration.ofSeconds(5);
  private boolean retryLostCalls = true;
  private boolean coalescing = true;
  private int maxBatchSize = 1024;
  private int maxBatchBytes = 1 << 20;
  private int maxInFlightBatches = 2;
  private int maxInFlightCalls = 20;
  private @Nullable Executor asyncExecutor;
  private int maxQueuedCalls = 65_536;
  private int maxQueuedBytes = 64 << 20;
  private boolean blockWhenFull;
  private final List<PgHelloListener> listeners = new ArrayList<>();

  PgHelloClientBuilder() {}

  /** Takes connections from a data source, which stays the caller's to close. */
  public PgHelloClientBuilder dataSource(DataSource dataSource) {
    this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
    return this;
  }

  /**
   * Takes connections from a source that can say more than a data source can: which of them belong
   * to the calling thread. It stays the caller's, and is asked by many threads at a time.
   */
  public PgHelloClientBuilder connections(ConnectionSource connections) {
    this.connections = Objects.requireNonNull(connections, "connections");
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
    Objects.requireNonNull(url, "url");
    // the message does not repeat it: there may be a password in it
    require(url.startsWith("jdbc:postgresql:"), "The URL does not begin with jdbc:postgresql:");
    require(
        !url.matches("jdbc:postgresql://[^/?]*@.*"),
        "The URL has a log-in before the host; say it with user() and password()");
    require(isReadable(url), "The driver cannot read the URL");
    this.url = url;
    return this;
  }

  /** The user to log in as with {@link #url}; what the URL or the driver says by default. */
  public PgHelloClientBuilder user(String user) {
    ownPoolOptions.add("user");
    this.user = Objects.requireNonNull(user, "user");
    return this;
  }

  /** The password to log in with at {@link #url}; what the URL or the driver says by default. */
  public PgHelloClientBuilder password(String password) {
    ownPoolOptions.add("password");
    this.password = Objects.requireNonNull(password, "password");
    return this;
  }

  /**
   * Sets the {@code application_name} of the sessions of {@link #url}; {@code pg-hello} by default.
   */
  public PgHelloClientBuilder applicationName(String applicationName) {
    ownPoolOptions.add("applicationName");
    this.applicationName = Objects.requireNonNull(applicationName, "applicationName");
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
    Objects.requireNonNull(timeout, "timeout");
    ownPoolOptions.add("statementTimeout");
    require(!timeout.isNegative(), "The statement time-out is negative");
    require(
        timeout.isZero() || timeout.compareTo(Duration.ofMillis(1)) >= 0,
        "The statement time-out is less than a millisecond");
    require(
        timeout.compareTo(Duration.ofMillis(Integer.MAX_VALUE)) <= 0,
        "The statement time-out is longer than the server allows");
    this.statementTimeout = timeout;
    return this;
  }

  /** Changes the pool of {@link #url} in any way that HikariCP offers, before it is started. */
  public PgHelloClientBuilder pool(Consumer<HikariConfig> pool) {
    ownPoolOptions.add("pool");
    this.pool = Objects.requireNonNull(pool, "pool");
    return this;
  }

  /**
   * The schema that the extension is in, without quotes. By default the client asks the server,
   * with one round trip before its first call.
   */
  public PgHelloClientBuilder schema(String schema) {
    Objects.requireNonNull(schema, "schema");
    require(!schema.isEmpty() && schema.indexOf(0) < 0, "The schema has no name");
    this.schema = '"' + schema.replace("\"", "\"\"") + '"';
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
    this.callTimeout = Operations.checkedTimeout(timeout);
    return this;
  }

  /**
   * Repeats a call on another connection when its own is lost, which changes nothing but time; true
   * by default. It goes on until one lives or the call's time is over: when a server has restarted,
   * a pool can hand out all of its dead connections, one after the other. From the second
   * repetition on, a pause of a millisecond comes before, which grows to 20.
   */
  public PgHelloClientBuilder retryLostCalls(boolean retryLostCalls) {
    this.retryLostCalls = retryLostCalls;
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
    this.coalescing = coalescing;
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
    this.asyncExecutor = Objects.requireNonNull(executor, "executor");
    return this;
  }

  /**
   * Sets the most calls of futures that share no statement and are in flight at a time, each on a
   * thread and a connection of its own; 20 by default. Others wait, as {@link #maxQueuedCalls} and
   * {@link #maxQueuedBytes} allow.
   */
  public PgHelloClientBuilder maxInFlightCalls(int calls) {
    this.maxInFlightCalls = positive(calls, "number of calls under way");
    return this;
  }

  /** Sets the most names that a statement carries, 1 or more; 1,024 by default. */
  public PgHelloClientBuilder maxBatchSize(int size) {
    this.maxBatchSize = positive(size, "batch size");
    return this;
  }

  /**
   * Sets the most bytes of names that a statement carries, to which at most one name is added; 1
   * MiB by default.
   */
  public PgHelloClientBuilder maxBatchBytes(int bytes) {
    this.maxBatchBytes = positive(bytes, "number of bytes of a batch");
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
    this.maxInFlightBatches = positive(batches, "number of batches under way");
    return this;
  }

  /** Sets the most calls that may wait at a time, 1 or more; 65,536 by default. */
  public PgHelloClientBuilder maxQueuedCalls(int calls) {
    this.maxQueuedCalls = positive(calls, "number of waiting calls");
    return this;
  }

  /** Sets the most bytes of names that may wait at a time, 1 or more; 64 MiB by default. */
  public PgHelloClientBuilder maxQueuedBytes(int bytes) {
    this.maxQueuedBytes = positive(bytes, "number of waiting bytes");
    return this;
  }

  /**
   * Sets the treatment of a call that would be one more than may wait. False, the default, fails it
   * with {@link Code#OVERLOADED}. True lets the calling thread wait for room, that of {@link
   * PgHelloClient#helloAsync} too, and fails the call only at the end of {@link #callTimeout}.
   */
  public PgHelloClientBuilder blockWhenFull(boolean wait) {
    this.blockWhenFull = wait;
    return this;
  }

  /**
   * Adds a listener that is told what the client does, after those added before; that a statement
   * has ended, before them. Default: none.
   */
  public PgHelloClientBuilder listener(PgHelloListener listener) {
    listeners.add(Objects.requireNonNull(listener, "listener"));
    return this;
  }

  /**
   * Creates the client. No connection is waited for.
   *
   * @throws IllegalStateException if there is not exactly one place where connections come from, or
   *     if an option was set that only the pool of {@link #url} has
   */
  public PgHelloClient build() {
    Settings settings = settings();
    HikariDataSource own = url == null ? null : startPool(url);
    var statements = new HelloStatements(new StatementExecutor(source(own), settings.statements()));
    var dispatcher = new HelloDispatcher(statements, settings);
    return new PgHelloClient(
        new Operations.Context(settings, statements, dispatcher, repeat, callTimeout), own);
  }

  /**
   * Creates a client of another extension's function, with these settings. Limits of names and
   * greetings are those of the arguments of its calls. No connection is waited for.
   *
   * @param extension describes the function, among others; {@link #schema} is the schema of that
   * @param name the function's, as it is described
   * @param function how it is called
   * @throws IllegalArgumentException if that describes no function of this name that returns an
   *     array, or several
   * @throws IllegalStateException as {@link #build()}, and if {@link #defaultRepeat} was set
   */
  public <Q, A> CoalescedFunction<Q, A> build(
      ExtensionDescription extension, String name, BatchFunction<Q, A> function) {
    Objects.requireNonNull(function, "function");
    Settings settings = settings();
    if (repeat != HelloRequest.AS_SET) {
      throw new IllegalStateException("Only pg_hello has a defaultRepeat");
    }
    ServerFunction described = ArrayStatements.find(extension, name);
    var functions = new ServerFunctions(extension, List.of(described));
    HikariDataSource own = url == null ? null : startPool(url);
    var executor = new StatementExecutor(source(own), settings.statements(), functions);
    return new CoalescedFunction<>(
        new ArrayStatements<>(function, described, executor),
        settings,
        own == null ? () -> {} : own::close);
  }

  /** Checks what only all options together can tell. */
  private Settings settings() {
    if (Stream.of(dataSource, connections, url).filter(Objects::nonNull).count() != 1) {
      throw new IllegalStateException("Say one of dataSource, connections and url");
    }
    if (url == null && !ownPoolOptions.isEmpty()) {
      throw new IllegalStateException(
          "Only the pool of url has "
              + String.join(", ", ownPoolOptions)
              + "; set that where the connections come from");
    }
    return new Settings(
        new Settings.Statements(
            schema, !coalescing, callTimeout, retryLostCalls, SafeListener.of(listeners)),
        new Settings.Batches(coalescing, maxBatchSize, maxBatchBytes, maxInFlightBatches),
        new Settings.Queue(maxQueuedCalls, maxQueuedBytes, blockWhenFull),
        new Settings.Futures(maxInFlightCalls, asyncExecutor));
  }

  private ConnectionSource source(@Nullable DataSource own) {
    if (connections != null) {
      return connections;
    }
    return new Pool(Objects.requireNonNull(own == null ? dataSource : own));
  }

  private HikariDataSource startPool(String url) {
    var config = new HikariConfig();
    config.setPoolName("pg-hello");
    config.setJdbcUrl(url);
    config.setUsername(user);
    config.setPassword(password);
    config.addDataSourceProperty("ApplicationName", applicationName);
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
    return OwnPool.start(config, statementTimeout == null ? patience : statementTimeout);
  }

  private static int positive(int value, String what) {
    require(value > 0, "The " + what + " is " + value + "; it must be 1 or more");
    return value;
  }

  private static boolean isReadable(String url) {
    try {
      return Driver.parseURL(url, null) != null;
    } catch (IndexOutOfBoundsException e) {
      // as for a list of hosts that begins with a comma
      return false;
    }
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /** A data source, which has nothing more to say, and whose secrets do not appear. */
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
