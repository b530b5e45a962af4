// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.util.Locale;
import java.util.regex.Pattern;

/** Texts as a terminal may have them: others choose names in a database, and words of a server. */
public final class Printable {
  // what controls a terminal, or writes from right to left
  private static final Pattern CONTROL =
      Pattern.compile("[\\p{Cntrl}\\x80-\\x9f\\u2028-\\u202e\\u2066-\\u2069]");

  private Printable() {}

  /** Returns a text in one line, in which {@code \}{@code u001b} stands for a control character. */
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
