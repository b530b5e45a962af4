// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.batching.ArgumentChecks;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.Preflight;
import io.pghello.extension.batching.ServerErrors;
import java.net.SocketTimeoutException;
import java.nio.charset.CharsetEncoder;
import java.sql.SQLException;
import java.util.HashSet;
import org.jspecify.annotations.Nullable;

/** Creates errors about the installation, and translates errors to the client's exception. */
public final class HelloErrors {
  /** The checks of names and counts. */
  public static final ArgumentChecks<HelloRequest> CHECKS = new NameChecks();

  private static final String THE_ANSWER = "The answer";
  private static final String INSUFFICIENT_PRIVILEGE = "42501";

  private HelloErrors() {}

  /** Returns the error for a result that does not match the request. */
  public static FunctionCallException mismatch() {
    return of(ExtensionProblem.mismatch(Function.EXTENSION));
  }

  /** Returns the error for an installation problem. */
  public static FunctionCallException of(ExtensionProblem problem) {
    return of(Preflight.problem(problem));
  }

  /** Returns the error for a problem. */
  static FunctionCallException of(CallProblem problem) {
    return new FunctionCallException(problem, null, null);
  }

  /**
   * Translates the error of a statement in a session that does not belong to the client. Such a
   * statement has no call timeout. Because its transaction has failed, no further statement can
   * determine the reason.
   */
  public static FunctionCallException ofSession(SQLException e) {
    if (ExtensionProblem.canCause(e)) {
      String remedy =
          INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())
              ? "Grant the missing privilege to the role: EXECUTE on the function, or USAGE on its"
                  + " schema. With pg-hello.preflight=fail, this problem is reported at startup,"
                  + " with the GRANT statement."
              : "Create or update it in this database (CREATE EXTENSION pg_hello, ALTER EXTENSION"
                  + " pg_hello UPDATE), or set pg-hello.schema to the schema that contains it."
                  + " With pg-hello.preflight=fail, this problem is reported at startup.";
      return new FunctionCallException(
          new CallProblem(
              Code.SERVER_ERROR,
              "The extension pg_hello cannot be used in its current state: "
                  + ServerErrors.message(e)
                  + ".",
              remedy),
          e.getSQLState(),
          null);
    }
    if (hasSocketTimeout(e)) {
      return new FunctionCallException(
          new CallProblem(
              Code.TIMEOUT,
              "The server did not answer within the connection's socketTimeout.",
              "Try again, check the load of the server, or raise socketTimeout."),
          e.getSQLState(),
          e);
    }
    return ServerErrors.translate(e, Function.EXTENSION, CHECKS);
  }

  private static boolean hasSocketTimeout(SQLException e) {
    var seen = new HashSet<Throwable>();
    Throwable cause = e;
    while (cause != null && seen.add(cause)) {
      if (cause instanceof SocketTimeoutException) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }

  /**
   * Translates server errors about names that have passed the client's checks. The server rejects
   * such a name only because of its length or the encoding of the database.
   */
  private static final class NameChecks implements ArgumentChecks<HelloRequest> {
    @Override
    public @Nullable CallProblem problem(String sqlState, @Nullable String serverEncoding) {
      return switch (sqlState) {
        case "54000" -> NameValidator.tooLarge("");
        case "22P05" -> NameValidator.notInEncoding("");
        case "22021" ->
            ServerEncoding.refusesOwnBytes(serverEncoding) ? NameValidator.notInEncoding("") : null;
        default -> null;
      };
    }

    @Override
    public java.util.function.@Nullable Function<HelloRequest, @Nullable CallProblem> encodingCheck(
        @Nullable String serverEncoding) {
      CharsetEncoder encoder = ServerEncoding.encoder(serverEncoding);
      return encoder == null
          ? null
          : request -> encoder.canEncode(request.name()) ? null : NameValidator.notInEncoding("");
    }

    @Override
    public @Nullable CallProblem mismatchProblem(
        HelloRequest request, @Nullable String serverEncoding) {
      return ServerEncoding.changes(serverEncoding, request.name())
          ? NameValidator.notInEncoding("")
          : null;
    }

    @Override
    public CallProblem withIndex(CallProblem problem, long index) {
      String location = NameValidator.location(index);
      String message = problem.message();
      if (message.startsWith(THE_ANSWER)) {
        message = THE_ANSWER + " to " + location + message.substring(THE_ANSWER.length());
      } else if (message.startsWith(NameValidator.THE_NAME)) {
        String rest = message.substring(NameValidator.THE_NAME.length());
        message = NameValidator.theName(location) + rest;
      }
      return new CallProblem(problem.code(), message, problem.remedy());
    }

    @Override
    public String remedyBehindSqlParser() {
      return "only single calls work: set the schema and batching(false).";
    }
  }
}
