// SPDX-License-Identifier: MIT
package io.pghello;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloException.Code;
import io.pghello.internal.Batcher;
import io.pghello.internal.Errors;
import io.pghello.internal.Function;
import io.pghello.internal.Greetings;
import io.pghello.internal.Preflight;
import io.pghello.internal.Question;
import io.pghello.internal.Questions;
import io.pghello.internal.Runner;
import io.pghello.internal.SafeListener;
import io.pghello.internal.Settings;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/**
 * Calls the functions of the PostgreSQL extension {@code pg_hello}.
 *
 * <pre>{@code
 * PgHelloClient client = PgHelloClient.create(dataSource);
 * String greeting = client.hello("Ada"); // Hello, Ada!
 * }</pre>
 *
 * <p>A call takes a connection from the data source, sends one statement, and gives the connection
 * back: use a pool. It changes no setting and leaves no transaction open. The client finds the
 * schema that the extension is in with its first call, which therefore takes one round trip more;
 * the round trips that the methods name are those of later calls.
 *
 * <p>Calls of {@link #hello(String)} and {@link #helloAsync} that would have to wait travel
 * together, in one statement on a connection that any of the callers got; one that need not wait
 * goes straight to the server. <b>Where the data source chooses the database by the calling thread
 * (by tenant, say), switch that off</b> with {@link Builder#coalescing(boolean)}, or have a client
 * for each database.
 *
 * <p>The functions change nothing, so a call whose connection was lost is repeated once, on
 * another. A call ends within {@link Builder#callTimeout}.
 *
 * <p>Needs version 1.1 of the extension; on 1.0, {@link #hello(String)}, {@link #helloAsync},
 * {@link #now()}, {@link #nowMillis()} and {@link #spiVersion()} work where no count is given.
 *
 * <p>All methods throw {@link PgHelloException}, whose code and message say what is wrong and what
 * mends it; a null where none is allowed gives a {@link NullPointerException}.
 *
 * <p>Immutable but for being closed, and thread-safe.
 */
public final class PgHelloClient implements AutoCloseable {
  // Milliseconds from 1970 to 2000, where the clocks of other builds begin.
  private static final long POSTGRES_EPOCH_MILLIS = 946_684_800_000L;
  private static final long DAY_MILLIS = 86_400_000L;

  private final Settings settings;
  private final Greetings greetings;
  private final Batcher batcher;
  private final boolean onConnection;
  private final int repeat;
  private final @Nullable Runnable closing;

  private PgHelloClient(
      Settings settings,
      Greetings greetings,
      Batcher batcher,
      boolean onConnection,
      int repeat,
      @Nullable Runnable closing) {
    this.settings = settings;
    this.greetings = greetings;
    this.batcher = batcher;
    this.onConnection = onConnection;
    this.repeat = repeat;
    this.closing = closing;
  }

  /**
   * Creates a client with default settings. No connection is made before the first call.
   *
   * @param dataSource where connections come from; it stays the caller's to close
   */
  public static PgHelloClient create(DataSource dataSource) {
    return builder().dataSource(dataSource).build();
  }

  /** Begins a client with other settings. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * SQL {@code pg_hello(name)}: greets a name, as in {@code Hello, Ada!}, as many times as this
   * client was told ({@link #withRepeat}, {@link Builder#defaultRepeat}) or else as the session's
   * setting {@code pg_hello.repeat} says (1 by default). One round trip, or a part of one.
   *
   * @param name any text, even empty, that has neither the character U+0000 nor an unpaired
   *     surrogate
   * @return the greeting, never null
   * @throws PgHelloException if the name cannot be sent ({@link Code#INVALID_NAME}), if the
   *     greeting exceeds the server's limit of 1 GB ({@link Code#RESULT_TOO_LARGE}), or if the
   *     extension, the server or a connection cannot be used
   */
  public String hello(String name) {
    return hello(Question.of(name, repeat));
  }

