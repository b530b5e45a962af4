// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.hibernate.WelcomeMessage;
import java.util.UUID;

/**
 * SQL that columns are written with where the INSERT computes the value. Hibernate gives it one
 * parameter, in INSERTs and in UPDATEs, so that a name to be greeted has to be told from a value
 * that is to be kept: it has a mark in front, which no value has, since it is made up anew for each
 * session factory.
 */
final class WriteExpressions {
  private final String schema;
  private final String mark = "pg_hello " + UUID.randomUUID() + " ";

  WriteExpressions(String schema) {
    this.schema = schema;
  }

  /** Returns what a greeting's column is given for a name. */
  String marked(String name) {
    return mark + name;
  }

  String greeting(int repeat) {
    String name = "substr(t.v, " + (mark.length() + 1) + ")";
    return "(select case when starts_with(t.v, '"
        + mark
        + "') then "
        + schema
        + "pg_hello("
        + name
        + (repeat == WelcomeMessage.AS_SET ? "" : ", " + repeat)
        + ") else t.v end from (select cast(? as text) as v) as t)";
  }

  String millis() {
    return "coalesce(cast(? as bigint), " + schema + "now_ms())";
  }

  String instant() {
    return "coalesce(cast(? as timestamp with time zone), to_timestamp("
        + schema
        + "now_ms() / 1000.0))";
  }
}
