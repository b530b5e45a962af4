// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloProblem;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Says what the driver's exceptions mean. The codes are PostgreSQL's (its documentation,
 * "PostgreSQL Error Codes").
 */
public final class Errors {
  private Errors() {}

  /** Can this error come from the way the extension is installed? */
  public static boolean mayBeInstallation(SQLException e) {
    String state = e.getSQLState();
    return "42883".equals(state) || "3F000".equals(state) || "42501".equals(state);
  }

  /** Translates an error of a call. */
  public static PgHelloException translate(SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    return switch (state) {
      case "58P01" -> failure(Preflight.filesMissing("the server cannot load their library"), e, e);
      case "54000" ->
          failure(
              new PgHelloProblem(
                  Code.RESULT_TOO_LARGE,
                  "The greeting would exceed the server's limit of 1 GB for a value.",
                  "Use a shorter name or a smaller count."),
              e,
              e);
      // no cause: the driver's message has a part of the name in it
      case "22021", "22P05" ->
          failure(
              new PgHelloProblem(
                  Code.INVALID_NAME,
                  "The name has a character that the encoding of this database cannot hold.",
                  "Remove it, or use a database with the encoding UTF8."),
              e,
              null);
      case "57014" ->
          failure(
              new PgHelloProblem(
                  Code.CANCELLED,
                  "The server ended the call, because somebody cancelled it or it took too long.",
                  "Try again, or raise statement_timeout."),
              e,
              e);
      default -> other(e, state);
    };
  }

  private static PgHelloException other(SQLException e, String state) {
    if (state.startsWith("08") || state.startsWith("57P")) {
      return failure(
          new PgHelloProblem(
              Code.CONNECTION_LOST,
              "The connection to the database was lost during the call.",
              "Try again on another connection."),
          e,
          e);
    }
    return failure(
        new PgHelloProblem(
            Code.SERVER_ERROR,
            "The server reported an error" + (state.isEmpty() ? "." : " (" + state + ")."),
            "Its own words are in the cause."),
        e,
        e);
  }

  /** Translates an error of the data source. */
  public static PgHelloException noConnection(SQLException e) {
    // a pool says that none is free, and gives as the cause why it has so few
    Throwable reason = e;
    while (reason.getCause() instanceof SQLException deeper) {
      reason = deeper;
    }
    return failure(
        new PgHelloProblem(
            Code.NO_CONNECTION,
            "The data source gave no connection: " + reason.getMessage(),
            "Check that the server runs, the URL and the log-in, and the size of the pool."),
        e,
        e);
  }

  private static PgHelloException failure(
      PgHelloProblem problem, SQLException reported, @Nullable Throwable cause) {
    return new PgHelloException(problem, reported.getSQLState(), cause);
  }
}
