// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Texts;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Names of tables and columns. They are quoted always, so that case and all characters count. */
public final class Names {
  // PostgreSQL cuts longer ones without a word
  private static final int BYTES_MAX = 63;

  private static final Pattern PART =
      Pattern.compile("\"((?:[^\"]|\"\")*)\"|(?!\")[^.]*", Pattern.DOTALL);

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

  /** Returns a name as SQL has it, in quotes. */
  public static String quote(String name) {
    return '"' + check(name).replace("\"", "\"\"") + '"';
  }

  /** Returns names as SQL has them, in quotes, with commas between. */
  public static String quoteAll(List<String> names) {
    return names.stream().map(Names::quote).collect(Collectors.joining(", "));
  }

  /**
   * Returns a table's name, {@code table} or {@code schema.table}, as SQL has it, in quotes. A part
   * that begins with a quote is in quotes already, so that it may have a dot.
   *
   * @throws PostgresException if there are more parts, or the server could not have it
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
        "A table is named as TABLE, or as SCHEMA.TABLE; a name with a dot is written in quotes.");
  }
}
