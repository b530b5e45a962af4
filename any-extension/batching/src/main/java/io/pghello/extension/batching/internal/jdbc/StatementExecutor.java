// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.Installation;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.ArgumentChecks;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Events;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.ServerFunction;
import io.pghello.extension.batching.internal.ServerFunctions;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.StatementContext;
import io.pghello.extension.batching.internal.Threads;
import io.pghello.extension.batching.internal.installation.Installations;
import io.pghello.extension.batching.internal.installation.Preflight;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.jdbc.PreferQueryMode;

/**
 * Runs statements: borrows a connection, locates the extension, enforces the timeout, retries after
 * lost connections, and leaves the session unchanged.
 */
public class StatementExecutor {
  /** Work that is done on a connection. */
  public interface Work<T> {
    T on(Session session) throws SQLException;
  }

  /** Work that accepts an argument, so that all calls can share one object. */
  public interface WorkWith<A, T> {
    T on(Session session, A argument) throws SQLException;
  }

  /** Sets the parameters of a statement. */
  public interface Binder<A> {
    void bind(PreparedStatement statement, A argument) throws SQLException;
  }

  /** Reads the single row of a result. */
  public interface Reader<T> {
    T read(ResultSet row) throws SQLException;
  }

  private static final Logger LOG = System.getLogger("io.pghello.extension.batching");
  private static final Executor DIRECT = Runnable::run;

  /**
   * The longest pause between two connection attempts. It is short enough to try all connections of
   * a pool of 100 within two seconds.
   */
  private static final int PAUSE_MAX_MILLIS = 20;

  /**
   * The maximum number of connections that a call may lose after it has sent its statement on them.
   * The first connection may already have been dead. The others were validated first, so the
   * statement itself must have terminated them.
   */
  private static final int SENT_MAX = 5;

  /** The time that a call waits after its deadline for its dead connection to be released. */
  private static final long RELEASE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** Estimated size of a result in bytes, in addition to the size of the request. */
  private static final int ANSWER_BYTES = 16;

  private final ConnectionSource source;
  private final Settings.Statements settings;
  private final ServerFunctions functions;
  private final Installations installations;
  private final DeadlineMonitor watch;
  private final LongAdder underWay = new LongAdder();

  // half the size of the smallest request with a result that the driver rejected
  private volatile long bytesMax = Long.MAX_VALUE;

  // null if the last attempt to borrow a connection succeeded
  private volatile @Nullable NoConnection noConnection;

  /** Creates an executor that uses connections from a source. */
  public StatementExecutor(
      ConnectionSource source, Settings.Statements settings, ServerFunctions functions) {
    this(
        source,
        settings,
        functions,
        new Installations(functions, settings.schema()),
        new DeadlineMonitor(settings.callTimeout()));
  }

  StatementExecutor(
      ConnectionSource source,
      Settings.Statements settings,
      ServerFunctions functions,
      Installations installations,
      DeadlineMonitor watch) {
    this.source = source;
    this.settings = settings;
    this.functions = functions;
    this.installations = installations;
    this.watch = watch;
  }

  /** Returns an executor that uses the caller's connection. The caller closes the connection. */
  public StatementExecutor on(Connection connection) {
    return new StatementExecutor(new Bound(connection), settings, functions, installations, watch);
  }

  /** Returns whether a statement would run on a connection that is bound to the calling thread. */
  public boolean isBound() {
    try {
      return !source.mayJoinBatch();
    } catch (RuntimeException e) {
      throw SqlErrors.noConnection(e);
    }
  }

  /** Runs work for a single call that has not waited in a queue. */
  public <A, T> T run(Deadline deadline, A argument, WorkWith<A, T> work) {
    return run(deadline, null, Integer.MAX_VALUE, argument, work);
  }

  /**
   * Runs work on a connection. If the connection is lost, retries on other connections until the
   * deadline, because after a server restart a pool can return all its old connections one after
   * the other. There are no retries if the connection belongs to the caller or depends on the
   * calling thread.
   *
   * @param context the purpose and the deadline of the statement
   */
  public <T> T run(StatementContext context, Work<T> work) {
    return run(context, Integer.MAX_VALUE, work);
  }

