// SPDX-License-Identifier: MIT
package io.pghello;

import java.io.Serial;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The one exception of this library. It says what went wrong as a {@link Code}, and what to do. It
 * never has the name in it that was to be greeted.
 */
public final class PgHelloException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Code {
    /** The extension's files are not on the database server. */
    FILES_MISSING,
    /** The files are there, but {@code CREATE EXTENSION} was not run in this database. */
    NOT_CREATED,
    /**
     * The extension is in a schema that is not on the {@code search_path}. The client finds it
     * there nevertheless; SQL with unqualified names does not.
     */
    NOT_ON_PATH,
    /** The extension is of a version that lacks the function. */
    TOO_OLD,
    /** An extension of this name is there, but it is another build, with other semantics. */
    FOREIGN_BUILD,
    /** The role may not use the schema that the functions are in. */
    NO_SCHEMA_PRIVILEGE,
    /** The role may not execute the function. */
    NO_EXECUTE_PRIVILEGE,
    /** The name cannot be a value of PostgreSQL's type {@code text} in this database. */
    INVALID_NAME,
    /** The count is not between 1 and 10. */
    INVALID_REPEAT,
    /** The greeting would exceed the server's limit of 1 GB for a value. */
    RESULT_TOO_LARGE,
    /** No connection could be had. */
    NO_CONNECTION,
    /** The connection ended during the call. */
    CONNECTION_LOST,
    /** The server ended the call: somebody cancelled it, or it took longer than its time-out. */
    CANCELLED,
    /** The server reported an error that is none of the others. */
    SERVER_ERROR
  }

  private final Code code;
  private final String remedy;
  private final @Nullable String sqlState;

  /**
   * Creates an exception. Meant for this library.
   *
   * @param problem what is wrong and what mends it
   * @param sqlState what the server says, if it was asked
   * @param cause what the driver says, if it does
   */
  public PgHelloException(
      PgHelloProblem problem, @Nullable String sqlState, @Nullable Throwable cause) {
    super(problem.toString(), cause);
    this.code = problem.code();
    this.remedy = problem.remedy();
    this.sqlState = sqlState;
  }

  /** Returns what went wrong. */
  public Code code() {
    return code;
  }

  /** Returns what to do about it; it is part of the message, too. */
  public String remedy() {
    return remedy;
  }

  /**
   * Returns the server's error code, as in {@code 54000} (PostgreSQL's documentation, "PostgreSQL
   * Error Codes"); empty if the error is not the server's.
   */
  public Optional<String> sqlState() {
    return Optional.ofNullable(sqlState);
  }
}
