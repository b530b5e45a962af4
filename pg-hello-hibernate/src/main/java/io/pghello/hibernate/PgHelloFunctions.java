// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import jakarta.persistence.criteria.CriteriaBuilder;
import jakarta.persistence.criteria.Expression;

/**
 * The extension's functions for Criteria queries. They run as part of the query and take no
 * additional round trip.
 *
 * <pre>{@code
 * query.select(PgHelloFunctions.pgHello(builder, user.get("username")));
 * }</pre>
 *
 * <p>If an argument is null, the result is null. On databases other than PostgreSQL the query
 * fails, because the functions do not exist there.
 *
 * <p>This class is thread-safe. The returned expressions follow the threading rules of their query.
 */
public final class PgHelloFunctions {
  private PgHelloFunctions() {}

  /**
   * SQL {@code pg_hello(name)}: greets a name, for example {@code Hello, Ada!}. The session's
   * setting {@code pg_hello.repeat} determines the number of greetings (default 1).
   */
  public static Expression<String> pgHello(CriteriaBuilder builder, Expression<String> name) {
    return builder.function("pg_hello", String.class, name);
  }

  /** Greets a constant name; see {@link #pgHello(CriteriaBuilder, Expression)}. */
  public static Expression<String> pgHello(CriteriaBuilder builder, String name) {
    return pgHello(builder, builder.literal(name));
  }

  /**
   * SQL {@code pg_hello(name, repeat)}: greets a name the given number of times, with one space
   * between the greetings. Requires version 1.1 of the extension.
   *
   * @param repeat the number of greetings, 1 to 10; the query fails for any other number
   */
  public static Expression<String> pgHello(
      CriteriaBuilder builder, Expression<String> name, Expression<? extends Number> repeat) {
    return builder.function("pg_hello", String.class, name, repeat);
  }

  /**
   * Greets a name the given number of times; see {@link #pgHello(CriteriaBuilder, Expression,
   * Expression)}.
   *
   * @param repeat the number of greetings, 1 to 10; the query fails for any other number
   */
  public static Expression<String> pgHello(
      CriteriaBuilder builder, Expression<String> name, int repeat) {
    return pgHello(builder, name, builder.literal(repeat));
  }

  /**
   * SQL {@code now_ms()}: the server's wall clock in milliseconds since 1970-01-01T00:00:00Z, like
   * {@link System#currentTimeMillis()}. Each call reads the clock again, even within one
   * transaction or query.
   */
  public static Expression<Long> nowMs(CriteriaBuilder builder) {
    return builder.function("now_ms", Long.class);
  }

  /** SQL {@code spi_version()}: the result of {@code SELECT version()} on the server. */
  public static Expression<String> spiVersion(CriteriaBuilder builder) {
    return builder.function("spi_version", String.class);
  }
}