  /**
   * SQL {@code pg_hello(name, repeat)}: greets a name a number of times, with one space between the
   * greetings. One round trip, or a part of one.
   *
   * @param name any text, even empty, that has neither the character U+0000 nor an unpaired
   *     surrogate
   * @param repeat how many times, 1 to 10
   * @return the greeting, never null
   * @throws PgHelloException if the count is out of range ({@link Code#INVALID_REPEAT}), if the
   *     extension is at version 1.0 ({@link Code#TOO_OLD}), or as {@link #hello(String)} does
   */
  public String hello(String name, int repeat) {
    return hello(Question.of(name, checked(repeat)));
  }

  private String hello(Question question) {
    return measured(
        question.function(),
        () -> {
          if (onConnection) {
            checkOpen();
            return greetings.one(question, settings.deadline());
          }
          return batcher.hello(question);
        });
  }

  /**
   * Greets a name as {@link #hello(String)} does, without a thread that waits. One round trip, or a
   * part of one.
   *
   * <p>What depends on the future runs on a thread of the client's unless it is given another
   * executor; it may call the client. To cancel the future, or to complete it otherwise, takes the
   * call out of the queue, and has no effect on others. Where the connection belongs to the calling
   * thread ({@link #on}), the call is made before this method returns.
   *
   * @param name any text, even empty, that has neither the character U+0000 nor an unpaired
   *     surrogate
   * @return the greeting to come; its exception is a {@link PgHelloException}
   * @throws PgHelloException if the name cannot be sent ({@link Code#INVALID_NAME}); all other
   *     errors are the future's
   */
  public CompletableFuture<String> helloAsync(String name) {
    Question question = Question.of(name, repeat);
    if (onConnection) {
      try {
        return CompletableFuture.completedFuture(hello(question));
      } catch (PgHelloException e) {
        return CompletableFuture.failedFuture(e);
      }
    }
    if (!settings.listens()) {
      return batcher.helloAsync(question);
    }
    long begin = System.nanoTime();
    CompletableFuture<String> future = batcher.helloAsync(question);
    var unused =
        future.whenComplete(
            (greeting, error) ->
                settings
                    .listener()
                    .callEnded(
                        question.function().signature(),
                        System.nanoTime() - begin,
                        error instanceof PgHelloException e ? e : null));
    return future;
  }

  /**
   * SQL {@code pg_hello_all(names, repeats)}: greets many names. One round trip for each batch,
   * which has at most {@link Builder#maxBatchSize} names and about {@link Builder#maxBatchBytes}
   * bytes; {@code callTimeout} counts for each. All names are checked before the first is sent.
   *
   * @param names no element may be null; duplicates are fine
   * @return the greetings, in the order of the names; unmodifiable
   * @throws PgHelloException as {@link #hello(String)} does; if a name cannot be sent, the message
   *     has its index
   */
  public List<String> helloAll(Collection<String> names) {
    var questions = new ArrayList<Question>(names.size());
    for (String name : names) {
      questions.add(Question.of(name, repeat, questions.size()));
    }
    var all = new ArrayList<String>(questions.size());
    inBatches(questions.iterator(), answers -> all.addAll(Arrays.asList(answers)));
    return List.copyOf(all);
  }

  /**
   * Greets names one batch after the other, as {@link #helloAll} does, in constant memory. The
   * consumer runs on the calling thread, while no connection is taken.
   *
   * @param names read as far as the next batch needs
   * @param greetings takes each greeting, in the order of the names
   * @return how many names were greeted
   * @throws PgHelloException as {@link #helloAll} does; the names before the one that cannot be
   *     sent have then been greeted
   */
  public long helloEach(Iterator<String> names, Consumer<? super String> greetings) {
    return helloEach(names, greetings, count -> {});
  }

