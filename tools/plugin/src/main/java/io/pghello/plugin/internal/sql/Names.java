// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Names of tables and columns. They are always quoted, so that they are case-sensitive and can
 * contain all characters.
 */
public final class Names {
  // PostgreSQL silently truncates longer names.
  private static final int BYTES_MAX = 63;

  private static final Pattern PART =
      Pattern.compile("\"((?:[^\"]|\"\")*)\"|(?!\")[^.]*", Pattern.DOTALL);

  private Names() {}

  /**
   * Returns a validated name of a column or other object.
   *
   * @throws PostgresException if no object can have this name
   */
  public static String check(String name) {
    Failures.requireText(name, Code.BAD_REQUEST, "A name");
    if (name.isEmpty()) {
      throw Failures.badRequest("A name must not be empty.");
    }
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > BYTES_MAX) {
      throw Failures.badRequest(
          "A name has " + bytes + " bytes, but the maximum in PostgreSQL is " + BYTES_MAX + ".");
    }
    return name;
  }

  /** Returns a quoted name. */
  public static String quote(String name) {
    return '"' + check(name).replace("\"", "\"\"") + '"';
  }

  /** Returns quoted names, separated by commas. */
  public static String quoteAll(List<String> names) {
    return names.stream().map(Names::quote).collect(Collectors.joining(", "));
  }

  /**
   * Returns the quoted name of a table, which is given as {@code table} or {@code schema.table}. A
   * part that is already quoted can contain dots.
   *
   * @throws PostgresException if there are more than two parts, or no table can have this name
   */
  public static String quoteTable(String name) {
    Matcher part = PART.matcher(name);
    var quoted = new ArrayList<String>();
    int end = 0;
    while (quoted.size() < 2 && part.find(end) && part.start() == end) {
      String inQuotes = part.group(1);
      quoted.add(quote(inQuotes == null ? part.group() : inQuotes.replace("\"\"", "\"")));
      if (part.end() == name.length()) {
        return String.join(".", quoted);
      } else if (name.charAt(part.end()) != '.') {
        break;
      }
      end = part.end() + 1;
    }
    throw Failures.badRequest(
        "A table name must be TABLE or SCHEMA.TABLE; names that contain dots must be quoted.");
  }
}
