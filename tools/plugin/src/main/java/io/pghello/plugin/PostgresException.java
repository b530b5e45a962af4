// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import io.pghello.plugin.internal.Texts;
import java.io.Serial;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The error of an operation, with a code and details. Never contains messages from the driver or
 * the server, because such messages may contain data.
 *
 * <p>Immutable.
 */
public final class PostgresException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /** Kinds of errors. In JSON, a code is {@code POSTGRES_} followed by its name. */
  public enum Code {
    /**
     * The server is unreachable, the database does not exist, or the server does not offer trusted
     * TLS.
     */
    CONNECTION_FAILED,
    /** A statement exceeded its timeout, and was cancelled. */
    QUERY_TIMEOUT,
    /** The transaction was rolled back or no longer exists. */
    TRANSACTION_FAILED,
    /** No connection in the pool became available within the timeout. */
    POOL_EXHAUSTED,
    /** The server rejects connections without TLS. */
    SSL_REQUIRED,
    /** The server rejected the login. */
    AUTH_FAILED,
    /** The server has no free connections. */
    TOO_MANY_CONNECTIONS,
    /** A statement violated a constraint. The constraint's name is in {@code details}. */
    CONSTRAINT_VIOLATED,
    /** The permissions of the connection, or of its role, do not allow the operation. */
    NOT_ALLOWED,
    /** The SQL is invalid, or refers to a missing object. */
    BAD_SQL,
    /** A value is invalid or out of range. */
    BAD_VALUE,
    /** The operation is unknown, or its parameters do not match its schema. */
    BAD_REQUEST,
    /**
     * The configuration contains options that are unknown, invalid, or replaced by other options.
     */
    BAD_CONFIG,
    /** A connection with this id exists, but its configuration is different. */
    CONFIG_CHANGED,
    /** No connection has this id, and no configuration for opening one was passed. */
    NOT_CONNECTED,
    /**
     * A limit of the plugin was reached: the number of pools or transactions, or the size of a
     * result.
     */
    LIMIT_REACHED,
    /** The connection was lost, and the server may or may not have executed the statement. */
    OUTCOME_UNKNOWN,
    /** The server failed, for example because a disk is full. */
    SERVER_ERROR,
    /** The plugin is closed. */
    CLOSED,
    /** Internal error in the plugin. */
    INTERNAL;

    /** Returns the code in the form used in JSON, e.g. {@code POSTGRES_BAD_SQL}. */
    public String text() {
      return "POSTGRES_" + name();
    }
  }

  /**
   * The specific cause, for codes with several causes. In JSON, a reason is its name in camel case.
   */
  public enum Reason {
    /** No server is listening on the address, or a firewall rejects the connection. */
    REFUSED,
    /** The host name cannot be resolved. */
    UNKNOWN_HOST,
    /** The server did not respond within the timeout. */
    TIMEOUT,
    /** The server does not have this database. */
    NO_DATABASE,
    /** The server is starting or shutting down. */
    STARTING,
    /** The certificates or keys of client and server do not match. */
    TLS,
    /** The server does not offer TLS. */
    SSL_NOT_OFFERED,
    /** The server rejects logins without TLS, or {@code pg_hba.conf} rejects this login. */
    SSL_OR_HBA,
    /** The server rejected the user name or password. */
    CREDENTIALS,
    /** The server requests an authentication method that the configuration does not allow. */
    AUTH_METHOD,
    /** The server has no free connections. */
    FULL,
    /** The connection was lost, and the pending work was not executed. */
    LOST,
    /** The transaction has ended, or never existed. */
    GONE,
    /** The role of a read-only connection can make changes that a rollback does not undo. */
    PRIVILEGED;

    /** Returns the reason in the form used in JSON, e.g. {@code unknownHost}. */
    public String text() {
      return Texts.camelCase(this);
    }
  }

  private final Code code;
  private final @Nullable Reason reason;
  private final transient Map<String, Object> details;

  /**
   * Creates an exception. Intended only for the plugin's internal packages.
   *
   * @param details the details with JSON values: strings, numbers, booleans
   */
  public PostgresException(
      Code code, String message, @Nullable Reason reason, Map<String, Object> details) {
    super(message);
    this.code = Objects.requireNonNull(code, "code");
    this.reason = reason;
    this.details = new LinkedHashMap<>(details);
  }

  /** Returns the kind of the error. */
  public Code code() {
    return code;
  }

  /** Returns the reason if the code has several causes, otherwise null. */
  public @Nullable Reason reason() {
    return reason;
  }

  /** Returns whether the connection was lost before the pending work was executed. */
  public boolean isConnectionLost() {
    return reason == Reason.LOST;
  }

  /**
   * Returns additional details: {@code remedy}, {@code sqlState}, {@code retryable}, {@code
   * constraint} and others. They never contain values of parameters or rows.
   */
  public Map<String, Object> details() {
    return Collections.unmodifiableMap(details);
  }

  /** Returns whether the same call may succeed if it is repeated. */
  public boolean isRetryable() {
    return Boolean.TRUE.equals(details.get("retryable"));
  }

  /** Returns the SQLSTATE; null if the server did not report one. */
  public @Nullable String sqlState() {
    return (String) details.get("sqlState");
  }
}
