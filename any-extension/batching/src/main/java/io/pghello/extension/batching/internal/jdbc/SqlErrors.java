// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.ServerFunctions;
import io.pghello.extension.batching.internal.installation.Preflight;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;

/**
 * Translates errors of the server, the driver and the source of connections. The codes are
 * PostgreSQL's (its documentation, "PostgreSQL Error Codes").
 *
 * <p>If the client checks the arguments, errors of the server are no cause of our exceptions,
 * because their context can contain the parameters ({@code log_parameter_max_length_on_error});
 * their primary message does not. Otherwise the program gets everything that the server reports.
 */
public final class SqlErrors {
  /** The server's functions that compare a prepared statement with its use, as errors name them. */
  private static final Set<String> OF_OTHER_STATEMENT =
      Set.of("exec_bind_message", "PortalSetResultFormat", "RevalidateCachedQuery");

  /** The server's functions that look for a prepared statement or a library. */
  private static final Set<String> OF_SERVER =
      Set.of(
          "FetchPreparedStatement",
          "StorePreparedStatement",
          "exec_execute_message",
          "internal_load_library",
          "expand_dynamic_library_name",
          "find_in_dynamic_libpath");

  /** A connection that did not answer before the call's statement was sent. */
  static final CallProblem FOUND_DEAD =
      new CallProblem(
          Code.CONNECTION_LOST,
          "The connection to the database was lost before the call.",
          "Try again on another connection.");

  // the driver's message has the property's name in each language
  private static final String DRIVER_LIMIT = "maxResultBuffer";

  private static final Pattern NUMBER = Pattern.compile("[0-9]+");

  private SqlErrors() {}

  /** The library that the server has loaded lacks a function that is declared. */
  static FunctionCallException libraryTooOld(SQLException e, ExtensionDescription extension) {
    return of(Preflight.problem(ExtensionProblem.libraryTooOld(extension)), e, null);
  }

  /**
   * Translates an error of a statement.
   *
   * @param functions those that the client calls
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
                  "The server ended the call, because somebody cancelled it or it took too long.",
                  "Try again, or raise statement_timeout."),
              e,
              null);
      default -> other(e, state, callTimeout, functions);
    };
  }

  /**
   * Returns whether the server took a prepared statement for another one, or does not have it: so
   * do poolers that do not know of them. 26000: it does not have it; 42P05: it has one of that
   * name; 02000: it is none that returns rows; 22P02, 22P03, 22021: a parameter is none of its
   * type. What we send is of the right type, and is UTF-8 whatever the database's encoding is.
   * Other functions than ours may refuse an argument so.
   */
  private static boolean isOfOtherStatement(
      SQLException e, String state, ServerFunctions functions) {
    return switch (state) {
      case "26000", "42P05", "02000" -> !isRaisedBy(e, functions);
      case "22P02", "22P03", "22021" -> functions.areChecked();
      // poolers and the server give these for much else
      case "08P01", "0A000" ->
          OF_OTHER_STATEMENT.contains(String.valueOf(reportedField(e, "getRoutine")));
      default -> false;
    };
  }

  /**
   * Returns whether a function of another extension raised the error, rather than the server while
   * it looked up a prepared statement or a library.
   */
  private static boolean isRaisedBy(SQLException e, ServerFunctions functions) {
    Object routine = functions.areChecked() ? null : reportedField(e, "getRoutine");
    return routine != null && !OF_SERVER.contains(routine.toString());
  }

