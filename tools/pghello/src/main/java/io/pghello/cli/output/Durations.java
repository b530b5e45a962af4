// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Parses durations on the command line, e.g. 90s, 30m, 1h and 7d, and formats durations for output.
 */
public final class Durations implements ITypeConverter<Duration> {
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,7})(ms|s|m|h|d)");

  @Override
  public Duration convert(String value) {
    Matcher matcher = DURATION.matcher(value);
    if (!matcher.matches()) {
      throw new TypeConversionException(
          "invalid duration (valid examples: 500ms, 90s, 30m, 1h, 7d): " + value);
    }
    long number = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(number);
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      default -> Duration.ofDays(number);
    };
  }

  public static double seconds(Duration duration) {
    return duration.toMillis() / 1e3;
  }

  /** Formats a duration, e.g. 1 h 5 min. */
  public static String inWords(Duration duration) {
    long seconds = duration.toSeconds();
    if (seconds < 120) {
      return String.format(Locale.ROOT, "%.1f s", seconds(duration));
    }
    long minutes = duration.toMinutes();
    if (minutes < 120) {
      return minutes + " min";
    }
    long hours = duration.toHours();
    return hours < 48
        ? hours + " h " + minutes % 60 + " min"
        : hours / 24 + " d " + hours % 24 + " h";
  }
}
