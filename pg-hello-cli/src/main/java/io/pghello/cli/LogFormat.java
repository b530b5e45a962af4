// SPDX-License-Identifier: MIT
package io.pghello.cli;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The forms in which a server writes its log. In each a message has marks by which it is found
 * without looking at the lines that are none: text that is written by users cannot have those of
 * csvlog and jsonlog, and in those of stderr the first in a line counts.
 */
enum LogFormat {
  STDERR("ERROR:  ", "FATAL:  ", "PANIC:  ", "WARNING:  ") {
    @Override
    @Nullable Entry entry(String text, int lineBegin, int lineEnd, int mark, String found) {
      if (text.charAt(lineBegin) == '\t') {
        // the lines of a statement
        return null;
      }
      String prefix = text.substring(lineBegin, mark);
      if (OTHER_MARK.matcher(prefix).find()) {
        return null;
      }
      return new Entry(
          null,
          prefix,
          found.substring(0, found.indexOf(':')),
          POSITION.matcher(text.substring(mark + found.length(), lineEnd)).replaceFirst(""));
    }
  },

  CSV(",ERROR,", ",FATAL,", ",PANIC,", ",WARNING,") {
    @Override
    @Nullable Entry entry(String text, int lineBegin, int lineEnd, int mark, String found) {
      int state = mark + found.length();
      int message = state + 7;
      // a quotation mark in a value is doubled, so that this is no value of a user's
      if (message >= lineEnd || !text.startsWith(",\"", state + 5) || text.charAt(message) == '"') {
        return null;
      }
      int end = message;
      while (end < lineEnd && (text.charAt(end) != '"' || text.startsWith("\"\"", end))) {
        end += text.charAt(end) == '"' ? 2 : 1;
      }
      int time = text.indexOf(',', lineBegin);
      return new Entry(
          text.substring(state, state + 5),
          text.substring(lineBegin, time),
          found.substring(1, found.length() - 1),
          text.substring(message, Math.min(end, lineEnd)).replace("\"\"", "\""));
    }
  },

  JSON(
      "\"error_severity\":\"ERROR\",",
      "\"error_severity\":\"FATAL\",",
      "\"error_severity\":\"PANIC\",",
      "\"error_severity\":\"WARNING\",") {
    @Override
    @Nullable Entry entry(String text, int lineBegin, int lineEnd, int mark, String found) {
      int begin = mark + found.length();
      // a quotation mark in a value has a backslash before it, so that this is no value of a user's
      Matcher state = JSON_STATE.matcher(text).region(begin, lineEnd);
      if (!state.lookingAt()) {
        return null;
      }
      int end = state.end();
      while (end < lineEnd && text.charAt(end) != '"') {
        end += text.charAt(end) == '\\' ? 2 : 1;
      }
      if (end >= lineEnd) {
        return null;
      }
      Matcher time = JSON_TIME.matcher(text).region(lineBegin, lineEnd);
      return new Entry(
          state.group(1),
          time.lookingAt() ? time.group(1) : "",
          found.substring(18, found.length() - 2),
          unescaped(text.substring(state.end(), end)));
    }
  };

  private static final Pattern OTHER_MARK =
      Pattern.compile(
          "(?:DEBUG[1-5]?|INFO|NOTICE|WARNING|LOG|ERROR|FATAL|PANIC"
              + "|DETAIL|HINT|QUERY|CONTEXT|LOCATION|BACKTRACE|STATEMENT):  ");
  private static final Pattern POSITION = Pattern.compile(" at character [0-9]+$");
  private static final Pattern JSON_STATE =
      Pattern.compile("\"state_code\":\"([0-9A-Z]{5})\",\"message\":\"");
  private static final Pattern JSON_TIME = Pattern.compile("\\{\"timestamp\":\"([^\"]*)\"");
  private static final Pattern CSV_LINE =
      Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+ [A-Z0-9+-]+,.*", Pattern.DOTALL);

  /**
   * A message of the log.
   *
   * @param state the SQLSTATE; null if it is in the prefix, if anywhere
   * @param prefix what is before it: the time, or what {@code log_line_prefix} says
   */
  record Entry(@Nullable String state, String prefix, String severity, String message) {}

  @SuppressWarnings("ImmutableEnumChecker") // of List.of
  private final List<String> marks;

  LogFormat(String... marks) {
    this.marks = List.of(marks);
  }

  /** Returns the form of a log that begins with a text. */
  static LogFormat of(String beginning) {
    if (beginning.startsWith("{\"")) {
      return JSON;
    }
    return CSV_LINE.matcher(beginning).matches() ? CSV : STDERR;
  }

  List<String> marks() {
    return marks;
  }

  /**
   * Returns the message that has a mark; null if there is none, as the mark is part of another one.
   *
   * @param text whole lines, a character for each byte
   * @param mark where the mark begins
   * @param found the mark
   */
  abstract @Nullable Entry entry(String text, int lineBegin, int lineEnd, int mark, String found);

  private static String unescaped(String json) {
    if (json.indexOf('\\') < 0) {
      return json;
    }
    var text = new StringBuilder();
    for (int i = 0; i < json.length(); i++) {
      char c = json.charAt(i);
      if (c == '\\') {
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
