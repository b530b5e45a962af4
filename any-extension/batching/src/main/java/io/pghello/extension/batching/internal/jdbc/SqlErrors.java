// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.Preflight;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.ServerFunctions;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Translates errors of statements, from the server and the driver. For the meaning of the
 * SQLSTATEs, see the appendix "PostgreSQL Error Codes" of PostgreSQL's documentation.
 *
 * <p>If the client checks the arguments, server errors are not attached as causes, because the
 * context of a server error can contain the parameters ({@code log_parameter_max_length_on_error}).
 * The primary messages of server errors are included, except the messages of SQLSTATE class 22,
 * which can contain parameters. If the client does not check the arguments, the program receives
 * everything that the server reports.
 */
public final class SqlErrors {
  /**
   * The server's C functions that check whether a request matches its prepared statement. The
   * server includes the names of such functions in its errors.
   */
  private static final Set<String> OF_OTHER_STATEMENT =
      Set.of("exec_bind_message", "PortalSetResultFormat", "RevalidateCachedQuery");

  /** The C functions of the server that look up a prepared statement or a library. */
  private static final Set<String> OF_SERVER =
      Set.of(
          "FetchPreparedStatement",
          "StorePreparedStatement",
          "exec_execute_message",
          "internal_load_library",
          "expand_dynamic_library_name",
          "find_in_dynamic_libpath");

  /**
   * The server's C functions that report that a library lacks a function, and {@code null} for
   * errors without the name of a C function.
   */
  private static final Set<String> OF_LIBRARY =
      Set.of("load_external_function", "fetch_finfo_record", "null");

  /** The problem for a connection that was found dead before the call's statement was sent. */
  static final CallProblem FOUND_DEAD =
      new CallProblem(
          Code.CONNECTION_LOST,
          "The connection to the database was lost before the call.",
          "Try again on another connection.");

  // in every language, the driver's message contains the name of this property
  private static final String DRIVER_LIMIT = "maxResultBuffer";

  private static final Pattern NUMBER = Pattern.compile("[0-9]+");

  private SqlErrors() {}

  /** Returns the error for a loaded library that lacks a declared function. */
  static FunctionCallException libraryTooOld(SQLException e, ExtensionDescription extension) {
    return of(Preflight.problem(ExtensionProblem.libraryTooOld(extension)), e, null);
  }

