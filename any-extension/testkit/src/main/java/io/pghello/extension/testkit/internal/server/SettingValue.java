// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Compares the values of server settings, which PostgreSQL accepts in several forms. */
final class SettingValue {
  private static final Pattern QUANTITY = Pattern.compile("(\\d{1,15})\\s*([A-Za-z]{1,3})");

  private static final Map<String, Long> BYTES =
      Map.of("B", 1L, "kB", 1L << 10, "MB", 1L << 20, "GB", 1L << 30, "TB", 1L << 40);
  private static final Map<String, Long> MICROSECONDS =
      Map.of(
          "us", 1L,
          "ms", 1_000L,
          "s", 1_000_000L,
          "min", 60_000_000L,
          "h", 3_600_000_000L,
          "d", 86_400_000_000L);

  private SettingValue() {}

  /** Returns a value without the single quotes that it has in {@code postgresql.conf}. */
  static String unquoted(String value) {
    return value.length() >= 2 && value.startsWith("'") && value.endsWith("'")
        ? value.substring(1, value.length() - 1).replace("''", "'")
        : value;
  }

  /**
   * Returns a form of a value that is the same for equal values, such as 64MB and 65536kB, or on
   * and true. Values of an extension's settings are returned unchanged, because the extension
   * determines their type.
   *
   * @param name the name of the setting, in lowercase
   */
  static String canonical(String name, String value) {
    if (name.indexOf('.') >= 0) {
      return value;
    }
    if (name.endsWith("_preload_libraries")) {
      return Arrays.stream(value.split(",", -1))
          .map(String::strip)
          .collect(Collectors.joining(","));
    }
    String lower = value.toLowerCase(Locale.ROOT);
    if (List.of("on", "true", "yes").contains(lower)) {
      return "on";
    }
    if (List.of("off", "false", "no").contains(lower)) {
      return "off";
    }
    Matcher quantity = QUANTITY.matcher(value);
    if (quantity.matches()) {
      Long bytes = BYTES.get(quantity.group(2));
      Long micros = MICROSECONDS.get(quantity.group(2));
      if (bytes != null) {
        return times(quantity.group(1), bytes) + "B";
      }
      if (micros != null) {
        return times(quantity.group(1), micros) + "us";
      }
    }
    return value;
  }

  private static BigInteger times(String number, long unit) {
    return new BigInteger(number).multiply(BigInteger.valueOf(unit));
  }
}
