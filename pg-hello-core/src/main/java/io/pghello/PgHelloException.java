// SPDX-License-Identifier: MIT
package io.pghello;

import java.io.Serial;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when a call fails. Contains a {@link Code} for the kind of error, and a remedy. Messages
 * and causes never contain the greeted name.
 */
public final class PgHelloException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * The kind of error. Later versions may add codes, so a {@code switch} needs a {@code default}.
   * {@link #isRetryable} is correct for all codes.
   */
  public enum Code {
    /** The extension is not installed on the database server. */
    FILES_MISSING(false),
    /**
     * The extension is installed on the server, but {@code CREATE EXTENSION} was not run in this
     * database.
     */
    NOT_CREATED(false),
    /**
     * The extension is not in the configured schema, so calls fail. If no schema is configured,
     * this code means that the extension's schema is not on the {@code search_path}. This affects
     * only your own SQL with unqualified names, not the client's calls.
     */
    NOT_ON_PATH(false),
    /**
     * The version of the extension, or of its library on the server, does not have the function.
     */
    VERSION_TOO_OLD(false),
    /**
     * The installed extension with this name is from a different build, with different semantics.
     */
    INCOMPATIBLE_BUILD(false),
    /** The role does not have the USAGE privilege on the schema of the functions. */
    NO_SCHEMA_PRIVILEGE(false),
    /** The role does not have the EXECUTE privilege on the function. */
    NO_EXECUTE_PRIVILEGE(false),
    /**
     * Connections go through a pooler that may mix up the driver's prepared statements. A warning
     * from {@link PgHelloOperations#preflight}.
     */
    UNSAFE_POOLER(false),
    /**
     * The database is distributed by Citus, whose workers do not receive session settings. A
     * warning from {@link PgHelloOperations#preflight}.
     */
    CITUS(false),
    /** The name is not a valid value of PostgreSQL's type {@code text} in this database. */
    INVALID_NAME(false),
    /** The count is not between 1 and 10. */
    INVALID_REPEAT(false),
    /**
     * The name or the greeting exceeds the server's limit of 1 GB, or the result exceeds the
     * driver's {@code maxResultBuffer}.
     */
    RESULT_TOO_LARGE(false),
    /**
     * The result does not match the request, or the server does not have the prepared statement.
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
    /** The server cancelled the call because of a cancel request or {@code statement_timeout}. */
    CANCELLED_BY_SERVER(true),
    /**
     * The program cancelled or completed the future of the call. Only a {@link PgHelloListener}
     * receives this code.
     */
    CANCELLED_BY_CALLER(false),
    /** The thread was interrupted while waiting. Its interrupt status is set. */
    INTERRUPTED(false),
    /** The queue of waiting calls is full. */
    OVERLOADED(true),
    /** The client is closed. */
    CLOSED(false),
    /** The server reported an error without a more specific code. */
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
     * Returns whether this is a warning from {@link PgHelloOperations#preflight}. Warnings do not
     * prevent calls, and you may ignore them. Calls never fail with these codes. See {@link
     * PgHelloProblem#functions} for the functions that a problem affects.
     */
    public boolean isWarning() {
      return this == UNSAFE_POOLER || this == CITUS;
    }
  }

  private final PgHelloProblem problem;
  private final @Nullable String sqlState;

  /**
   * Creates an exception without an SQLSTATE and with an empty remedy, for tests of programs that
   * use the client.
   *
   * @param code the kind of error
   * @param message the description of the error
   */
  public PgHelloException(Code code, String message) {
    super(Objects.requireNonNull(message, "message"));
    this.problem = new PgHelloProblem(code, message, "");
    this.sqlState = null;
  }

  /**
   * Creates an exception for a problem. Used by the client, and useful in tests.
   *
   * @param problem the error and its fix
   * @param sqlState the server's error code, or null if the error is not from the server
   * @param cause the cause, or null if there is no cause or if the cause might contain the name
   */
  public PgHelloException(
      PgHelloProblem problem, @Nullable String sqlState, @Nullable Throwable cause) {
    super(problem.toString(), cause);
    this.problem = problem;
    this.sqlState = sqlState;
  }

  /** Returns the kind of error. */
  public Code code() {
    return problem.code();
  }

  /** Returns the fix. The message ends with the same text. */
  public String remedy() {
    return problem.remedy();
  }

  /** Returns the description of the error and its fix. */
  public PgHelloProblem problem() {
    return problem;
  }

  /**
   * Returns the server's error code, for example {@code 54000} (see "PostgreSQL Error Codes" in
   * PostgreSQL's documentation). Empty if the error is not from the server.
   */
  public Optional<String> sqlState() {
    return Optional.ofNullable(sqlState);
  }
}
