// SPDX-License-Identifier: MIT
package io.pghello;

import java.io.Serial;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The one exception of this library. It has a {@link Code} for the kind of the error, and a remedy.
 * Messages and causes never contain the name that was to be greeted.
 */
public final class PgHelloException extends RuntimeException {
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
    /**
     * The extension is in a schema that is not on the {@code search_path}. The client finds it
     * there nevertheless; SQL with unqualified names does not.
     */
    NOT_ON_PATH(false),
    /** The extension, or its library on the server, is of a version that lacks the function. */
    TOO_OLD(false),
    /** An extension of this name is there, but it is another build, with other semantics. */
    FOREIGN_BUILD(false),
    /** The role may not use the schema that the functions are in. */
    NO_SCHEMA_PRIVILEGE(false),
    /** The role may not execute the function. */
    NO_EXECUTE_PRIVILEGE(false),
    /**
     * A pooler is between, which may mix up the driver's prepared statements. A warning of {@link
     * PgHelloOperations#preflight}.
     */
    POOLER(false),
    /**
     * The database is distributed by Citus, whose workers do not learn of a session's settings. A
     * warning of {@link PgHelloOperations#preflight}.
     */
    DISTRIBUTED(false),
    /** The name cannot be a value of PostgreSQL's type {@code text} in this database. */
    INVALID_NAME(false),
    /** The count is not between 1 and 10. */
    INVALID_REPEAT(false),
    /** The name or the greeting would exceed the server's limit of 1 GB for a value. */
    RESULT_TOO_LARGE(false),
    /**
     * The answer does not belong to what was asked, or the server does not know the statement: a
     * pooler mixes up prepared statements.
     */
    ANSWER_MISMATCH(false),
    /**
     * The log-in was refused: the user, the password or the database is wrong, the user may not
     * connect, or the client does not trust the server's certificate.
     */
    LOGIN_REFUSED(false),
    /** No connection could be had. */
    NO_CONNECTION(true),
    /** The connection ended during the call. */
    CONNECTION_LOST(true),
    /** The call took longer than its time-out. */
    TIMEOUT(true),
    /** The server ended the call: somebody cancelled it, or {@code statement_timeout} did. */
    CANCELLED_BY_SERVER(true),
    /**
     * The program cancelled the future of the call, or completed it otherwise. Only a {@link
     * PgHelloListener} sees this code.
     */
    CANCELLED_BY_CALLER(false),
    /** The thread was interrupted while it waited. Its interrupt status is set. */
    INTERRUPTED(false),
    /** More calls, or larger ones, are waiting than the client was told to keep. */
    OVERLOADED(true),
    /** The client is closed. */
    CLOSED(false),
    /** The server reported an error that is none of the others. */
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

    /**
     * Returns whether it is a warning of what may go wrong: {@link PgHelloOperations#preflight}
     * gives it, no function is unusable because of it, and no call ends with it. It may be right to
     * leave it. Which functions a problem concerns is {@link PgHelloProblem#functions}.
     */
    public boolean isWarning() {
      return this == POOLER || this == DISTRIBUTED;
    }
  }

  private final PgHelloProblem problem;
  private final @Nullable String sqlState;

  /**
   * Creates an exception as the client would throw it, for tests of what a program does then. It
   * has no SQLSTATE, and its remedy is empty.
   *
   * @param code what went wrong
   * @param message the same in words
   */
  public PgHelloException(Code code, String message) {
    super(Objects.requireNonNull(message, "message"));
    this.problem = new PgHelloProblem(code, message, "");
    this.sqlState = null;
  }

  /**
   * Creates an exception of a problem. The client does, and tests can.
   *
   * @param problem what went wrong, and what to do about it
   * @param sqlState the server's error code; null if the error is not the server's
   * @param cause what was thrown; null if nothing, or if it can have the name in it
   */
  public PgHelloException(
      PgHelloProblem problem, @Nullable String sqlState, @Nullable Throwable cause) {
    super(problem.toString(), cause);
    this.problem = problem;
    this.sqlState = sqlState;
  }

  /** Returns what went wrong. */
  public Code code() {
    return problem.code();
  }

  /** Returns what to do about it; the message ends with it. */
  public String remedy() {
    return problem.remedy();
  }

  /** Returns what went wrong, in words, and what to do about it. */
  public PgHelloProblem problem() {
    return problem;
  }

  /**
   * Returns the server's error code, as in {@code 54000} (PostgreSQL's documentation, "PostgreSQL
   * Error Codes"); empty if the error is not the server's.
   */
  public Optional<String> sqlState() {
    return Optional.ofNullable(sqlState);
  }
}
