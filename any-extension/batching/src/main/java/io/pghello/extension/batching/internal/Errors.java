// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.time.Duration;

/** Creates the client's own errors. {@code SqlErrors} translates the driver's errors. */
public final class Errors {
  public static final String NO_CONNECTION_REMEDY =
      "Check the URL and the size of the pool, and that the server is running.";

  private Errors() {}

  /**
   * Returns the problem for an answer that exceeds the driver's maximum size.
   *
   * @param limit the driver's limit, as a continuation of the message's sentence; empty if unknown
   */
  public static CallProblem overDriverLimit(String limit) {
    return new CallProblem(
        Code.RESULT_TOO_LARGE,
        "The answer is larger than the driver's maxResultBuffer"
            + limit
            + ", so the driver closed the connection.",
        "Raise maxResultBuffer in the driver's URL, or request a smaller result.");
  }

  /** Returns the error for an answer that does not match the request. */
  public static FunctionCallException mismatch(ExtensionDescription extension) {
    ExtensionProblem problem = ExtensionProblem.mismatch(extension);
    return of(new CallProblem(Code.RESPONSE_MISMATCH, problem.message(), problem.remedy()));
  }

  /**
   * Returns the problem for a server session that lacks the statements that the driver prepared, or
   * has different statements with the same names.
   *
   * @param reported the error reported by the server
   */
  public static CallProblem statementsMixedUp(ExtensionDescription extension, String reported) {
    return new CallProblem(
        Code.RESPONSE_MISMATCH,
        "The server's prepared statements differ from the driver's (" + reported + ").",
        ExtensionProblem.mismatch(extension).remedy());
  }

  /**
   * Returns a copy of a problem with mixed-up statements. The copy contains the SQLSTATE instead of
   * the server's message.
   *
   * @param problem the problem with the message
   * @param state the SQLSTATE
   */
  public static CallProblem statementsMixedUp(CallProblem problem, String state) {
    return new CallProblem(
        Code.RESPONSE_MISMATCH,
        "The server's prepared statements differ from the driver's (" + state + ").",
        problem.remedy());
  }

  public static CallProblem timeout(Duration callTimeout) {
    return new CallProblem(
        Code.TIMEOUT,
        "The call took longer than its timeout of " + callTimeout.toMillis() + " ms.",
        "Try again, check the load of the server, or increase the timeout (callTimeout,"
            + " withTimeout).");
  }

  public static CallProblem noConnectionWithin(Duration callTimeout) {
    return new CallProblem(
        Code.CONNECTION_UNAVAILABLE,
        "Could not get a database connection within the timeout of "
            + callTimeout.toMillis()
            + " ms.",
        NO_CONNECTION_REMEDY
            + " To see the reason in the error, make the pool's own timeout"
            + " (connectionTimeout in HikariCP) shorter than the call's.");
  }

  public static FunctionCallException timedOut(Duration callTimeout) {
    return of(timeout(callTimeout));
  }

  /** Returns the error for a call after the program cancelled or completed its future. */
  public static FunctionCallException cancelledByCaller() {
    return of(
        new CallProblem(
            Code.CANCELLED_BY_CALLER,
            "The program cancelled or completed the future of the call before the answer arrived.",
            "You can ignore this error if the program did so intentionally."));
  }

  public static FunctionCallException interrupted() {
    return of(
        new CallProblem(
            Code.INTERRUPTED,
            "The thread was interrupted while it waited for an answer.",
            "Let the thread end, or clear its interrupt status and try again."));
  }

  public static FunctionCallException overloaded() {
    return of(
        new CallProblem(
            Code.OVERLOADED,
            "Too many calls are waiting, or their arguments are too large.",
            "Try again later, make fewer concurrent calls, or raise the client's limits."));
  }

  public static FunctionCallException closed() {
    return of(
        new CallProblem(
            Code.CLOSED, "The client is closed.", "Make all calls before the client is closed."));
  }

  /**
   * Returns the error for a call that cannot be timed out, because the JVM cannot start a thread.
   */
  public static FunctionCallException noThread() {
    return of(
        new CallProblem(
            Code.SERVER_ERROR,
            "The call failed in this JVM, which cannot start another thread.",
            "Allow the process more threads or more memory, or start fewer threads."));
  }

  /** Returns the error for a call after an unexpected exception of its statement. */
  public static FunctionCallException unexpected(Throwable e) {
    var problem =
        new CallProblem(
            Code.SERVER_ERROR,
            "The call failed in this JVM: " + e.getClass().getName() + ".",
            "See the cause.");
    return new FunctionCallException(problem, null, e);
  }

  /** Returns the error that listeners receive if a call throws this exception. */
  public static FunctionCallException ofCall(Throwable e) {
    return e instanceof FunctionCallException error ? error : unexpected(e);
  }

  /**
   * Copies an error from another thread, with the stack trace of the current thread, which made the
   * call.
   */
  public static FunctionCallException again(FunctionCallException e) {
    var again = new FunctionCallException(e.problem(), e.sqlState().orElse(null), e.getCause());
    for (Throwable before : e.getSuppressed()) {
      again.addSuppressed(before);
    }
    return again;
  }

  /**
   * Adapts a batch's error to a call that was part of the batch, or waited for it, and has a
   * different timeout. Returns the same error if the error does not mention a timeout.
   *
   * @param mentioned the timeout that the error mentions
   * @param own the timeout of the call
   */
  public static FunctionCallException withTimeout(
      FunctionCallException e, Duration mentioned, Duration own) {
    if (own.equals(mentioned)) {
      return e;
    }
    CallProblem problem = e.problem();
    if (problem.equals(timeout(mentioned))) {
      return timedOut(own);
    }
    return problem.equals(noConnectionWithin(mentioned))
        ? new FunctionCallException(
            noConnectionWithin(own), e.sqlState().orElse(null), e.getCause())
        : e;
  }

  /** Returns the error for a problem that neither the server nor the driver has reported. */
  public static FunctionCallException of(CallProblem problem) {
    return new FunctionCallException(problem, null, null);
  }
}