  /**
   * Greets names one batch after the other; see {@link #helloEach(Iterator, Consumer)}.
   *
   * @param progress takes, after each batch, how many names have been greeted
   */
  public long helloEach(
      Iterator<String> names, Consumer<? super String> greetings, LongConsumer progress) {
    Objects.requireNonNull(greetings, "greetings");
    Objects.requireNonNull(progress, "progress");
    var questions = new Questions(Objects.requireNonNull(names, "names"), repeat);
    long[] count = {0};
    inBatches(
        questions,
        answers -> {
          for (String answer : answers) {
            greetings.accept(answer);
          }
          count[0] += answers.length;
          progress.accept(count[0]);
        });
    questions.throwIfInvalid();
    return count[0];
  }

  /**
   * Greets names one batch after the other; see {@link #helloEach(Iterator, Consumer)}.
   *
   * @param names closed afterwards
   */
  public long helloEach(Stream<String> names, Consumer<? super String> greetings) {
    try (names) {
      return helloEach(names.iterator(), greetings);
    }
  }

  private void inBatches(Iterator<Question> questions, Consumer<String[]> answers) {
    checkOpen();
    var batch = new ArrayList<Question>();
    while (questions.hasNext()) {
      batch.clear();
      int bytes = 0;
      while (questions.hasNext()
          && batch.size() < settings.maxBatchSize()
          && bytes < settings.maxBatchBytes()) {
        Question question = questions.next();
        batch.add(question);
        bytes += question.bytes();
      }
      if (!batch.isEmpty()) {
        answers.accept(
            measured(Function.HELLO_ALL, () -> greetings.all(batch, settings.deadline())));
      }
    }
  }

  /**
   * SQL {@code now_ms()}: returns the server's wall clock, in whole milliseconds. It goes on within
   * a transaction. One round trip.
   *
   * @throws PgHelloException if the extension, the server or a connection cannot be used
   */
  public Instant now() {
    return Instant.ofEpochMilli(nowMillis());
  }

  /**
   * SQL {@code now_ms()}: returns the server's wall clock in milliseconds since
   * 1970-01-01T00:00:00Z, as {@link System#currentTimeMillis()} counts. One round trip.
   *
   * @throws PgHelloException if the extension, the server or a connection cannot be used
   */
  public long nowMillis() {
    return run(
        Function.NOW_MS,
        session -> {
          long millis = session.call(Function.NOW_MS, s -> {}, row -> row.getLong(1));
          if (Math.abs(millis + POSTGRES_EPOCH_MILLIS - System.currentTimeMillis()) < DAY_MILLIS) {
            throw new PgHelloException(
                Preflight.foreignBuild(session.look().database()), null, null);
          }
          return millis;
        });
  }

  /**
   * SQL {@code spi_version()}: returns what {@code SELECT version()} says on the server. One round
   * trip.
   *
   * @throws PgHelloException if the extension, the server or a connection cannot be used
   */
  public String spiVersion() {
    return run(
        Function.SPI_VERSION,
        session -> session.call(Function.SPI_VERSION, s -> {}, row -> row.getString(1)));
  }

  /**
   * Returns what this client talks to. Two round trips.
   *
   * @throws PgHelloException if the extension, the server or a connection cannot be used
   */
  public PgHelloInfo info() {
    return run(
        Function.HELLO,
        session -> {
          // that loads the library, without which the setting has no value
          String greeting =
              session.call(Function.HELLO, s -> s.setString(1, ""), row -> row.getString(1));
          Preflight preflight = session.look();
          return new PgHelloInfo(
              preflight.serverVersion(),
              Objects.requireNonNull(preflight.extensionVersion()),
              Objects.requireNonNull(preflight.schema()),
              repeat == Question.AS_SET ? Question.countOfEmptyName(greeting) : repeat,
              preflight.functions().stream()
                  .map(Function::signature)
                  .collect(Collectors.toUnmodifiableSet()));
        });
  }