  /**
   * Runs work like {@link #run(StatementContext, Work)}, with a limited number of retries.
   *
   * @param retries the maximum number of retries after lost connections
   */
  <T> T run(StatementContext context, int retries, Work<T> work) {
    return run(context.deadline(), context, retries, work, (session, known) -> known.on(session));
  }

  private <A, T> T run(
      Deadline deadline,
      @Nullable StatementContext context,
      int retries,
      A argument,
      WorkWith<A, T> work) {
    boolean bound = isBound();
    FunctionCallException lost = null;
    int sent = 0;
    underWay.increment();
    try {
      for (int lostBefore = 0; ; lostBefore++) {
        try {
          return attempt(deadline, context, bound, lostBefore > 0, argument, work);
        } catch (FunctionCallException e) {
          if (e.code() != Code.CONNECTION_LOST) {
            throw lost == null ? e : afterLoss(lost, e);
          }
          if (!e.problem().equals(SqlErrors.FOUND_DEAD)) {
            sent++;
          }
          if (bound
              || lostBefore >= retries
              || sent >= SENT_MAX
              || !prepareRetry(e, lostBefore, deadline)) {
            throw e;
          }
          lost = e;
        }
      }
    } finally {
      underWay.decrement();
    }
  }

  /**
   * Prepares a retry: pauses, and notifies the listener. Returns false if no retry is allowed or no
   * time is left.
   */
  boolean prepareRetry(FunctionCallException lost, int lostBefore, Deadline deadline) {
    if (!settings.retryOnConnectionLoss() || !pauseAfter(lostBefore, deadline)) {
      return false;
    }
    settings.listener().retrying(new Events.Retry(lost));
    return true;
  }

  /**
   * Returns the more specific of two errors: a lost connection rather than the resulting timeout.
   */
  private static FunctionCallException afterLoss(
      FunctionCallException lost, FunctionCallException e) {
    FunctionCallException telling = e.code() == Code.TIMEOUT ? lost : e;
    telling.addSuppressed(telling.equals(e) ? lost : e);
    return telling;
  }

  /**
   * Pauses before another connection is tried. The pause increases with the number of lost
   * connections, because a server may accept each connection and terminate it again. Returns false
   * if no time is left.
   */
  static boolean pauseAfter(int lostBefore, Deadline deadline) {
    long nanos = TimeUnit.MILLISECONDS.toNanos(pauseMillis(lostBefore));
    if (deadline.nanosLeft() <= nanos) {
      return false;
    }
    if (nanos > 0) {
      LockSupport.parkNanos(nanos);
    }
    return true;
  }

  /** Returns the duration of the pause before another connection is tried. */
  static int pauseMillis(int lostBefore) {
    return Math.min(lostBefore, PAUSE_MAX_MILLIS);
  }

  /**
   * Returns whether the driver would probably reject the answer to these requests because of its
   * size.
   */
  public boolean exceedsDriverLimit(List<? extends Request> requests) {
    return bytesMax < Long.MAX_VALUE && requests.size() > 1 && bytes(requests) > bytesMax;
  }

  /** Records that the driver rejected the answer to these requests. */
  public void noteDriverLimit(List<? extends Request> requests) {
    bytesMax = Math.min(bytesMax, bytes(requests) / 2);
  }

  private static long bytes(List<? extends Request> requests) {
    long bytes = 0;
    for (Request request : requests) {
      bytes += request.bytes() + ANSWER_BYTES;
    }
    return bytes;
  }

  /** Returns whether no statement is in flight, not even on a caller's own connection. */
  public boolean isQuiet() {
    return underWay.sum() == 0 && watch.isIdle();
  }

  /**
   * Rejects new statements, including statements on callers' own connections. All statements that
   * are not rejected are already in flight when this method returns.
   */
  public void close() {
    watch.close();
  }

  /** Returns the number of statements in flight, without statements on callers' own connections. */
  public int inFlight() {
    return underWay.intValue();
  }