  /**
   * Translates an error from a statement.
   *
   * @param functions the functions that the client calls
   */
  public static FunctionCallException translate(
      SQLException e, Duration callTimeout, ServerFunctions functions) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    return switch (state) {
      case "58P01" ->
          isRaisedBy(e, functions)
              ? other(e, state, callTimeout, functions)
              : of(
                  Preflight.problem(ExtensionProblem.libraryMissing(functions.extension())),
                  e,
                  null);
      case "57014" ->
          of(
              new CallProblem(
                  Code.CANCELLED_BY_SERVER,
                  "The server cancelled the call, on request or because it took too long.",
                  "Try again, or raise statement_timeout."),
              e,
              null);
      default -> other(e, state, callTimeout, functions);
    };
  }

  /**
   * Returns whether the server confused a prepared statement with another one, or does not have the
   * statement. This happens behind poolers that do not track prepared statements. The codes are
   * 26000 (the statement does not exist), 42P05 (a statement with this name already exists), 02000
   * (the statement returns no rows), and 22P02, 22P03 and 22021 (a parameter is not valid for its
   * type). The last three codes count only if the client checks the arguments, which then always
   * have the right type and are valid UTF-8. Without these checks, the called function may raise
   * these codes because of an argument.
   */
  private static boolean isOfOtherStatement(
      SQLException e, String state, ServerFunctions functions) {
    return switch (state) {
      case "26000", "42P05", "02000" ->
          !isRaisedBy(e, functions) && !hasContextOfFunction(e, functions);
      case "22P02", "22P03", "22021" -> functions.areChecked();
      // poolers and the server also use these codes for many other errors
      case "08P01", "0A000" ->
          OF_OTHER_STATEMENT.contains(
                  String.valueOf(reportedField(e, ServerErrorMessage::getRoutine)))
              && !hasContextOfFunction(e, functions);
      default -> false;
    };
  }

  /**
   * Returns true if the called function raised the error, and false if the server raised it while
   * looking up a prepared statement or a library. Always false if the client checks the arguments.
   */
  private static boolean isRaisedBy(SQLException e, ServerFunctions functions) {
    String routine =
        functions.areChecked() ? null : reportedField(e, ServerErrorMessage::getRoutine);
    return routine != null && !OF_SERVER.contains(routine);
  }

  /**
   * Returns whether the called function raised the error while it ran. Always false if the client
   * checks the arguments. Errors about the call itself, such as a missing function, have a position
   * in the statement but no context. An error in a function that the planner has inlined has
   * neither.
   */
  static boolean isRaisedInFunction(SQLException e, ServerFunctions functions) {
    return hasContextOfFunction(e, functions)
        || (!functions.areChecked()
            && Set.of("42883", "3F000").contains(String.valueOf(e.getSQLState()))
            && Integer.valueOf(0).equals(reportedField(e, ServerErrorMessage::getPosition))
            && !OF_LIBRARY.contains(
                String.valueOf(reportedField(e, ServerErrorMessage::getRoutine))));
  }

  private static boolean hasContextOfFunction(SQLException e, ServerFunctions functions) {
    return !functions.areChecked() && reportedField(e, ServerErrorMessage::getWhere) != null;
  }

  private static FunctionCallException other(
      SQLException e, String state, Duration callTimeout, ServerFunctions functions) {
    if (hasCause(e, SocketTimeoutException.class)) {
      return of(Errors.timeout(callTimeout), e, e);
    }
    if (isOfDriverLimit(e)) {
      return of(driverLimit(e), null, cause(e, functions));
    }
    String words = serverMessage(e);
    // class 22: data exceptions; their messages quote the data
    boolean told =
        words != null
            && !(functions.areChecked() && String.valueOf(reportedState(e)).startsWith("22"));
    if (isOfOtherStatement(e, state, functions)) {
      String reported = told ? state + ": " + words : state;
      return of(Errors.statementsMixedUp(functions.extension(), reported), e, null);
    }
    // 08: connection exceptions; 57P: the server was shut down or terminated this session; 25P03
    // and 25P04: the session was terminated because its transaction was idle or open for too long
    if (state.startsWith("08")
        || state.startsWith("57P")
        || state.equals("25P03")
        || state.equals("25P04")
        || isLossOfPgpool(state, words)) {
      return connectionLost(e, functions);
    }
    if (state.equals("25P02")) {
      return of(
          new CallProblem(
              Code.SERVER_ERROR,
              "The transaction of this connection had already failed before the call.",
              "Roll it back."),
          e,
          null);
    }
    if (words == null
        && !isOfPgjdbc(e)
        && (state.startsWith("42") || e instanceof SQLFeatureNotSupportedException)) {
      return ofForeignDriver(e, functions);
    }
    return of(
        new CallProblem(
            Code.SERVER_ERROR,
            (words == null ? "The driver" : "The server")
                + " reported an error"
                + (state.isEmpty() ? "" : " (" + state + ")")
                + (told ? ": " + words + "." : "."),
            words == null
                ? "See the cause."
                : "See %sthe error code in PostgreSQL's documentation, and the server's log."
                    .formatted(functions.areChecked() ? "" : "the cause, ")),
        e,
        cause(e, functions));
  }

  /**
   * Returns whether the server's response exceeded the driver's size limit. The driver reports this
   * with the SQLSTATE of a lost connection, and closes the connection.
   */
  private static boolean isOfDriverLimit(SQLException e) {
    return isOfPgjdbc(e)
        && serverError(e) == null
        && !hasCause(e, IOException.class)
        && String.valueOf(e.getMessage()).contains(DRIVER_LIMIT);
  }

  private static CallProblem driverLimit(SQLException e) {
    // the message contains the limit and the size of the response; the limit is the smaller number
    OptionalLong limit =
        NUMBER
            .matcher(String.valueOf(e.getMessage()))
            .results()
            .mapToLong(number -> Long.parseLong(number.group()))
            .min();
    return Errors.overDriverLimit(limit.isPresent() ? " of " + limit.getAsLong() + " bytes" : "");
  }

  /** Returns whether the driver rejected a response because of its size. */
  public static boolean isDriverLimit(FunctionCallException error) {
    return error.code() == Code.RESULT_TOO_LARGE
        && error.sqlState().isEmpty()
        && error.problem().message().contains(DRIVER_LIMIT);
  }

  /**
   * Returns the error for a connection in a transaction that the client did not begin and must not
   * end.
   */
  static FunctionCallException inTransaction(SQLException e) {
    return of(
        new CallProblem(
            Code.SERVER_ERROR,
            "The connection takes part in a transaction of another resource manager.",
            "Build the client with batching(false), or with a ConnectionSource whose mayJoinBatch"
                + " returns false in a transaction."),
        e,
        driverCause(e));
  }

  /**
   * Returns whether pgpool-II has lost its own connection to the server, which it reports as an
   * internal error. The second message below occurs if the server was already unavailable when the
   * statement was sent.
   */
  private static boolean isLossOfPgpool(String state, @Nullable String words) {
    return state.equals("XX000")
        && words != null
        && (words.startsWith("unable to read data from DB node")
            || words.equals("unable to parse the query"));
  }

  /**
   * Translates an error that does not come from pgjdbc, but may come from a driver that parses SQL
   * itself.
   */
  static FunctionCallException ofForeignDriver(Exception e, ServerFunctions functions) {
    return of(
        new CallProblem(
            Code.SERVER_ERROR,
            "A driver that replaces or wraps pgjdbc could not run the client's SQL ("
                + e.getClass().getSimpleName()
                + ").",
            "See the cause, or configure the client with a data source that uses pgjdbc directly."
                + " Behind a driver that parses SQL itself, such as ShardingSphere's, "
                + (functions.checks() == null
                    ? "functions with array parameters do not work."
                    : functions.checks().remedyBehindSqlParser())),
        e,
        e);
  }

  static FunctionCallException connectionLost(SQLException e, ServerFunctions functions) {
    return of(
        new CallProblem(
            Code.CONNECTION_LOST,
            "The connection to the database was lost during the call.",
            "Try again on another connection."),
        e,
        cause(e, functions));
  }

  static FunctionCallException foundDead(SQLException e) {
    return of(FOUND_DEAD, e, driverCause(e));
  }

  /**
   * Returns the cause to attach to an exception; null if the cause could contain an argument of a
   * checked call.
   */
  private static @Nullable SQLException cause(SQLException e, ServerFunctions functions) {
    return functions.areChecked() ? driverCause(e) : e;
  }

  /** Returns a driver error as the cause to attach; null if the server reported the error. */
  private static @Nullable SQLException driverCause(SQLException e) {
    return reported(e) == null ? e : null;
  }

  /** Returns whether an error comes from the network. */
  static boolean isOfNetwork(@Nullable Throwable e) {
    return e != null && hasCause(e, IOException.class);
  }

  /** Returns the server error in an exception; null if there is none. */
  static @Nullable SQLException reported(Throwable e) {
    for (Throwable cause : causes(e)) {
      if (cause instanceof SQLException error && serverError(error) != null) {
        return error;
      }
    }
    return null;
  }

  /** Returns whether an error comes from pgjdbc, in any class loader. */
  static boolean isOfPgjdbc(SQLException e) {
    return e.getClass().getName().equals(PSQLException.class.getName());
  }

  /** Returns the part of an error that the server sent; null if the error is the driver's own. */
  private static @Nullable ServerErrorMessage serverError(SQLException e) {
    if (e instanceof PSQLException ours) {
      return ours.getServerErrorMessage();
    }
    return isOfPgjdbc(e) ? ForeignErrors.serverError(e) : null;
  }

  /** Returns a field of the server error; null if there is none. */
  private static <T> @Nullable T reportedField(
      SQLException e, Function<ServerErrorMessage, @Nullable T> field) {
    SQLException reported = reported(e);
    ServerErrorMessage error = reported == null ? null : serverError(reported);
    return error == null ? null : field.apply(error);
  }

  private static @Nullable String reportedState(SQLException e) {
    SQLException reported = reported(e);
    return reported == null ? null : reported.getSQLState();
  }

  static boolean hasCause(Throwable e, Class<? extends Throwable> type) {
    return causes(e).stream().anyMatch(type::isInstance);
  }

  /** Returns an error and its causes, without duplicates, because causes can be circular. */
  static Set<Throwable> causes(Throwable e) {
    var causes = new LinkedHashSet<Throwable>();
    Throwable cause = e;
    while (cause != null && causes.add(cause)) {
      cause = cause.getCause();
    }
    return causes;
  }

  /** Returns the server's primary message; null if the error comes from the driver. */
  public static @Nullable String serverMessage(SQLException e) {
    return reportedField(e, ServerErrorMessage::getMessage);
  }

  static FunctionCallException of(
      CallProblem problem, @Nullable Exception reported, @Nullable Throwable cause) {
    String state = reported instanceof SQLException sql ? sql.getSQLState() : null;
    return new FunctionCallException(problem, state, cause);
  }
}