  /**
   * Looks whether the extension can be used, and says what stands in the way. One round trip.
   *
   * @return what is wrong, the gravest first, each with the statement that mends it; empty if all
   *     is well
   * @throws PgHelloException if the server cannot be asked
   */
  public List<PgHelloProblem> preflight() {
    checkOpen();
    return greetings.runner().run(1, settings.deadline(), Runner.Session::look).problems();
  }

  /**
   * Returns this client with another count, for the methods that take none. It shares all with this
   * one, and is closed with it; to close it does nothing.
   *
   * @param repeat how many times, 1 to 10
   * @throws PgHelloException if the count is out of range ({@link Code#INVALID_REPEAT})
   */
  public PgHelloClient withRepeat(int repeat) {
    return new PgHelloClient(settings, greetings, batcher, onConnection, checked(repeat), null);
  }

  /**
   * Returns this client on a connection of the caller's: the same calls, in its transaction if
   * there is one. Nothing of the connection is changed; a call never travels with others, and is
   * not repeated. An error of the server ends a transaction, as ever in PostgreSQL; what is refused
   * before it is sent does not. As safe for threads as the connection is, that is, for one at a
   * time.
   *
   * <p>If the connection is to another database, or of another user, than this client's last one,
   * each call takes one round trip more.
   *
   * @param connection stays the caller's to close
   */
  public PgHelloClient on(Connection connection) {
    Objects.requireNonNull(connection, "connection");
    return new PgHelloClient(
        settings, new Greetings(greetings.runner().on(connection)), batcher, true, repeat, null);
  }

  /**
   * Refuses further calls, waits for those that were made, for at most {@code callTimeout}, and
   * fails with {@link Code#CLOSED} what is left then. Closes the pool if the client made it. A
   * second call does nothing.
   */
  @Override
  public void close() {
    if (closing != null) {
      closing.run();
    }
  }

  private <T> T run(Function function, Runner.Work<T> work) {
    checkOpen();
    return measured(function, () -> greetings.runner().run(1, settings.deadline(), work));
  }

  private void checkOpen() {
    batcher.checkOpen();
  }

  private <T> T measured(Function function, Supplier<T> call) {
    if (!settings.listens()) {
      return call.get();
    }
    long begin = System.nanoTime();
    PgHelloException error = null;
    try {
      return call.get();
    } catch (PgHelloException e) {
      error = e;
      throw e;
    } finally {
      settings.listener().callEnded(function.signature(), System.nanoTime() - begin, error);
    }
  }

  private static int checked(int repeat) {
    if (repeat < Question.REPEAT_MIN || repeat > Question.REPEAT_MAX) {
      throw Errors.invalidRepeat(repeat);
    }
    return repeat;
  }

  @Override
  public String toString() {
    return "PgHelloClient["
        + greetings.runner()
        + (repeat == Question.AS_SET ? "" : ", repeat " + repeat)
        + ", "
        + settings
        + "]";
  }

  /**
   * Settings of a client. Say where connections come from: {@link #dataSource}, {@link
   * #connections} or {@link #url}. Everything else has a default.
   *
   * <p>The methods return this builder, and throw {@link IllegalArgumentException} for a value that
   * cannot be. Not thread-safe.
   */
  public static final class Builder {
    private static final int POOL_SIZE = 20;
    private static final Duration POOL_IDLE = Duration.ofSeconds(30);
    private static final Duration POOL_WAIT = Duration.ofSeconds(2);
    private static final Duration POOL_CHECK = Duration.ofSeconds(1);
    private static final Duration POOL_LIFETIME = Duration.ofMinutes(30);

    private @Nullable DataSource dataSource;
    private @Nullable ConnectionSource connections;
    private @Nullable String url;
    private @Nullable String user;
    private @Nullable String password;
    private String applicationName = "pg-hello";
    private Duration statementTimeout = Duration.ofSeconds(5);
    private Consumer<HikariConfig> pool = config -> {};
    private @Nullable String schema;
    private int repeat = Question.AS_SET;
    private Duration callTimeout = Duration.ofSeconds(5);
    private boolean retryLostCalls = true;
    private boolean coalescing = true;
    private int maxBatchSize = 1024;
    private int maxBatchBytes = 1 << 20;
    private int maxInFlightBatches = 2;
    private int maxQueuedCalls = 65_536;
    private int maxQueuedBytes = 64 << 20;
    private boolean blockWhenFull;
    private PgHelloListener listener = Settings.NO_LISTENER;

