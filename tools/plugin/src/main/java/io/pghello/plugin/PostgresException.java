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
 * Error of an operation. It has a code and details, and never the words of the driver or the
 * server, which may contain data. Immutable.
 */
public final class PostgresException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /** Kind of an error. In JSON, a code is {@code POSTGRES_} and its name. */
  public enum Code {
    /** The server cannot be reached, has no such database, or offers no TLS that is trusted. */
    CONNECTION_FAILED,
    /** A statement took longer than its time-out, and was cancelled. */
    QUERY_TIMEOUT,
    /** A transaction was rolled back, or does not exist any more. */
    TRANSACTION_FAILED,
    /** No connection of the pool became free in time. */
    POOL_EXHAUSTED,
    /** The server refuses connections without TLS. */
    SSL_REQUIRED,
    /** The server refuses the log-in. */
    AUTH_FAILED,
    /** The server has no connection left. */
    TOO_MANY_CONNECTIONS,
    /** A statement contradicts a constraint, which {@code details} names. */
    CONSTRAINT_VIOLATED,
    /** The permissions of the connection, or of its role, do not allow it. */
    NOT_ALLOWED,
    /** The SQL is wrong, or names what is not there. */
    BAD_SQL,
    /** A value does not fit. */
    BAD_VALUE,
    /** The operation is not known, or its parameters are not as its schema says. */
    BAD_REQUEST,
    /** The configuration has options that are unknown, wrong, or have a replacement. */
    BAD_CONFIG,
    /** There is a connection of this id with another configuration. */
    CONFIG_CHANGED,
    /** There is no connection of this id, and no configuration to open it with. */
    NOT_CONNECTED,
    /** A limit of the plugin is reached: pools, transactions, or the size of a result. */
    LIMIT_REACHED,
    /** The connection was lost while the server may have done the work. */
    OUTCOME_UNKNOWN,
    /** The server could not do it, as when a disk is full. */
    SERVER_ERROR,
    /** The plugin is closed. */
    CLOSED,
    /** The plugin has a fault. */
    INTERNAL;

    /** Returns the code as the error object has it, as in {@code POSTGRES_BAD_SQL}. */
    public String text() {
      return "POSTGRES_" + name();
    }
  }

  /** Why, where a code has several causes. In JSON, a reason is its name in camel case. */
  public enum Reason {
    /** No server listens at the address, or something between refuses. */
    REFUSED,
    /** The host's name cannot be resolved. */
    UNKNOWN_HOST,
    /** The server did not answer in time. */
    TIMEOUT,
    /** The server has no such database. */
    NO_DATABASE,
    /** The server starts, or shuts down. */
    STARTING,
    /** The certificates or keys of one side do not suit the other. */
    TLS,
    /** The server offers no TLS. */
    SSL_NOT_OFFERED,
    /** The server refuses a log-in without TLS, or refuses it in {@code pg_hba.conf}. */
    SSL_OR_HBA,
    /** The server refuses user or password. */
    CREDENTIALS,
    /** The server asks who logs in by a method that the configuration does not allow. */
    AUTH_METHOD,
    /** The server has no connection left. */
    FULL,
    /** The connection was lost, and nothing of what was under way is done. */
    LOST,
    /** The transaction has ended, or never was. */
    GONE,
    /** The role of a connection that only reads can do what no rollback undoes. */
    PRIVILEGED;

    /** Returns the reason as the error object has it, as in {@code unknownHost}. */
    public String text() {
      return Texts.camelCase(this);
    }
  }

  private final Code code;
  private final @Nullable Reason reason;
  private final transient Map<String, Object> details;

  /**
   * Creates one, for the plugin's internal packages.
   *
   * @param details values that JSON has: texts, numbers, booleans
   */
  public PostgresException(
      Code code, String message, @Nullable Reason reason, Map<String, Object> details) {
    super(message);
    this.code = Objects.requireNonNull(code, "code");
    this.reason = reason;
    this.details = new LinkedHashMap<>(details);
  }

  /** Returns what is wrong. */
  public Code code() {
    return code;
  }

  /** Returns why, where the code has several causes; else null. */
  public @Nullable Reason reason() {
    return reason;
  }

  /** Returns whether the connection was lost, and nothing of what was under way is done. */
  public boolean isConnectionLost() {
    return reason == Reason.LOST;
  }

  /**
   * Returns what is known beside the code: {@code remedy}, {@code sqlState}, {@code retryable},
   * {@code constraint} and others. Never a value of a parameter, nor of a row.
   */
  public Map<String, Object> details() {
    return Collections.unmodifiableMap(details);
  }

  /** Returns whether the same call may succeed if it is made again. */
  public boolean retryable() {
    return Boolean.TRUE.equals(details.get("retryable"));
  }

  /**
   * Returns the five characters by which the server says what is wrong; null if it said nothing.
   */
  public @Nullable String sqlState() {
    return (String) details.get("sqlState");
  }
}
