// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import jakarta.persistence.criteria.CriteriaBuilder;
import jakarta.persistence.criteria.Expression;

/**
 * The extension's functions in Criteria queries. They are part of the query: none takes a round
 * trip of its own, and none does anything before the query runs. A null argument gives null, as in
 * SQL.
 *
 * <p>On another database than PostgreSQL the query fails, since there is no such function.
 *
 * <p>Thread-safe; the expressions are as safe as their query is.
 */
public final class PgHelloFunctions {
  private PgHelloFunctions() {}

  /**
   * SQL {@code pg_hello(name)}: greets a name, as in {@code Hello, Ada!}, as many times as the
   * session's setting {@code pg_hello.repeat} says (1 by default).
   */
  public static Expression<String> pgHello(CriteriaBuilder builder, Expression<String> name) {
    return builder.function("pg_hello", String.class, name);
  }

  /** Greets a text that is known here; see {@link #pgHello(CriteriaBuilder, Expression)}. */
  public static Expression<String> pgHello(CriteriaBuilder builder, String name) {
    return pgHello(builder, builder.literal(name));
  }

  /**
   * SQL {@code pg_hello(name, repeat)}: greets a name a number of times, with one space between the
   * greetings. Needs version 1.1 of the extension.
   *
   * @param repeat 1 to 10; another number fails the query
   */
  public static Expression<String> pgHello(
      CriteriaBuilder builder, Expression<String> name, Expression<? extends Number> repeat) {
    return builder.function("pg_hello", String.class, name, repeat);
  }

  /**
   * Greets a name a number of times; see {@link #pgHello(CriteriaBuilder, Expression, Expression)}.
   *
   * @param repeat 1 to 10; another number fails the query
   */
  public static Expression<String> pgHello(
      CriteriaBuilder builder, Expression<String> name, int repeat) {
    return pgHello(builder, name, builder.literal(repeat));
  }

  /**
   * SQL {@code now_ms()}: the server's wall clock in milliseconds since 1970-01-01T00:00:00Z, as
   * {@link System#currentTimeMillis()} counts. It goes on within a transaction, and a query.
   */
  public static Expression<Long> nowMs(CriteriaBuilder builder) {
    return builder.function("now_ms", Long.class);
  }

  /** SQL {@code spi_version()}: what {@code SELECT version()} says on the server. */
  public static Expression<String> spiVersion(CriteriaBuilder builder) {
    return builder.function("spi_version", String.class);
  }
}