  private <A, T> T attempt(
      Deadline deadline,
      @Nullable StatementContext context,
      boolean bound,
      boolean validate,
      A argument,
      WorkWith<A, T> work) {
    if (!settings.listens()) {
      return attemptWatched(deadline, bound, validate, argument, work);
    }
    StatementContext told = context == null ? StatementContext.single(deadline) : context;
    settings.listener().statementStarting(new Events.Starting(told.kind(), told.calls()));
    long begin = System.nanoTime();
    FunctionCallException error = null;
    try {
      return attemptWatched(deadline, bound, validate, argument, work);
    } catch (RuntimeException | Error e) {
      error = Errors.ofCall(e);
      throw e;
    } finally {
      settings
          .listener()
          .statementEnded(new Events.Statement(told, System.nanoTime() - begin, error));
    }
  }

  private <A, T> T attemptWatched(
      Deadline deadline, boolean bound, boolean validate, A argument, WorkWith<A, T> work) {
    DeadlineMonitor.WatchedStatement watched = watch.statement(source, deadline);
    try {
      watched.begin();
      Connection connection = connect(watched, deadline);
      return use(connection, watched, deadline, bound, validate, argument, work);
    } finally {
      // must precede all method calls, because the stack may have overflowed
      watched.left = true;
      watched.leave();
    }
  }

  /**
   * Runs work on a connection and releases the connection. Throws if the deadline has passed, even
   * if the work succeeded.
   */
  @SuppressWarnings("try") // the end of the block restores the connection's own timeout
  private <A, T> T use(
      Connection connection,
      DeadlineMonitor.WatchedStatement watched,
      Deadline deadline,
      boolean bound,
      boolean validate,
      A argument,
      WorkWith<A, T> work) {
    boolean answered = false;
    boolean sent = !validate;
    try {
      T answer;
      try (NetworkTimeout unused = watched.isTimed ? null : NetworkTimeout.of(connection);
          var session = new Session(watched, connection, bound)) {
        if (validate) {
          session.validate();
          sent = true;
        }
        answer = work.on(session, argument);
        watched.reusable = true;
      }
      answered = true;
      if (!watched.end()) {
        return answer;
      }
    } catch (SQLException e) {
      FunctionCallException error = translate(e, connection, deadline);
      if (!sent && error.code() == Code.CONNECTION_LOST) {
        error = SqlErrors.foundDead(e);
      }
      watched.reusable = bound || isReusableAfter(error);
      if (!watched.end()) {
        throw error;
      }
    } catch (FunctionCallException e) {
      watched.reusable = bound || isReusableAfter(e);
      if (!watched.end()) {
        throw e;
      }
    } catch (RuntimeException e) {
      if (!watched.end()) {
        SQLException reported = SqlErrors.reported(e);
        if (reported != null) {
          throw translate(reported, connection, deadline);
        }
        // if the pool has closed the connection, it cannot be unwrapped to check the driver
        throw isClosed(connection) || watched.isOfPgjdbc()
            ? Errors.unexpected(e)
            : SqlErrors.ofForeignDriver(e, functions);
      }
    } finally {
      boolean aborted = watched.end() || !watched.reusable || (watched.responseMismatch && !bound);
      if (aborted) {
        watched.abortAll();
      }
      release(watched, aborted || !answered, aborted, bound);
      watched.released = true;
    }
    throw Errors.timedOut(deadline.timeout());
  }

  /**
   * Returns whether a connection can be used again after an error. After a mismatched answer, it
   * cannot, because the statement that ran instead may have begun a transaction. After an answer
   * that exceeded the driver's limit, it cannot, because the driver has closed the connection, and
   * the pool may not notice this.
   */
  private static boolean isReusableAfter(FunctionCallException error) {
    return error.code() != Code.RESPONSE_MISMATCH && !SqlErrors.isDriverLimit(error);
  }

  private FunctionCallException translate(
      SQLException e, Connection connection, Deadline deadline) {
    CallProblem refusal = refusal(e, connection);
    if (refusal != null) {
      return new FunctionCallException(refusal, e.getSQLState(), null);
    }
    FunctionCallException error =
        e.getSQLState() == null && isClosed(connection)
            ? SqlErrors.connectionLost(e, functions)
            : SqlErrors.translate(e, deadline.timeout(), functions);
    // on a virtual thread, an interrupt closes the socket
    return error.code() == Code.CONNECTION_LOST && Thread.currentThread().isInterrupted()
        ? Errors.interrupted()
        : error;
  }

