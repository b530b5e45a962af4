// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.FunctionSession;
import io.pghello.extension.batching.Preflight;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.Errors;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A connection while it is in use. */
public final class Session implements FunctionSession, AutoCloseable {
  private static final CallProblem UNSAFE_POOLER =
      new CallProblem(
          Code.UNSAFE_POOLER,
          "A pooler between client and server may mix up the prepared statements of its clients.",
          "Configure the pooler to track prepared statements (PgBouncer 1.21 and later"
              + " support this, and 1.26 and later report it), or connect with"
              + " prepareThreshold=0. You can ignore this warning if each client has its own"
              + " session.");

  private final SessionContext context;
  private final DeadlineMonitor.WatchedStatement watched;
  private final boolean switchedAutoCommit;
  private final boolean inTransaction;

  Session(
      SessionContext context,
      DeadlineMonitor.WatchedStatement watched,
      Connection connection,
      boolean bound)
      throws SQLException {
    this.context = context;
    this.watched = watched;
    // if the deadline passed while the connection was being borrowed, a statement would only
    // break the connection
    checkTime();
    boolean autoCommit = connection.getAutoCommit();
    // Enabling autocommit saves a round trip. It commits nothing, because the connection has no
    // open transaction. Autocommit remains off if the thread determines the connection, because JTA
    // may begin a transaction with this statement.
    this.switchedAutoCommit =
        !autoCommit && !bound && !context.settings().routesCalls() && watched.isIdle();
    this.inTransaction = bound || (!autoCommit && !switchedAutoCommit);
    if (switchedAutoCommit) {
      switchOn(connection);
    }
  }

  private static void switchOn(Connection connection) throws SQLException {
    try {
      connection.setAutoCommit(true);
    } catch (SQLException e) {
      if (Connections.isClosed(connection)) {
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
    return ServerParameters.encoding(connection());
  }

  private void checkTime() {
    if (watched.deadline.isOver()) {
      throw Errors.timedOut(watched.deadline.timeout());
    }
  }

  /**
   * Throws if the server does not respond on this connection. Uses a statement, because some pools
   * detect a dead connection only when a statement fails.
   */
  void validate() throws SQLException {
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

  @Override
  public FunctionCallException mismatch() {
    watched.responseMismatch = true;
    return Errors.mismatch(context.functions().extension());
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

  @Override
  public <T> T call(ServerFunction function, Reader<T> reader) throws SQLException {
    return call(function, function, (statement, none) -> {}, reader);
  }

  @Override
  public <A, T> T call(ServerFunction function, A argument, Binder<A> binder, Reader<T> reader)
      throws SQLException {
    String statement = statement(function);
    if (statement == null) {
      return execute(function, find(function), argument, binder, reader);
    }
    try {
      return execute(function, statement, argument, binder, reader);
    } catch (SQLException e) {
      if (!ExtensionProblem.canCause(e) || SqlErrors.isRaisedInFunction(e, context.functions())) {
        throw e;
      }
      if (inTransaction) {
        // the transaction has failed, so only the next call can look up the extension
        context.installations().forget(connection());
        throw e;
      }
      // the extension may have been moved or dropped since it was found
      String again = find(function);
      if (!again.equals(statement)) {
        return execute(function, again, argument, binder, reader);
      }
      if ("42883".equals(e.getSQLState())) {
        throw SqlErrors.libraryTooOld(e, context.functions().extension());
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
    preflight();
    return statement(function) != null;
  }

  @Override
  public Preflight preflight() throws SQLException {
    limitTime();
    Preflight preflight =
        Preflight.run(connection(), context.settings().schema(), context.functions().extension());
    context.installations().put(preflight, connection(), mayBeInAnyPlace());
    return ServerParameters.mayMixUpStatements(connection(), preflight.installation())
        ? preflight.withWarning(UNSAFE_POOLER)
        : preflight;
  }

  private @Nullable String statement(ServerFunction function) throws SQLException {
    return context.installations().statement(function, connection(), mayBeInAnyPlace());
  }

  /**
   * Returns whether the connection may belong to another database than the client's own
   * connections.
   */
  private boolean mayBeInAnyPlace() {
    return inTransaction || context.settings().routesCalls();
  }

  /** Inspects the installation of the extension. Throws if the given function cannot be called. */
  private Preflight preflight(ServerFunction function) throws SQLException {
    Preflight preflight = preflight();
    Optional<CallProblem> obstacle = preflight.problemFor(function);
    if (obstacle.isPresent()) {
      throw Errors.of(obstacle.get());
    }
    return preflight;
  }

  /**
   * Looks up the extension, and returns the statement that calls a function. Throws if the function
   * cannot be called.
   */
  private String find(ServerFunction function) throws SQLException {
    return function.callIn(Objects.requireNonNull(preflight(function).schema()));
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

  /** Reads a result, which may belong to any other statement. */
  private <T> T read(ServerFunction function, ResultSet row, Reader<T> reader) throws SQLException {
    try {
      if (row.next()
          && (function.repeatsArguments() || function.signature().equals(row.getString(1)))) {
        return reader.read(row);
      }
    } catch (FunctionCallException e) {
      throw e;
    } catch (SQLException | RuntimeException e) {
      if (Connections.isClosed(connection())) {
        throw e;
      }
    }
    throw Errors.mismatch(context.functions().extension());
  }
}
