// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloProblem;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionProblem;
import java.time.Duration;

/** Creates the errors of the client. {@code SqlErrors} translates those of the driver. */
public final class Errors {
  public static final String NO_CONNECTION_REMEDY =
      "Check that the server runs, the URL, and the size of the pool.";

  private static final String THE_ANSWER = "The answer";

  private Errors() {}

  public static PgHelloProblem notInEncoding(String where) {
    return new PgHelloProblem(
        Code.INVALID_NAME,
        NameValidator.theName(where)
            + " has a character that the encoding of this database cannot hold.",
        "Remove it, or use a database with the encoding UTF8.");
  }

  public static PgHelloProblem tooLarge(String where) {
    return new PgHelloProblem(
        Code.RESULT_TOO_LARGE,
        NameValidator.theName(where)
            + " or its greeting would exceed the server's limit of 1 GB for a value.",
        "Use a shorter name or a smaller count.");
  }

  /**
   * The driver does not read an answer of this size.
   *
   * @param limit the driver's limit, as the sentence continues; empty if it is not known
   */
  public static PgHelloProblem overDriverLimit(String limit) {
    return new PgHelloProblem(
        Code.RESULT_TOO_LARGE,
        THE_ANSWER
            + " is larger than the driver's maxResultBuffer"
            + limit
            + ", which closes the connection.",
        "Raise maxResultBuffer in the driver's URL, or ask for less.");
  }

  /** The same error of one of many names, with its index. */
  public static PgHelloException atIndex(PgHelloException e, long index) {
    String where = NameValidator.where(index);
    String message = e.problem().message();
    if (message.startsWith(THE_ANSWER)) {
      String indexed = THE_ANSWER + " to " + where + message.substring(THE_ANSWER.length());
      return new PgHelloException(
          new PgHelloProblem(e.code(), indexed, e.remedy()), null, e.getCause());
    }
    return new PgHelloException(
        e.code() == Code.INVALID_NAME ? notInEncoding(where) : tooLarge(where),
        e.sqlState().orElse(null),
        null);
  }

  /** The count is none that the function takes. */
  public static PgHelloException invalidRepeat(int repeat) {
    return of(
        new PgHelloProblem(
            Code.INVALID_REPEAT,
            "The repeat count is " + repeat + ".",
            "Use a count between "
                + HelloRequest.REPEAT_MIN
                + " and "
                + HelloRequest.REPEAT_MAX
                + "."));
  }

  /** Returns the error of an answer that does not belong to the request. */
  public static PgHelloException mismatch() {
    return mismatch(Function.EXTENSION);
  }

  /** The same where a function of this extension was called. */
  public static PgHelloException mismatch(ExtensionDescription extension) {
    ExtensionProblem problem = ExtensionProblem.mismatch(extension);
    return of(new PgHelloProblem(Code.ANSWER_MISMATCH, problem.message(), problem.remedy()));
  }

  /**
   * The server does not have the statements that the driver prepared, or others.
   *
   * @param reported what the server said of it
   */
  public static PgHelloProblem statementsMixedUp(ExtensionDescription extension, String reported) {
    return new PgHelloProblem(
        Code.ANSWER_MISMATCH,
        "The server has other prepared statements than the driver (" + reported + ").",
        ExtensionProblem.mismatch(extension).remedy());
  }

  public static PgHelloProblem timeout(Duration callTimeout) {
    return new PgHelloProblem(
        Code.TIMEOUT,
        "The call took longer than its time-out of " + callTimeout.toMillis() + " ms.",
        "Try again, look what the server is busy with, or give calls more time (callTimeout,"
            + " withTimeout).");
  }

  public static PgHelloProblem noConnectionWithin(Duration callTimeout) {
    return new PgHelloProblem(
        Code.NO_CONNECTION,
        "No connection to the database could be had within the time-out of "
            + callTimeout.toMillis()
            + " ms.",
        NO_CONNECTION_REMEDY
            + " A pool says what keeps it from connecting if its own time-out"
            + " (connectionTimeout in HikariCP) is shorter.");
  }

  public static PgHelloException timedOut(Duration callTimeout) {
    return of(timeout(callTimeout));
  }

  /** The program has ended the future of a call, with whatever. */
  public static PgHelloException cancelledByCaller() {
    return of(
        new PgHelloProblem(
            Code.CANCELLED_BY_CALLER,
            "The program cancelled or completed the future of the call before its answer came.",
            "Nothing needs to be done if that was meant."));
  }

  public static PgHelloException interrupted() {
    return of(
        new PgHelloProblem(
            Code.INTERRUPTED,
            "The thread was interrupted while it waited for an answer.",
            "Let the thread end, or clear its interrupt status and try again."));
  }

  public static PgHelloException overloaded() {
    return of(
        new PgHelloProblem(
            Code.OVERLOADED,
            "Too many calls are waiting, or too large ones.",
            "Try again later, make fewer calls at once, or raise the client's limits."));
  }

  public static PgHelloException closed() {
    return of(
        new PgHelloProblem(
            Code.CLOSED, "The client is closed.", "Use it only until it is closed."));
  }

  /** There is no thread that would end the call at its time-out. */
  public static PgHelloException noThread() {
    return of(
        new PgHelloProblem(
            Code.SERVER_ERROR,
            "The call failed in this JVM, which cannot start another thread.",
            "Let the process have more threads or more memory, or start fewer threads."));
  }

  /** Something that was not foreseen failed the statement that carried the call. */
  public static PgHelloException unexpected(Throwable e) {
    var problem =
        new PgHelloProblem(
            Code.SERVER_ERROR,
            "The call failed in this JVM: " + e.getClass().getName() + ".",
            "See the cause.");
    return new PgHelloException(problem, null, e);
  }

  /** Returns the error that a listener is told of a call that threw this. */
  public static PgHelloException ofCall(Throwable e) {
    return e instanceof PgHelloException error ? error : unexpected(e);
  }

  /** The same error with the trace of the current thread, whose call another thread made. */
  public static PgHelloException again(PgHelloException e) {
    var again = new PgHelloException(e.problem(), e.sqlState().orElse(null), e.getCause());
    for (Throwable before : e.getSuppressed()) {
      again.addSuppressed(before);
    }
    return again;
  }

  /**
   * Returns the error for a call with another time-out, which shared the statement, or waited for
   * it; the same error if it does not say the time-out.
   *
   * @param told the time-out that the error says
   * @param own the time-out of the call
   */
  public static PgHelloException withTimeout(PgHelloException e, Duration told, Duration own) {
    if (own.equals(told)) {
      return e;
    }
    PgHelloProblem problem = e.problem();
    if (problem.equals(timeout(told))) {
      return timedOut(own);
    }
    return problem.equals(noConnectionWithin(told))
        ? new PgHelloException(noConnectionWithin(own), e.sqlState().orElse(null), e.getCause())
        : e;
  }

  /** Returns the error of a problem that neither the server nor the driver has reported. */
  public static PgHelloException of(PgHelloProblem problem) {
    return new PgHelloException(problem, null, null);
  }
}
