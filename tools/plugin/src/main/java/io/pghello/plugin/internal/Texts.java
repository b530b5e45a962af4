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

/** Checks texts before they are sent. */
public final class Texts {
  private static final int LOGGED_MAX = 2_000;
  private static final Pattern WORD = Pattern.compile("_(.)");

  private Texts() {}

  /** Returns the text, unless PostgreSQL's protocol or type text cannot hold it. */
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

  /** Returns the text in one line, of at most 2,000 characters, as a log may have it. */
  public static String oneLine(String text) {
    String line = text.replaceAll("[\\p{Cntrl}\\u0085\\u2028\\u2029\\s]+", " ").strip();
    return line.length() <= LOGGED_MAX ? line : line.substring(0, LOGGED_MAX) + "…";
  }

  /** Returns the name of a constant as JSON has names, as in {@code sqlState}. */
  public static String camelCase(Enum<?> constant) {
    return WORD.matcher(constant.name().toLowerCase(Locale.ROOT))
        .replaceAll(letter -> letter.group(1).toUpperCase(Locale.ROOT));
  }

  /**
   * Returns a text that lies beside a class.
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
