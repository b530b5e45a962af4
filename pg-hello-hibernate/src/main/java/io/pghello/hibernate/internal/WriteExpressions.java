// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.hibernate.WelcomeMessage;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/**
 * SQL that columns are written with where the INSERT computes the value. Hibernate gives it one
 * parameter, in INSERTs and in UPDATEs, so that a name to be greeted has to be told from a value
 * that is to be kept: it has a mark in front, which no value has, since it is made up anew for each
 * session factory. A time to be filled in is such a mark itself, as Hibernate may leave out the
 * columns, or the second tables, of nulls.
 */
final class WriteExpressions {
  private static final DateTimeFormatter LITERAL =
      DateTimeFormatter.ofPattern("u-MM-dd HH:mm:ssx", Locale.ROOT);

  private final String schema;
  private final String mark = "pg_hello " + UUID.randomUUID() + " ";
  // somewhere around the year 200,000, in whole seconds, which any way of binding it keeps
  private final Instant markedTime =
      Instant.ofEpochSecond(
          6_249_000_000_000L + ThreadLocalRandom.current().nextLong(1_000_000_000));

  WriteExpressions(String schema) {
    this.schema = schema;
  }

  /** Returns what a greeting's column is given for a name. */
  String marked(String name) {
    return mark + name;
  }

  /** Returns what a time's column is given to be filled. */
  Instant markedTime() {
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
        + (repeat == WelcomeMessage.AS_SET ? "" : ", " + repeat)
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
    // to_timestamp counts in floating point, which has the milliseconds of such times exactly
    return "(select case when t.v operator(pg_catalog.=) timestamp with time zone '"
        + LITERAL.format(markedTime.atOffset(ZoneOffset.UTC))
        + "' then pg_catalog.to_timestamp("
        + schema
        + "now_ms() operator(pg_catalog./) 1000.0) else t.v end"
        + " from (select cast(? as timestamp with time zone) as v) as t)";
  }
}