    private Builder() {}

    /** Takes connections from a data source, which stays the caller's to close. */
    public Builder dataSource(DataSource dataSource) {
      this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
      return this;
    }

    /** Takes connections from a source that can say more than a data source can. */
    public Builder connections(ConnectionSource connections) {
      this.connections = Objects.requireNonNull(connections, "connections");
      return this;
    }

    /**
     * Takes connections from a pool of the client's own (HikariCP), which is closed with it: at
     * most 20 connections, closed when idle for 30 seconds or 30 minutes old, 2 seconds to get one.
     * {@link #pool} changes that.
     *
     * @param url as in {@code jdbc:postgresql://localhost/app}
     */
    public Builder url(String url) {
      // the message does not repeat it: there may be a password in it
      require(url.startsWith("jdbc:postgresql:"), "The URL does not begin with jdbc:postgresql:");
      require(
          !url.matches("jdbc:postgresql://[^/?]*@.*"),
          "The URL has a log-in before the host; say it with user() and password()");
      require(Driver.parseURL(url, null) != null, "The driver cannot read the URL");
      this.url = url;
      return this;
    }

    /** The user to log in as with {@link #url}; what the URL or the driver says by default. */
    public Builder user(String user) {
      this.user = Objects.requireNonNull(user, "user");
      return this;
    }

    /** The password to log in with at {@link #url}; what the URL or the driver says by default. */
    public Builder password(String password) {
      this.password = Objects.requireNonNull(password, "password");
      return this;
    }

    /** What the sessions of {@link #url} are called on the server; {@code pg-hello} by default. */
    public Builder applicationName(String applicationName) {
      this.applicationName = Objects.requireNonNull(applicationName, "applicationName");
      return this;
    }

