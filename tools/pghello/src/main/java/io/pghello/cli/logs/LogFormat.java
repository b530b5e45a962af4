// SPDX-License-Identifier: MIT
package io.pghello.cli.logs;

import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Formats of a server's log. The parsers do not mistake user-supplied text in a statement or value
 * for a message. In stderr logs, the parser uses only the first severity level in a line, such as
 * ERROR. In csvlog, messages have their own column. In jsonlog, quotation marks in user-supplied
 * text are escaped. {@link LinePrefix} handles user-supplied names in the prefixes of stderr logs.
 */
enum LogFormat {
  STDERR {
    @Override
    @Nullable Entry entry(String line) {
      if (line.startsWith("\t")) {
        // Continuation lines of a statement contain no message.
        return null;
      }
      NotUnderstood wrapper = NotUnderstood.wrapperOf(line);
      if (wrapper != null) {
        return Entry.notUnderstood(wrapper);
      }
      Entry entry = message(line, 0);
      if (entry != null) {
        return entry;
      }
      // The line may be in another format, for example in concatenated files.
      return LEVEL.matcher(line).find() || LogFormat.of(line) != STDERR
          ? Entry.notUnderstood(NotUnderstood.LANGUAGE)
          : null;
    }
  },

  CSV {
    @Override
    @Nullable Entry entry(String line) {
      Matcher time = CSV_TIME.matcher(line);
      if (!time.lookingAt()) {
        return null;
      }
      int severity = 0;
      for (int column = 1; column < 12; column++) {
        severity = endOfValue(line, severity) + 1;
      }
      int state = endOfValue(line, severity) + 1;
      int message = endOfValue(line, state) + 1;
      // Quotation marks in values are doubled, so the text of a statement cannot look like a
      // message.
      if (!line.startsWith("\"", message) || line.startsWith("\"\"", message)) {
        return null;
      }
      int end = endOfValue(line, message);
      return Entry.of(
          line.substring(state, message - 1),
          time.group(1),
          line.substring(severity, state - 1),
          line.substring(message + 1, end < line.length() ? end - 1 : end).replace("\"\"", "\""));
    }
  },

  /** Records of the server, or of CloudNativePG, which uses other column names. */
  JSON {
    @Override
    @Nullable Entry entry(String line) {
      // Quotation marks in values are escaped, so user-supplied text cannot match the pattern.
      Matcher message = JSON_MESSAGE.matcher(line);
      if (!message.find()) {
        NotUnderstood wrapper = NotUnderstood.wrapperOf(line);
        return wrapper != null
            ? Entry.notUnderstood(wrapper)
            : isOtherRecord(line) ? null : Entry.notUnderstood(NotUnderstood.MALFORMED);
      }
      int end = message.end();
      while (end < line.length() && line.charAt(end) != '"') {
        end += line.charAt(end) == '\\' ? 2 : 1;
      }
      String text = unescaped(line.substring(message.end(), Math.min(end, line.length())));
      if (text == null) {
        return Entry.notUnderstood(NotUnderstood.MALFORMED);
      }
      Matcher time = JSON_TIME.matcher(line);
      return Entry.of(
          message.group("state"), time.find() ? time.group(1) : "", message.group("level"), text);
    }

    private boolean isOtherRecord(String line) {
      return line.startsWith("{")
          && !line.contains("\"error_severity\"")
          && (line.endsWith("}") || line.length() >= LINE_BYTES);
    }
  };

  /**
   * Maximum number of bytes to examine in a line. The severity and the extension's messages are
   * within this limit.
   */
  static final int LINE_BYTES = 1 << 18;

  /** Levels of messages that may be about the extension, except messages about crashes. */
  static final List<String> SEVERITIES = List.of("ERROR", "FATAL", "PANIC", "WARNING");

  // The most frequent levels come first.
  private static final List<String> LEVELS =
      List.of(
          ("LOG ERROR STATEMENT DETAIL FATAL PANIC WARNING HINT QUERY CONTEXT LOCATION BACKTRACE NOTICE INFO"
                  + " DEBUG DEBUG1 DEBUG2 DEBUG3 DEBUG4 DEBUG5")
              .split(" "));

