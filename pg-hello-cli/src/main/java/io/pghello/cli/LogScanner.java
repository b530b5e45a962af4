// SPDX-License-Identifier: MIT
package io.pghello.cli;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds what a log says of the extension, in parts that are given to it one after the other. Not
 * thread-safe.
 */
final class LogScanner {
  /** Takes what is found. */
  interface Sink {
    /**
     * Takes one.
     *
     * @param state the SQLSTATE; null where the log does not have it
     */
    void found(LogEvent event, @Nullable String state, LogFormat.Entry entry);
  }

  // outside brackets, where the process's number is in the usual prefixes
  private static final Pattern STATE =
      Pattern.compile("(?<![\\w\\[.:-])(?:[0-9][0-9A-Z]|F0|HV|P0|XX)[0-9A-Z]{3}(?![\\w\\].:-])");

  private final Sink sink;
  private @Nullable LogFormat format;
  private byte[] rest = {};

  LogScanner(@Nullable LogFormat format, Sink sink) {
    this.format = format;
    this.sink = sink;
  }

  @Nullable LogFormat format() {
    return format;
  }

  /** Looks at the next part of the log. A line that is not whole yet waits for the next part. */
  void add(byte[] part, int length) {
    int end = length;
    while (end > 0 && part[end - 1] != '\n') {
      end--;
    }
    if (end == 0) {
      byte[] longer = Arrays.copyOf(rest, rest.length + length);
      System.arraycopy(part, 0, longer, rest.length, length);
      rest = longer;
      return;
    }
    // a character for each byte, so that the JVM's fast search is used and positions are right
    String lines =
        rest.length == 0
            ? new String(part, 0, end, StandardCharsets.ISO_8859_1)
            : new String(rest, StandardCharsets.ISO_8859_1)
                + new String(part, 0, end, StandardCharsets.ISO_8859_1);
    rest = Arrays.copyOfRange(part, end, length);
    scan(lines);
  }

  /** Looks at a last line that has no end. */
  void end() {
    if (rest.length > 0) {
      scan(new String(rest, StandardCharsets.ISO_8859_1) + "\n");
      rest = new byte[0];
    }
  }

  private void scan(String text) {
    LogFormat known = format;
    if (known == null) {
      known = LogFormat.of(text.substring(0, Math.min(text.length(), 200)));
      format = known;
    }
    List<String> marks = known.marks();
    int[] next = new int[marks.size()];
    for (int i = 0; i < next.length; i++) {
      next[i] = text.indexOf(marks.get(i));
    }
    while (true) {
      int first = -1;
      for (int i = 0; i < next.length; i++) {
        if (next[i] >= 0 && (first < 0 || next[i] < next[first])) {
          first = i;
        }
      }
      if (first < 0) {
        return;
      }
      int mark = next[first];
      int begin = text.lastIndexOf('\n', mark) + 1;
      int end = text.indexOf('\n', mark);
      LogFormat.Entry entry = known.entry(text, begin, end, mark, marks.get(first));
      if (entry != null) {
        judge(entry);
      }
      next[first] = text.indexOf(marks.get(first), mark + 1);
    }
  }

  private void judge(LogFormat.Entry entry) {
    String state = entry.state();
    if (state != null) {
      LogEvent event = LogEvent.of(state, entry.message());
      if (event != null) {
        sink.found(event, state, entry);
      }
      return;
    }
    LogEvent event = LogEvent.of(null, entry.message());
    if (event == null) {
      return;
    }
    boolean another = false;
    Matcher states = STATE.matcher(entry.prefix());
    while (states.find()) {
      LogEvent byState = LogEvent.of(states.group(), entry.message());
      if (byState != null) {
        sink.found(byState, states.group(), entry);
        return;
      }
      another = true;
    }
    if (!another) {
      sink.found(event, null, entry);
    }
  }
}