  /**
   * Returns the problem with a checked argument that the server rejected; null if the error has
   * another cause.
   */
  private @Nullable CallProblem refusal(SQLException e, Connection connection) {
    ArgumentChecks checks = functions.checks();
    String state = e.getSQLState();
    if (checks == null || state == null) {
      return null;
    }
    String encoding = null;
    try {
      encoding = serverEncoding(connection);
    } catch (SQLException ignored) {
      // the error of the statement is reported without the encoding
    }
    return checks.problem(state, encoding);
  }

  private static @Nullable String serverEncoding(Connection connection) throws SQLException {
    return connection.isWrapperFor(PGConnection.class)
        ? connection.unwrap(PGConnection.class).getParameterStatus("server_encoding")
        : null;
  }

  /**
   * Returns whether a pooler may mix up the driver's prepared statements. This is the case if the
   * server process differs from the one reported at login. Newer versions of PgBouncer report
   * whether they track prepared statements.
   */
  private static boolean mayBeMixedUp(Connection connection, Installation found)
      throws SQLException {
    if (found.isTracked() || !connection.isWrapperFor(PGConnection.class)) {
      return false;
    }
    PGConnection driver = connection.unwrap(PGConnection.class);
    String tracked = driver.getParameterStatus("pgbouncer.max_prepared_statements");
    return driver.getBackendPID() != found.processId()
        && driver.getPrepareThreshold() != 0
        && driver.getPreferQueryMode() != PreferQueryMode.SIMPLE
        && (tracked == null || tracked.equals("0"))
        && !"session".equals(driver.getParameterStatus("pgbouncer.pool_mode"));
  }

  /**
   * Returns whether a connection is closed. The SQLSTATE does not show this, because pools report
   * no SQLSTATE for connections that they have closed.
   */
  private static boolean isClosed(Connection connection) {
    try {
      return connection.isClosed();
    } catch (SQLException e) {
      return true;
    }
  }

  /**
   * Closes a connection immediately, even if it is in use, because a part of a message may have
   * been sent. Pools notice the closed connection when it is returned.
   */
  static void abort(Connection connection) {
    try {
      connection.abort(DIRECT);
    } catch (SQLException | RuntimeException e) {
      LOG.log(Level.WARNING, "A connection in an unknown state could not be closed", e);
    }
  }

  private Connection connect(DeadlineMonitor.WatchedStatement watched, Deadline deadline) {
    try {
      Connection connection = watched.connect();
      if (connection != null) {
        if (noConnection != null) {
          noConnection = null;
        }
        return connection;
      }
      throw new SQLException("the source of connections returned null");
    } catch (SQLException | RuntimeException e) {
      FunctionCallException error =
          deadline.isOver() && !Thread.currentThread().isInterrupted()
              ? SqlErrors.noConnectionWithin(deadline.timeout(), e)
              : SqlErrors.noConnection(e);
      if (error.code() != Code.INTERRUPTED) {
        noConnection = new NoConnection(error, deadline.timeout());
      }
      throw error;
    }
  }

  /**
   * Returns the error for a call that timed out while it waited for other calls or for a leader. If
   * no other call has a connection, the error reports the missing connection, otherwise the
   * timeout.
   */
  public FunctionCallException timedOut(Duration timeout) {
    NoConnection reason = noConnection;
    if (reason != null) {
      return Errors.again(Errors.withTimeout(reason.error, reason.timeout, timeout));
    }
    return watch.allWaitFor(source)
        ? SqlErrors.noConnectionWithin(timeout, null)
        : Errors.timedOut(timeout);
  }