  private static final int STATE_LENGTH = 5;
  // The format of log_error_verbosity = verbose.
  private static final Pattern VERBOSE = Pattern.compile("([0-9A-Z]{5}): ");
  // Matches a level in another language.
  private static final Pattern LEVEL = Pattern.compile("[\\p{IsAlphabetic}\\x80-\\xff]:  ");
  // jsonlog omits the SQLSTATE 00000, which means that there is no error.
  private static final Pattern JSON_MESSAGE =
      Pattern.compile(
          "\"error_severity\":\"(?<level>[^\"\\\\]*)\","
              + "(?:\"(?:sql_)?state_code\":\"(?<state>[0-9A-Z]{5})\",)?\"message\":\"");
  private static final Pattern JSON_TIME =
      Pattern.compile("[{,]\"(?:timestamp|log_time)\":\"([^\"\\\\]*)\"");
  private static final Pattern HEX = Pattern.compile("[0-9a-fA-F]{4}");
  private static final Pattern CSV_TIME =
      Pattern.compile("([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+ [A-Z0-9+-]+),");

  /**
   * A message of the log.
   *
   * @param state the SQLSTATE; null if it is in the prefix or missing
   * @param prefix the text before the message: the time, or the values of {@code log_line_prefix}
   * @param reason the reason why the message is not understood; null if it is understood
   */
  record Entry(
      @Nullable String state,
      String prefix,
      String severity,
      String message,
      @Nullable NotUnderstood reason) {
    private Entry(@Nullable String state, String prefix, String severity, String message) {
      this(state, prefix, severity, message, null);
    }

    /** Returns whether the text looks like a message about the extension, with any SQLSTATE. */
    boolean isEvent() {
      return SEVERITIES.contains(severity)
          ? LogEvent.of(null, message) != null
          : severity.equals("LOG") && LogEvent.CRASH.isIn(message);
    }

    static Entry notUnderstood(NotUnderstood reason) {
      return new Entry(null, "", "", "", reason);
    }

    private static Entry of(
        @Nullable String state, String prefix, String severity, String message) {
      return LEVELS.contains(severity)
          ? new Entry(state, prefix, severity, message)
          : notUnderstood(NotUnderstood.LANGUAGE);
    }
  }

  /** Detects the format of a log from its beginning. */
  static LogFormat of(String beginning) {
    if (beginning.startsWith("{\"")) {
      return JSON;
    }
    return CSV_TIME.matcher(beginning).lookingAt() ? CSV : STDERR;
  }

  /**
   * Returns the message that begins on this line; null if there is none.
   *
   * @param line the line without its line break, with one character for each byte; may be truncated
   */
  abstract @Nullable Entry entry(String line);

  /**
   * Returns the message that begins at the next severity level after the entry in a stderr line;
   * null if there is none.
   */
  static @Nullable Entry next(String line, Entry entry) {
    return message(line, entry.prefix().length() + entry.severity().length() + 1);
  }

  private static @Nullable Entry message(String line, int from) {
    for (int end = line.indexOf(":  ", from); end >= 0; end = line.indexOf(":  ", end + 1)) {
      for (String level : LEVELS) {
        int begin = end - level.length();
        if (begin >= from && line.startsWith(level, begin)) {
          String message = line.substring(end + 3);
          // checked first, because few logs are verbose, and matching the pattern on each line is
          // slower
          Matcher state = message.startsWith(": ", STATE_LENGTH) ? VERBOSE.matcher(message) : null;
          return state != null && state.lookingAt()
              ? new Entry(
                  state.group(1), line.substring(0, begin), level, message.substring(state.end()))
              : new Entry(null, line.substring(0, begin), level, message);
        }
      }
    }
    return null;
  }

  /** Returns the end of a csvlog value, which is at a comma or at the end of the line. */
  private static int endOfValue(String line, int begin) {
    int end = begin;
    while (line.startsWith("\"", end)) {
      end = line.indexOf('"', end + 1) + 1;
      if (end == 0) {
        return line.length();
      }
    }
    int comma = line.indexOf(',', end);
    return comma < 0 ? line.length() : comma;
  }

  /** Unescapes a JSON string; null if it is invalid. */
  private static @Nullable String unescaped(String json) {
    if (json.indexOf('\\') < 0) {
      return json;
    }
    var text = new StringBuilder();
    for (int i = 0; i < json.length(); i++) {
      char c = json.charAt(i);
      if (c == '\\') {
        if (i + (json.startsWith("u", i + 1) ? 5 : 1) >= json.length()) {
          // The line was truncated.
          break;
        }
        c = json.charAt(++i);
        switch (c) {
          case 'n' -> text.append('\n');
          case 't' -> text.append('\t');
          case 'r' -> text.append('\r');
          case 'b' -> text.append('\b');
          case 'f' -> text.append('\f');
          case 'u' -> {
            if (!HEX.matcher(json).region(i + 1, i + 5).matches()) {
              return null;
            }
            text.append((char) HexFormat.fromHexDigits(json, i + 1, i + 5));
            i += 4;
          }
          default -> text.append(c);
        }
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
