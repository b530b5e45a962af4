// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Texts;
import java.nio.charset.StandardCharsets;
import org.jooq.Name;
import org.jooq.impl.DSL;

/** Names of tables and columns. They are quoted always, so that case and all characters count. */
public final class Names {
  // PostgreSQL cuts longer ones without a word
  private static final int BYTES_MAX = 63;

  private Names() {}

  /**
   * Returns a checked name of a column or the like.
   *
   * @throws PostgresException if the server could not have a thing of that name
   */
  public static String check(String name) {
    Texts.check(name, Code.BAD_REQUEST, "A name");
    if (name.isEmpty()) {
      throw Failures.badRequest("A name is empty.");
    }
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > BYTES_MAX) {
      throw Failures.badRequest(
          "A name has " + bytes + " bytes, and PostgreSQL keeps " + BYTES_MAX + " of a name.");
    }
    return name;
  }

  /** Returns a column's name for jOOQ. */
  public static Name column(String name) {
    return DSL.name(check(name));
  }

  /**
   * Returns a table's name for jOOQ: {@code table}, or {@code schema.table}.
   *
   * @throws PostgresException if there are more parts, or the server could not have it
   */
  public static Name table(String name) {
    String[] parts = name.split("\\.", -1);
    if (parts.length > 2) {
      throw Failures.badRequest("A table is named as TABLE, or as SCHEMA.TABLE.");
    }
    return parts.length == 1
        ? DSL.name(check(parts[0]))
        : DSL.name(check(parts[0]), check(parts[1]));
  }

  /** Returns a name as SQL has it, in quotes. */
  public static String quote(String name) {
    return '"' + check(name).replace("\"", "\"\"") + '"';
  }

  /** Returns a table's name as SQL has it, in quotes. */
  public static String quoteTable(String name) {
    var quoted = new StringBuilder();
    for (String part : table(name).getName()) {
      quoted.append(quoted.isEmpty() ? "" : ".").append(quote(part));
    }
    return quoted.toString();
  }
}