  /**
   * Releases the connection of a statement. A pool may replace a dead connection, which can take
   * any amount of time. Therefore, another thread releases a dead connection, unless the source
   * depends on the thread. The call waits for the release only until shortly after the deadline.
   *
   * @param failed whether the statement has no answer
   */
  private void release(
      DeadlineMonitor.WatchedStatement watched, boolean failed, boolean aborted, boolean bound) {
    Connection connection = Objects.requireNonNull(watched.connection);
    if (!failed || bound || settings.routesCalls() || !watched.isClosed()) {
      release(source, connection, aborted);
      return;
    }
    var released = new CountDownLatch(1);
    Runnable release =
        () -> {
          try {
            release(source, connection, aborted);
          } finally {
            released.countDown();
          }
        };
    if (Threads.tryStart("pg-extension-release", release)) {
      try {
        long left = Math.max(watched.deadline.nanosLeft(), RELEASE_NANOS);
        boolean unused = released.await(left, TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    } else {
      release.run();
    }
  }

  /**
   * Releases a connection.
   *
   * @param aborted whether the connection was aborted, so that a failure is expected
   */
  static void release(ConnectionSource source, Connection connection, boolean aborted) {
    try {
      source.release(connection);
    } catch (SQLException | RuntimeException e) {
      // the outcome of the call is more important
      LOG.log(aborted ? Level.DEBUG : Level.WARNING, "A connection could not be released", e);
    }
  }

  @Override
  public String toString() {
    return source.toString();
  }

  /** A connection while it is in use. */
  public final class Session implements AutoCloseable {
    private final DeadlineMonitor.WatchedStatement watched;
    private final boolean switchedAutoCommit;
    private final boolean inTransaction;

    private Session(DeadlineMonitor.WatchedStatement watched, Connection connection, boolean bound)
        throws SQLException {
      this.watched = watched;
      // if the deadline passed while the connection was being borrowed, a statement would only
      // break the connection
      checkTime();
      boolean autoCommit = connection.getAutoCommit();
      // Enabling autocommit saves a round trip, and the connection has no open transaction that
      // this could commit. This is not done if the thread determines the connection, because JTA
      // may begin a transaction with this statement.
      this.switchedAutoCommit =
          !autoCommit && !bound && !settings.routesCalls() && watched.isIdle();
      this.inTransaction = bound || (!autoCommit && !switchedAutoCommit);
      if (switchedAutoCommit) {
        switchOn(connection);
      }
    }

    private static void switchOn(Connection connection) throws SQLException {
      try {
        connection.setAutoCommit(true);
      } catch (SQLException e) {
        if (isClosed(connection)) {
          throw e;
        }
        throw SqlErrors.inTransaction(e);
      }
    }

    private Connection connection() {
      return Objects.requireNonNull(watched.connection);
    }

    /** Returns the encoding of the database; null if unknown. */
    public @Nullable String serverEncoding() throws SQLException {
      return StatementExecutor.serverEncoding(connection());
    }

    private void checkTime() {
      if (watched.deadline.isOver()) {
        throw Errors.timedOut(watched.deadline.timeout());
      }
    }

    /**
     * Throws if the server does not answer on this connection. Uses a statement, because some pools
     * detect a dead connection only when a statement fails.
     */
    private void validate() throws SQLException {
      limitTime();
      try (Statement statement = connection().createStatement()) {
        boolean unused = statement.execute("SELECT 1");
      }
    }

    /** Limits the statement to the call's remaining time. */
    private void limitTime() throws SQLException {
      checkTime();
      if (!watched.isTimed) {
        NetworkTimeout.limit(connection(), watched.deadline.nanosLeft());
      }
    }

    /** Returns the error for a mismatched answer, and marks the connection to be closed. */
    public FunctionCallException mismatch() {
      watched.responseMismatch = true;
      return Errors.mismatch(functions.extension());
    }

    /** Restores the original state of the connection. */
    @Override
    public void close() {
      try {
        if (switchedAutoCommit) {
          connection().setAutoCommit(false);
        }
      } catch (SQLException ignored) {
        // this needs no round trip, so an error means that the connection is closed
      }
    }

    /** Calls a function without parameters. */
    public <T> T call(ServerFunction function, Reader<T> reader) throws SQLException {
      return call(function, function, (statement, none) -> {}, reader);
    }

    /**
     * Calls a function.
     *
     * @param argument the argument to bind
     */
    public <A, T> T call(ServerFunction function, A argument, Binder<A> binder, Reader<T> reader)
        throws SQLException {
      String statement = statement(function);
      if (statement == null) {
        return execute(function, find(function), argument, binder, reader);
      }
      try {
        return execute(function, statement, argument, binder, reader);
      } catch (SQLException e) {
        if (!ExtensionProblem.canCause(e) || SqlErrors.isRaisedInFunction(e, functions)) {
          throw e;
        }
        if (inTransaction) {
          // the transaction has failed, so the lookup is left to the next call
          installations.forget(connection());
          throw e;
        }
        // the extension may have been moved or dropped since it was found
        String again = find(function);
        if (!again.equals(statement)) {
          return execute(function, again, argument, binder, reader);
        }
        if ("42883".equals(e.getSQLState())) {
          throw SqlErrors.libraryTooOld(e, functions.extension());
        }
        throw e;
      }
    }

    /**
     * Returns whether this function can be called. If the function is not in the cache, queries the
     * server.
     */
    public boolean offers(ServerFunction function) throws SQLException {
      if (statement(function) != null) {
        return true;
      }
      // the extension may have been updated in the meantime
      look();
      return statement(function) != null;
    }

    /** Inspects the installation of the extension. */
    public Preflight look() throws SQLException {
      limitTime();
      Preflight preflight = Preflight.run(connection(), settings.schema(), functions.extension());
      installations.put(preflight, connection());
      return mayBeMixedUp(connection(), preflight.installation())
          ? preflight.behindPooler()
          : preflight;
    }

    private @Nullable String statement(ServerFunction function) throws SQLException {
      return installations.statement(
          function, connection(), inTransaction || settings.routesCalls());
    }

    /**
     * Inspects the installation of the extension. Throws if the given function cannot be called.
     */
    public Preflight lookFor(ServerFunction function) throws SQLException {
      Preflight preflight = look();
      Optional<CallProblem> obstacle = preflight.problemFor(function);
      if (obstacle.isPresent()) {
        throw Errors.of(obstacle.get());
      }
      return preflight;
    }

    /**
     * Looks up the extension, and returns the statement that calls a function. Throws if the
     * function cannot be called.
     */
    private String find(ServerFunction function) throws SQLException {
      return function.callIn(Objects.requireNonNull(lookFor(function).schema()));
    }

    private <A, T> T execute(
        ServerFunction function, String sql, A argument, Binder<A> binder, Reader<T> reader)
        throws SQLException {
      limitTime();
      try (PreparedStatement statement = connection().prepareStatement(sql)) {
        binder.bind(statement, argument);
        try (ResultSet row = statement.executeQuery()) {
          return read(function, row, reader);
        }
      }
    }

    /** Reads a result, which may be the result of an arbitrary other statement. */
    private <T> T read(ServerFunction function, ResultSet row, Reader<T> reader)
        throws SQLException {
      try {
        if (row.next()
            && (function.repeatsArguments() || function.signature().equals(row.getString(1)))) {
          return reader.read(row);
        }
      } catch (FunctionCallException e) {
        throw e;
      } catch (SQLException | RuntimeException e) {
        if (isClosed(connection())) {
          throw e;
        }
      }
      throw Errors.mismatch(functions.extension());
    }
  }

  /** The reason why a call got no connection. */
  private record NoConnection(FunctionCallException error, Duration timeout) {}

  /**
   * The driver's network timeout. It ends a statement only if the JVM cannot start a thread for the
   * {@link DeadlineMonitor}.
   */
  private record NetworkTimeout(Connection connection, int millis) implements AutoCloseable {
    static NetworkTimeout of(Connection connection) throws SQLException {
      return new NetworkTimeout(connection, connection.getNetworkTimeout());
    }

    /** Limits the network timeout of a connection. A shorter timeout is kept. */
    static void limit(Connection connection, long nanos) throws SQLException {
      long limit = Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos));
      int known = connection.getNetworkTimeout();
      if (known == 0 || known > limit) {
        connection.setNetworkTimeout(DIRECT, (int) Math.min(limit, Integer.MAX_VALUE));
      }
    }

    /** Restores the connection's network timeout. */
    @Override
    public void close() {
      try {
        if (connection.getNetworkTimeout() != millis) {
          connection.setNetworkTimeout(DIRECT, millis);
        }
      } catch (SQLException ignored) {
        // this needs no round trip, so an error means that the connection is closed
      }
    }
  }

  /** A connection that belongs to the caller. */
  private record Bound(Connection connection) implements ConnectionSource {
    @Override
    public Connection get() {
      return connection;
    }

    @Override
    public void release(Connection connection) {}

    @Override
    public boolean mayJoinBatch() {
      return false;
    }

    @Override
    public String toString() {
      return "own connection";
    }
  }
}
