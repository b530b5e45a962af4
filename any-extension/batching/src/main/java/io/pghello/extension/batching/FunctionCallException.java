// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.io.Serial;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when a function call fails. Contains a {@link Code} for the kind of error, and a remedy.
 *
 * <p>The server's message and the cause may contain the arguments of the failed call, but never the
 * arguments of other calls.
 */
public final class FunctionCallException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * The kind of error. Later versions may add codes, so a {@code switch} needs a {@code default};
   * {@link #isRetryable} is correct for all codes.
   */
  public enum Code {
    /** The extension's files are not on the database server. */
    FILES_MISSING(false),
    /** The files are on the server, but {@code CREATE EXTENSION} was not run in this database. */
    NOT_CREATED(false),
    /**
     * The extension is in a schema that is not on the {@code search_path}. Affects only unqualified
     * names in the application's own SQL. This is only a warning: calls do not fail with this code.
     */
    NOT_ON_SEARCH_PATH(false),
    /** The extension is not in the configured schema. */
    WRONG_SCHEMA(false),
    /**
     * The version of the extension, or of its library on the server, does not have the function.
     */
    VERSION_TOO_OLD(false),
    /** The extension with this name is from a different build, with different semantics. */
    INCOMPATIBLE_BUILD(false),
    /** The role does not have the USAGE privilege on the schema of the function. */
    NO_SCHEMA_PRIVILEGE(false),
    /** The role does not have the EXECUTE privilege on the function. */
    NO_EXECUTE_PRIVILEGE(false),
    /**
     * A pooler may mix up the driver's prepared statements. This is only a warning: calls do not
     * fail with this code.
     */
    UNSAFE_POOLER(false),
    /**
     * The database is distributed by Citus, and its workers do not receive session settings. This
     * is only a warning: calls do not fail with this code.
     */
    SESSION_SETTINGS_NOT_SHARED(false),
    /**
     * An argument cannot be sent, or the database cannot represent it. Used by clients that check
     * arguments.
     */
    INVALID_ARGUMENT(false),
    /** The answer exceeds the driver's {@code maxResultBuffer} or a server limit. */
    RESULT_TOO_LARGE(false),
    /**
     * The answer does not match the request, or the server does not have the prepared statement.
     * The usual cause is a pooler that mixes up prepared statements.
     */
    RESPONSE_MISMATCH(false),
    /**
     * The login was rejected: the user, the password or the database is wrong, the user is not
     * allowed to connect, or the client does not trust the server's certificate.
     */
    LOGIN_FAILED(false),
    /** No connection was available. */
    CONNECTION_UNAVAILABLE(true),
    /** The connection was lost during the call. */
    CONNECTION_LOST(true),
    /** The call exceeded its timeout. */
    TIMEOUT(true),
    /** The server cancelled the call, on request or because of {@code statement_timeout}. */
    CANCELLED_BY_SERVER(true),
    /**
     * The program cancelled or completed the future of the call. Only a {@link CallListener}
     * receives this code.
     */
    CANCELLED_BY_CALLER(false),
    /** The thread was interrupted while waiting. Its interrupt status is set. */
    INTERRUPTED(false),
    /** The queue of waiting calls is full. */
    OVERLOADED(true),
    /** The client is closed. */
    CLOSED(false),
    /** The server reported an error that no other code covers, or the call failed in this JVM. */
    SERVER_ERROR(false);

    private final boolean retryable;

    Code(boolean retryable) {
      this.retryable = retryable;
    }

    /** Returns whether the same call may succeed if it is repeated a moment later. */
    public boolean isRetryable() {
      return retryable;
    }

    /**
     * Returns whether this is a warning. Warnings do not prevent calls, and you may ignore them.
     */
    public boolean isWarning() {
      return switch (this) {
        case NOT_ON_SEARCH_PATH, UNSAFE_POOLER, SESSION_SETTINGS_NOT_SHARED -> true;
        default -> false;
      };
    }
  }

  private final CallProblem problem;
  private final @Nullable String sqlState;

  /**
   * Creates an exception without an SQLSTATE and with an empty remedy, for tests of an
   * application's error handling.
   *
   * @param code the kind of error
   * @param message the description of the error
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
   * @param cause the exception from the driver or the program; null if there is none
   */
  public FunctionCallException(
      CallProblem problem, @Nullable String sqlState, @Nullable Throwable cause) {
    super(problem.toString(), cause);
    this.problem = problem;
    this.sqlState = sqlState;
  }

  /** Returns the kind of error. */
  public Code code() {
    return problem.code();
  }

  /** Returns the remedy; the message ends with it. */
  public String remedy() {
    return problem.remedy();
  }

  /** Returns the description of the error and its remedy. */
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