    /**
     * The time after which the server ends a statement of {@link #url}'s sessions; 5 seconds by
     * default. Set by a statement when a session begins, since poolers refuse it as a start-up
     * parameter; a pooler that shares sessions between its clients shares it, too.
     *
     * @param timeout whole milliseconds; zero leaves it to the server
     */
    public Builder statementTimeout(Duration timeout) {
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
    public Builder pool(Consumer<HikariConfig> pool) {
      this.pool = Objects.requireNonNull(pool, "pool");
      return this;
    }

    /**
     * The schema that the extension is in, without quotes. By default the client asks the server,
     * with one round trip before its first call.
     */
    public Builder schema(String schema) {
      require(!schema.isEmpty() && schema.indexOf(0) < 0, "The schema has no name");
      this.schema = '"' + schema.replace("\"", "\"\"") + '"';
      return this;
    }

    /**
     * How many times a greeting is repeated where no count is given, 1 to 10; by default what the
     * session's setting {@code pg_hello.repeat} says.
     *
     * @throws PgHelloException if the count is out of range ({@link Code#INVALID_REPEAT})
     */
    public Builder defaultRepeat(int repeat) {
      this.repeat = checked(repeat);
      return this;
    }

    /**
     * How long a call may take, with waiting, getting a connection, the round trip, and the
     * repetition after a lost connection; 5 seconds by default. A connection on which it runs out
     * is closed. Who waits for others may be told a tenth of a second later.
     *
     * @param timeout a millisecond or more
     */
    public Builder callTimeout(Duration timeout) {
      require(
          timeout.compareTo(Duration.ofMillis(1)) >= 0,
          "The time-out of a call is less than a millisecond");
      require(timeout.toDays() < 20, "The time-out of a call is 20 days or more");
      this.callTimeout = timeout;
      return this;
    }

    /** Repeats a call once when its connection is lost, which changes nothing but time; true. */
    public Builder retryLostCalls(boolean retryLostCalls) {
      this.retryLostCalls = retryLostCalls;
      return this;
    }

    /**
     * Lets calls that would have to wait travel together, on a connection that any of their threads
     * got; true by default. Say false where the calling thread decides on the database.
     */
    public Builder coalescing(boolean coalescing) {
      this.coalescing = coalescing;
      return this;
    }

    /** How many names travel together at most, 1 or more; 1,024 by default. */
    public Builder maxBatchSize(int size) {
      this.maxBatchSize = positive(size, "batch size");
      return this;
    }

    /** How many bytes of names travel together, plus at most one name; 1 MiB by default. */
    public Builder maxBatchBytes(int bytes) {
      this.maxBatchBytes = positive(bytes, "number of bytes of a batch");
      return this;
    }

    /**
     * How many statements of coalesced calls are under way at a time, each on a connection of its
     * own; 2 by default. A few callers each go alone, up to that number. Batches of many leave some
     * time apart, so that they are large where the server is near, and need not wait for each other
     * where it is far.
     */
    public Builder maxInFlightBatches(int batches) {
      this.maxInFlightBatches = positive(batches, "number of batches under way");
      return this;
    }

    /** How many calls may wait, 1 or more; 65,536 by default. */
    public Builder maxQueuedCalls(int calls) {
      this.maxQueuedCalls = positive(calls, "number of waiting calls");
      return this;
    }

    /** How many bytes of names may wait, 1 or more; 64 MiB by default. */
    public Builder maxQueuedBytes(int bytes) {
      this.maxQueuedBytes = positive(bytes, "number of waiting bytes");
      return this;
    }

    /**
     * What a call does that would be one more than may wait: false, the default, fails it with
     * {@link Code#OVERLOADED}; true lets the thread that makes it wait for room, that of {@link
     * #helloAsync} too, and fails it so only at the end of {@link #callTimeout}.
     */
    public Builder blockWhenFull(boolean wait) {
      this.blockWhenFull = wait;
      return this;
    }

    /** Who is told what the client does; nobody by default. */
    public Builder listener(PgHelloListener listener) {
      this.listener = new SafeListener(Objects.requireNonNull(listener, "listener"));
      return this;
    }

    /**
     * Creates the client. No connection is waited for.
     *
     * @throws IllegalStateException if there is not exactly one place where connections come from
     */
    public PgHelloClient build() {
      if (Stream.of(dataSource, connections, url).filter(Objects::nonNull).count() != 1) {
        throw new IllegalStateException("Say one of dataSource, connections and url");
      }
      var settings =
          new Settings(
              schema,
              callTimeout,
              retryLostCalls,
              coalescing,
              maxBatchSize,
              maxBatchBytes,
              maxInFlightBatches,
              Math.min(maxQueuedCalls, maxQueuedBytes),
              maxQueuedBytes,
              blockWhenFull,
              listener);
      HikariDataSource own = url == null ? null : startPool(url);
      var greetings = new Greetings(new Runner(source(own), settings));
      var batcher = new Batcher(greetings, settings);
      Runnable closing =
          () -> {
            batcher.close();
            if (own != null) {
              own.close();
            }
          };
      return new PgHelloClient(settings, greetings, batcher, false, repeat, closing);
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
      if (!statementTimeout.isZero()) {
        config.setConnectionInitSql("SET statement_timeout = " + statementTimeout.toMillis());
      }
      pool.accept(config);
      return new HikariDataSource(config);
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
  }

  /** A data source, which has nothing more to say, and whose secrets do not appear. */
  private record Pool(DataSource dataSource) implements ConnectionSource {
    @Override
    public Connection get() throws SQLException {
      return dataSource.getConnection();
    }

    @Override
    public String toString() {
      return dataSource.getClass().getSimpleName();
    }
  }
}
