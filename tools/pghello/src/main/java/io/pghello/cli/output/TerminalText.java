// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Makes text safe for a terminal. This is necessary because other users choose the names in a
 * database and influence the messages of a server.
 */
public final class TerminalText {
  // Characters that control a terminal or change the text direction.
  private static final Pattern CONTROL =
      Pattern.compile("[\\p{Cntrl}\\x80-\\x9f\\u2028-\\u202e\\u2066-\\u2069]");

  private TerminalText() {}

  /**
   * Returns the text as a single line. Control characters are escaped, e.g. as {@code \}{@code
   * u001b}.
   */
  public static String line(String text) {
    return escaped(CONTROL, text);
  }

  static String escaped(Pattern characters, String text) {
    return characters
        .matcher(text)
        .replaceAll(
            found -> String.format(Locale.ROOT, "\\\\u%04x", (int) found.group().charAt(0)));
  }
}
