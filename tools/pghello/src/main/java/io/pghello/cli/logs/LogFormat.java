// SPDX-License-Identifier: MIT
package io.pghello.cli.logs;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The forms in which a server writes its log. What users write into a statement, a value or a name
 * is not taken for a message: in stderr the first level in a line counts; in csvlog the columns do;
 * and in jsonlog text of theirs cannot have the keys.
 */
enum LogFormat {
  STDERR {
    @Override
    @Nullable Entry entry(String line) {
      if (line.startsWith("\t")) {
        // the lines of a statement
        return null;
      }
      boolean hasLevel = false;
      for (int end = line.indexOf(":  "); end >= 0; end = line.indexOf(":  ", end + 1)) {
        for (String level : LEVELS) {
          int begin = end - level.length();
          if (line.startsWith(level, begin)) {
            String message = line.substring(end + 3);
            Matcher state = VERBOSE.matcher(message);
            return state.lookingAt()
                ? new Entry(
                    state.group(1), line.substring(0, begin), level, message.substring(state.end()))
                : new Entry(null, line.substring(0, begin), level, message);
          }
        }
        hasLevel |=
            end > 0 && (line.charAt(end - 1) > 0x7f || Character.isLetter(line.charAt(end - 1)));
      }
      return hasLevel ? NOT_UNDERSTOOD : null;
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
      // a quotation mark in a value is doubled, so a line of a statement cannot have this
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

  JSON {
    @Override
    @Nullable Entry entry(String line) {
      // a quotation mark in a value has a backslash before it, so that this is no value of a user's
      Matcher message = JSON_MESSAGE.matcher(line);
      if (!message.find()) {
        return null;
      }
      int end = message.end();
      while (end < line.length() && line.charAt(end) != '"') {
        end += line.charAt(end) == '\\' ? 2 : 1;
      }
      Matcher time = JSON_TIME.matcher(line);
      return Entry.of(
          message.group(2),
          time.lookingAt() ? time.group(1) : "",
          message.group(1),
          unescaped(line.substring(message.end(), Math.min(end, line.length()))));
    }
  };

  /** Entry of a line that begins as a message does, but has no English level. */
  private static final Entry NOT_UNDERSTOOD = new Entry(null, "", "", "");

  /** The levels of messages that may be about the extension. */
  static final List<String> SEVERITIES = List.of("ERROR", "FATAL", "PANIC", "WARNING");

  // the usual ones first
  private static final List<String> LEVELS =
      List.of(
          ("LOG ERROR STATEMENT DETAIL FATAL PANIC WARNING HINT QUERY CONTEXT LOCATION BACKTRACE NOTICE INFO"
                  + " DEBUG DEBUG1 DEBUG2 DEBUG3 DEBUG4 DEBUG5")
              .split(" "));

  // log_error_verbosity = verbose
  private static final Pattern VERBOSE = Pattern.compile("([0-9A-Z]{5}): ");
  private static final Pattern JSON_MESSAGE =
      Pattern.compile(
          "\"error_severity\":\"([^\"\\\\]*)\",\"state_code\":\"([0-9A-Z]{5})\",\"message\":\"");
  private static final Pattern JSON_TIME = Pattern.compile("\\{\"timestamp\":\"([^\"]*)\"");
  private static final Pattern CSV_TIME =
      Pattern.compile("([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+ [A-Z0-9+-]+),");

  /**
   * A message of the log.
   *
   * @param state the SQLSTATE; null if it is in the prefix, if anywhere
   * @param prefix what is before it: the time, or what {@code log_line_prefix} says
   */
  record Entry(@Nullable String state, String prefix, String severity, String message) {
    boolean isUnderstood() {
      return !severity.isEmpty();
    }

    private static Entry of(String state, String prefix, String severity, String message) {
      return LEVELS.contains(severity)
          ? new Entry(state, prefix, severity, message)
          : NOT_UNDERSTOOD;
    }
  }

  /** Returns the form of a log that begins with a text. */
  static LogFormat of(String beginning) {
    if (beginning.startsWith("{\"")) {
      return JSON;
    }
    return CSV_TIME.matcher(beginning).lookingAt() ? CSV : STDERR;
  }

  /**
   * Returns the message that begins in a line; null if none does.
   *
   * @param line a character for each byte, without its end; perhaps only the beginning of a long
   *     one
   */
  abstract @Nullable Entry entry(String line);

  /** Returns where a value of csvlog ends: at a comma, or with the line. */
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

  private static String unescaped(String json) {
    if (json.indexOf('\\') < 0) {
      return json;
    }
    var text = new StringBuilder();
    for (int i = 0; i < json.length(); i++) {
      char c = json.charAt(i);
      if (c == '\\') {
        if (i + (json.startsWith("u", i + 1) ? 5 : 1) >= json.length()) {
          // of a long line, of which this is the beginning
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
            text.append((char) Integer.parseInt(json.substring(i + 1, i + 5), 16));
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
