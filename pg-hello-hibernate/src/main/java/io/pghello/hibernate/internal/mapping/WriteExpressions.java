// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.mapping;

import io.pghello.hibernate.WelcomeMessage;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/**
 * SQL write expressions for columns with values that the INSERT computes.
 *
 * <p>Hibernate passes one parameter to the expression, both in INSERTs and in UPDATEs. The
 * expression must therefore distinguish a name to greet from a value to store. A name to greet is
 * prefixed with a marker, which is random for each session factory and does not occur in other
 * values. If the server must fill in the time, the parameter is itself a marker. Null cannot serve
 * as this marker, because Hibernate may omit columns or secondary tables that contain nulls.
 */
public final class WriteExpressions {
  private static final DateTimeFormatter LITERAL =
      DateTimeFormatter.ofPattern("u-MM-dd HH:mm:ssx", Locale.ROOT);

  private final String schema;
  private final String mark = "pg_hello " + UUID.randomUUID() + " ";
  // a time around the year 200,000, in whole seconds so that every kind of parameter binding
  // preserves it
  private final Instant markedTime =
      Instant.ofEpochSecond(
          6_249_000_000_000L + ThreadLocalRandom.current().nextLong(1_000_000_000));

  public WriteExpressions(String schema) {
    this.schema = schema;
  }

  /** Returns the parameter that makes the write expression of a greeting column greet a name. */
  public String marked(String name) {
    return mark + name;
  }

  /** Returns the parameter that makes the write expression of a time column compute the time. */
  public Instant markedTime() {
    return markedTime;
  }

  String greeting(int repeat) {
    String name = "pg_catalog.substr(t.v, " + (mark.length() + 1) + ")";
    return "(select case when pg_catalog.starts_with(t.v, '"
        + mark
        + "') then "
        + schema
        + "pg_hello("
        + name
        + (repeat == WelcomeMessage.SESSION_DEFAULT ? "" : ", " + repeat)
        + ") else t.v end from (select cast(? as pg_catalog.text) as v) as t)";
  }

  String millis() {
    return "(select case when t.v operator(pg_catalog.=) "
        + markedTime.toEpochMilli()
        + " then "
        + schema
        + "now_ms() else t.v end from (select cast(? as bigint) as v) as t)";
  }

  String instant() {
    // to_timestamp uses floating-point numbers, which are precise enough for the milliseconds of
    // current times
    return "(select case when t.v operator(pg_catalog.=) timestamp with time zone '"
        + LITERAL.format(markedTime.atOffset(ZoneOffset.UTC))
        + "' then pg_catalog.to_timestamp("
        + schema
        + "now_ms() operator(pg_catalog./) 1000.0) else t.v end"
        + " from (select cast(? as timestamp with time zone) as v) as t)";
  }
}
