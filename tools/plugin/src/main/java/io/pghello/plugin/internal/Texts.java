// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Compares and formats strings. */
public final class Texts {
  private static final int LOGGED_MAX = 2_000;
  private static final Pattern WORD = Pattern.compile("_(.)");

  private Texts() {}

  /** Returns the text as a single line of at most 2,000 characters, for logs. */
  public static String oneLine(String text) {
    String line = text.replaceAll("[\\p{Cntrl}\\u0085\\u2028\\u2029\\s]+", " ").strip();
    return line.length() <= LOGGED_MAX ? line : line.substring(0, LOGGED_MAX) + "…";
  }

  /**
   * Returns whether one name is probably a misspelling of the other, that is, whether the number of
   * edits is at most about a third of the length, ignoring case.
   */
  static boolean areSimilar(String name, String other) {
    if (Math.abs(name.length() - other.length()) > (name.length() + 1) / 3) {
      return false;
    }
    String to = other.toLowerCase(Locale.ROOT);
    String from = name.toLowerCase(Locale.ROOT);
    int[] row = IntStream.rangeClosed(0, to.length()).toArray();
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[to.length()] <= (name.length() + 1) / 3;
  }

  /** Returns the name of a constant in camel case, e.g. {@code sqlState}. */
  public static String camelCase(Enum<?> constant) {
    return WORD.matcher(constant.name().toLowerCase(Locale.ROOT))
        .replaceAll(letter -> letter.group(1).toUpperCase(Locale.ROOT));
  }

  /**
   * Reads a text resource in the same package as a class.
   *
   * @throws UncheckedIOException if it cannot be read
   */
  public static String resource(Class<?> beside, String name) {
    try (InputStream in = beside.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