  /**
   * Returns whether a function of another extension raised the error while it ran. Errors about the
   * call itself, such as a missing function, have no context.
   */
  static boolean isRaisedInFunction(SQLException e, ServerFunctions functions) {
    return !functions.areChecked() && reportedField(e, "getWhere") != null;
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
    // 22: data exceptions with messages that quote the data
    boolean told =
        words != null
            && !(functions.areChecked() && String.valueOf(reportedState(e)).startsWith("22"));
    if (isOfOtherStatement(e, state, functions)) {
      String reported = told ? state + ": " + words : state;
      return of(Errors.statementsMixedUp(functions.extension(), reported), e, null);
    }
    // 08: connection exceptions; 57P: the server is shut down, or ended this session; 25P03 and
    // 25P04: the session or its transaction was idle, or open, for too long, which ends it
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
              "The transaction of this connection has failed before the call.",
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
   * Returns whether the answer was larger than the driver reads. It reports that as the SQLSTATE of
   * a lost connection, and does lose the connection by it.
   */
  private static boolean isOfDriverLimit(SQLException e) {
    return isOfPgjdbc(e)
        && serverError(e) == null
        && !hasCause(e, IOException.class)
        && String.valueOf(e.getMessage()).contains(DRIVER_LIMIT);
  }

  private static CallProblem driverLimit(SQLException e) {
    // the message names the size, too, which is larger
    OptionalLong limit =
        NUMBER
            .matcher(String.valueOf(e.getMessage()))
            .results()
            .mapToLong(number -> Long.parseLong(number.group()))
            .min();
    return Errors.overDriverLimit(limit.isPresent() ? " of " + limit.getAsLong() + " bytes" : "");
  }

  /** Returns whether an answer was refused by the driver, and not by the server. */
  public static boolean isDriverLimit(FunctionCallException error) {
    return error.code() == Code.RESULT_TOO_LARGE
        && error.sqlState().isEmpty()
        && error.problem().message().contains(DRIVER_LIMIT);
  }

  /** The client may not end a transaction that it did not begin. */
  static FunctionCallException inTransaction(SQLException e) {
    return of(
        new CallProblem(
            Code.SERVER_ERROR,
            "The connection takes part in a transaction of another resource manager.",
            "Build the client with coalescing(false), or with a ConnectionSource whose mayJoinBatch"
                + " returns false in a transaction."),
        e,
        driverCause(e));
  }

  /**
   * pgpool-II reports as an internal error that it has lost its own connection to the server. It
   * reports the second one if the server was not ready before the statement.
   */
  private static boolean isLossOfPgpool(String state, @Nullable String words) {
    return state.equals("XX000")
        && words != null
        && (words.startsWith("unable to read data from DB node")
            || words.equals("unable to parse the query"));
  }

  /** Translates an error that is not of pgjdbc: it may be of a driver that reads SQL itself. */
  static FunctionCallException ofForeignDriver(Exception e, ServerFunctions functions) {
    return of(
        new CallProblem(
            Code.SERVER_ERROR,
            "A driver that is not pgjdbc, or hides it, failed at the client's SQL ("
                + e.getClass().getSimpleName()
                + ").",
            "See the cause, or give the client a data source of pgjdbc's own. Behind a driver that"
                + " reads SQL itself, as ShardingSphere's does, "
                + (functions.checks() == null
                    ? "functions of arrays do not work."
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

  /** Returns the cause of our exception; null if it could show an argument of a checked call. */
  private static @Nullable SQLException cause(SQLException e, ServerFunctions functions) {
    return functions.areChecked() ? driverCause(e) : e;
  }

  /** Returns an error of the driver as a cause; null if the server has reported it. */
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

  /** Returns whether an error is of pgjdbc, in whichever class loader that is. */
  private static boolean isOfPgjdbc(SQLException e) {
    return e.getClass().getName().equals(PSQLException.class.getName());
  }

  /** Returns the part of an error that the server has sent; null if it is the driver's own. */
  private static @Nullable Object serverError(SQLException e) {
    return e instanceof PSQLException ours
        ? ours.getServerErrorMessage()
        : isOfPgjdbc(e) ? field(e, "getServerErrorMessage") : null;
  }

  /** Returns a field of the server error; null if there is none. */
  private static @Nullable Object reportedField(SQLException e, String getter) {
    SQLException reported = reported(e);
    Object error = reported == null ? null : serverError(reported);
    return error == null ? null : field(error, getter);
  }

  /** Calls a public method of pgjdbc, which another class loader may have loaded. */
  private static @Nullable Object field(Object object, String getter) {
    try {
      return object.getClass().getMethod(getter).invoke(object);
    } catch (ReflectiveOperationException e) {
      // of a driver that differs: treated as a server error, so that it is not shown
      return "";
    }
  }

  private static @Nullable String reportedState(SQLException e) {
    SQLException reported = reported(e);
    return reported == null ? null : reported.getSQLState();
  }

  /** Translates an error of the source of connections. */
  static FunctionCallException noConnection(Exception e) {
    if (hasCause(e, InterruptedException.class) || Thread.currentThread().isInterrupted()) {
      Thread.currentThread().interrupt();
      return Errors.interrupted();
    }
    SQLException reason = innermost(e);
    if (reason != null && isRefusal(reason)) {
      return refused(reason, e);
    }
    String state = reason == null || reason.getSQLState() == null ? "" : reason.getSQLState();
    String words = sentence(reason == null ? e : reason);
    for (Throwable cause : causes(e)) {
      if (cause instanceof UnknownHostException unknown) {
        return of(
            new CallProblem(
                Code.NO_CONNECTION,
                "Could not get a database connection: the host "
                    + unknown.getMessage()
                    + " is not known.",
                "Correct the host in the URL, or see why its name cannot be resolved."),
            reason,
            e);
      }
    }
    return of(
        new CallProblem(
            Code.NO_CONNECTION,
            "Could not get a database connection: " + words,
            noConnectionRemedy(e, state)),
        reason,
        e);
  }

  private static String noConnectionRemedy(Exception e, String state) {
    if (state.equals("53300")) {
      return "Try again, make the pools of the programs smaller, or raise max_connections.";
    }
    return hasCause(e, ConnectException.class)
        ? "Check that the server runs, and the URL."
        : Errors.NO_CONNECTION_REMEDY;
  }

  private static FunctionCallException refused(SQLException reason, Exception e) {
    if (isOfCertificate(reason)) {
      return of(
          new CallProblem(
              Code.LOGIN_REFUSED,
              "The server's certificate was refused: " + sentence(reason),
              "Connect to the host that the certificate names, give the certificate of its authority"
                  + " as sslrootcert, or renew it; sslmode selects the checks."),
          reason,
          e);
    }
    return of(
        new CallProblem(
            Code.LOGIN_REFUSED,
            "The login was rejected: " + sentence(reason),
            "Correct the user, the password or the database that the client connects with, or"
                + " what the server allows (pg_hba.conf, GRANT CONNECT)."),
        reason,
        e);
  }

  /** A pool reports that no connection is free, with the reason as the cause. */
  private static @Nullable SQLException innermost(Exception e) {
    SQLException innermost = null;
    for (Throwable cause : causes(e)) {
      if (cause instanceof SQLException deeper) {
        innermost = deeper;
      }
    }
    return innermost;
  }

  /**
   * Returns whether the next login will be rejected as well. 28: invalid authorization; 08004: the
   * driver has no password, or does not know the method; 3D000: no such database; 42501: no right
   * to connect. PgBouncer reports refusals and temporary faults with 08P01, so its message decides.
   */
  private static boolean isRefusal(SQLException reason) {
    String state = reason.getSQLState() == null ? "" : reason.getSQLState();
    return state.startsWith("28")
        || (state.equals("08P01") && isRefusalOfPgBouncer(reason))
        || state.equals("08004")
        || state.equals("3D000")
        || state.equals("42501")
        || isOfCertificate(reason);
  }

  private static boolean isRefusalOfPgBouncer(SQLException reason) {
    String words = serverMessage(reason);
    return words != null
        && (words.equals("no such user")
            || words.endsWith("authentication failed")
            || words.startsWith("permission denied for database"));
  }

  /**
   * Returns whether the driver does not trust the server's certificate, or that is another host's.
   * The second one has no exception type. In every language, the message contains the name of the
   * host verifier.
   */
  private static boolean isOfCertificate(SQLException reason) {
    return hasCause(reason, CertificateException.class)
        || (isOfPgjdbc(reason)
            && reported(reason) == null
            && String.valueOf(reason.getMessage()).contains("HostnameVerifier"));
  }

  /** Translates an error of the source of connections that came at the end of the call's time. */
  static FunctionCallException noConnectionWithin(Duration callTimeout, @Nullable Exception e) {
    SQLException reason = e == null ? null : innermost(e);
    if (e != null && reason != null && isRefusal(reason)) {
      return refused(reason, e);
    }
    return of(Errors.noConnectionWithin(callTimeout), e, e);
  }

  public static boolean hasCause(Throwable e, Class<? extends Throwable> type) {
    return causes(e).stream().anyMatch(type::isInstance);
  }

  /** Returns an error and its causes, without duplicates, because causes can be circular. */
  private static Set<Throwable> causes(Throwable e) {
    var causes = new LinkedHashSet<Throwable>();
    Throwable cause = e;
    while (cause != null && causes.add(cause)) {
      cause = cause.getCause();
    }
    return causes;
  }

  private static String sentence(Throwable e) {
    String words = e instanceof SQLException reported ? serverMessage(reported) : null;
    if (words == null) {
      words = e.getMessage() == null ? e.getClass().getName() : e.getMessage();
    }
    // pgjdbc names the password source, even if there is none
    words = words.replace(" by plugin null", "");
    return words.endsWith(".") ? words : words + ".";
  }

  /** The server's primary message; null if the error is the driver's. */
  public static @Nullable String serverMessage(SQLException e) {
    Object words = reportedField(e, "getMessage");
    return words == null ? null : words.toString();
  }

  private static FunctionCallException of(
      CallProblem problem, @Nullable Exception reported, @Nullable Throwable cause) {
    String state = reported instanceof SQLException sql ? sql.getSQLState() : null;
    return new FunctionCallException(problem, state, cause);
  }
}
