// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.io.Serial;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A call of a function failed. It has a {@link Code} for the kind of the error, and a remedy. It
 * may quote the arguments of the call that failed, in the server's words and in the cause, but of
 * no other call.
 */
public final class FunctionCallException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * The kind of an error. Later versions may add codes, so a {@code switch} needs a {@code
   * default}; {@link #isRetryable} is right for those, too.
   */
  public enum Code {
    /** The extension's files are not on the database server. */
    FILES_MISSING(false),
    /** The files are there, but {@code CREATE EXTENSION} was not run in this database. */
    NOT_CREATED(false),
    /** The extension is in another schema than the one that was set. */
    NOT_ON_PATH(false),
    /** The extension, or its library on the server, is of a version that lacks the function. */
    TOO_OLD(false),
    /** An extension of this name is installed, but it is another build, with other semantics. */
    FOREIGN_BUILD(false),
    /** The role may not use the schema that the function is in. */
    NO_SCHEMA_PRIVILEGE(false),
    /** The role may not execute the function. */
    NO_EXECUTE_PRIVILEGE(false),
    /** A pooler may mix up the driver's prepared statements. A warning; no call fails with it. */
    POOLER(false),
    /** An argument cannot be sent, or the database cannot hold it. For clients that check them. */
    INVALID_ARGUMENT(false),
    /** The answer exceeds the driver's {@code maxResultBuffer}, or a limit of the server. */
    RESULT_TOO_LARGE(false),
    /**
     * The answer does not belong to the request, or the server does not know the statement: a
     * pooler mixes up prepared statements.
     */
    ANSWER_MISMATCH(false),
    /**
     * The login was refused: the user, the password or the database is wrong, the user may not
     * connect, or the client does not trust the server's certificate.
     */
    LOGIN_REFUSED(false),
    /** The source of connections had none. */
    NO_CONNECTION(true),
    /** The connection ended during the call. */
    CONNECTION_LOST(true),
    /** The call took longer than its timeout. */
    TIMEOUT(true),
    /** The server cancelled the call, at a request or because of {@code statement_timeout}. */
    CANCELLED_BY_SERVER(true),
    /**
     * The program cancelled the future of the call, or completed it otherwise. Only a {@link
     * CallListener} sees this code.
     */
    CANCELLED_BY_CALLER(false),
    /** The thread was interrupted while it waited. Its interrupt status is set. */
    INTERRUPTED(false),
    /** The queue of waiting calls is full. */
    OVERLOADED(true),
    /** The client is closed. */
    CLOSED(false),
    /** The server reported an error that is none of the others, or the call failed in this JVM. */
    SERVER_ERROR(false);

    private final boolean retryable;

    Code(boolean retryable) {
      this.retryable = retryable;
    }

    /**
     * Returns whether the same call can succeed if it is made again, a moment later, and nothing
     * else is changed.
     */
    public boolean isRetryable() {
      return retryable;
    }
  }

  private final CallProblem problem;
  private final @Nullable String sqlState;

  /**
   * Creates an exception without an SQLSTATE and with an empty remedy, for tests of a program's
   * error handling.
   *
   * @param code the kind of the error
   * @param message the error in words
   */
  public FunctionCallException(Code code, String message) {
    super(Objects.requireNonNull(message, "message"));
    this.problem = new CallProblem(code, message, "");
    this.sqlState = null;
  }

  /**
   * Creates an exception for a problem.
   *
   * @param sqlState the server's error code; null if the server did not report the error
   * @param cause the exception of the driver or of the program; null if there is none
   */
  public FunctionCallException(
      CallProblem problem, @Nullable String sqlState, @Nullable Throwable cause) {
    super(problem.toString(), cause);
    this.problem = problem;
    this.sqlState = sqlState;
  }

  /** Returns the kind of the error. */
  public Code code() {
    return problem.code();
  }

  /** Returns the remedy; the message ends with it. */
  public String remedy() {
    return problem.remedy();
  }

  /** Returns the error in words, with its remedy. */
  public CallProblem problem() {
    return problem;
  }

  /**
   * Returns the server's error code, e.g. {@code 54000} (PostgreSQL's documentation, "PostgreSQL
   * Error Codes"); empty if the server did not report the error.
   */
  public Optional<String> sqlState() {
    return Optional.ofNullable(sqlState);
  }
}
