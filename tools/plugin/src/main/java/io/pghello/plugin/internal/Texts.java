// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import io.pghello.plugin.PostgresException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Checks and formats strings. */
public final class Texts {
  private static final int LOGGED_MAX = 2_000;
  private static final Pattern WORD = Pattern.compile("_(.)");

  private Texts() {}

  /**
   * Returns the text, or throws if PostgreSQL's protocol or the type {@code text} cannot represent
   * it.
   */
  public static String check(String text, Code code, String what) {
    int length = text.length();
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c == 0) {
        throw Failures.of(code, what + " has the character U+0000 at index " + i + ".");
      } else if (Character.isSurrogate(c)) {
        if (!Character.isSupplementaryCodePoint(text.codePointAt(i))) {
          throw Failures.of(code, what + " has an unpaired surrogate at index " + i + ".");
        }
        i++;
      }
    }
    return text;
  }

  /** Returns the text as a single line of at most 2,000 characters, for logs. */
  public static String oneLine(String text) {
    String line = text.replaceAll("[\\p{Cntrl}\\u0085\\u2028\\u2029\\s]+", " ").strip();
    return line.length() <= LOGGED_MAX ? line : line.substring(0, LOGGED_MAX) + "…";
  }

  /**
   * Returns whether one name is probably a misspelling of the other, that is, whether at most a
   * third of the characters differ.
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
