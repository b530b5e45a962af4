// SPDX-License-Identifier: MIT
package io.pghello.cli.logs;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds what a log says of the extension. It goes over the bytes once, looking for the severities
 * of errors and warnings, and makes text of those lines only that have one. Not thread-safe.
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

  /**
   * The bytes of a line that are looked at: the severity and the extension's messages are at its
   * beginning.
   */
  static final int LINE_BYTES = 1 << 18;

  // outside brackets, where the process's number is in the usual prefixes
  private static final Pattern STATE =
      Pattern.compile("(?<![\\w\\[.:-])(?:[0-9][0-9A-Z]|F0|HV|P0|XX)[0-9A-Z]{3}(?![\\w\\].:-])");

  private static final byte[][] SEVERITIES = severities();
  private static final int SHORTEST = 5;

  // by byte, the bits of its places among the first letters of severities
  private static final byte[] PLACES = places();

  private final Sink sink;
  private final byte[] buffer = new byte[LINE_BYTES];
  private int filled;
  private boolean inLongLine;
  private @Nullable LogFormat format;

  LogScanner(@Nullable LogFormat format, Sink sink) {
    this.format = format;
    this.sink = sink;
  }

  private static byte[][] severities() {
    byte[][] severities = new byte[LogFormat.SEVERITIES.size()][];
    for (int i = 0; i < severities.length; i++) {
      severities[i] = LogFormat.SEVERITIES.get(i).getBytes(StandardCharsets.US_ASCII);
    }
    return severities;
  }

  private static byte[] places() {
    byte[] places = new byte[256];
    for (byte[] severity : SEVERITIES) {
      for (int place = 0; place < SHORTEST; place++) {
        places[severity[place]] |= (byte) (1 << place);
      }
    }
    return places;
  }

  @Nullable LogFormat format() {
    return format;
  }

  /**
   * Looks at the next part of the log, as far as it can be read now. A line that is not whole yet
   * waits for the next part.
   *
   * @return how many bytes were read
   */
  long read(InputStream in) throws IOException {
    long bytes = 0;
    int length;
    while ((length = in.read(buffer, filled, buffer.length - filled)) > 0) {
      bytes += length;
      int end = filled + length;
      int begin = 0;
      if (inLongLine) {
        begin = endOfLine(0, end) + 1;
        if (begin > end) {
          continue;
        }
        inLongLine = false;
      }
      int whole = end;
      while (whole > Math.max(begin, filled) && buffer[whole - 1] != '\n') {
        whole--;
      }
      whole = whole > filled ? whole : begin;
      scan(begin, whole);
      filled = end - whole;
      System.arraycopy(buffer, whole, buffer, 0, filled);
      if (filled == buffer.length) {
        scan(0, filled);
        filled = 0;
        inLongLine = true;
      }
    }
    return bytes;
  }

  /** Looks at a last line that has no end. */
  void end() {
    scan(0, filled);
    filled = 0;
    inLongLine = false;
  }

  private void scan(int from, int to) {
    if (format == null && from < to) {
      format = LogFormat.of(text(from, Math.min(to, from + 200)));
    }
    int severity = severity(from, to);
    while (severity < to) {
      int begin = severity;
      while (begin > from && buffer[begin - 1] != '\n') {
        begin--;
      }
      int end = endOfLine(severity, to);
      String line = text(begin, buffer[end - 1] == '\r' ? end - 1 : end);
      LogFormat.Entry entry = Objects.requireNonNull(format).entry(line);
      if (entry != null) {
        judge(entry);
      }
      severity = severity(end, to);
    }
  }

  /** Returns where the next severity begins; the end if there is none. */
  private int severity(int from, int to) {
    // none has fewer letters, so each has a letter at one of these
    for (int at = from + SHORTEST - 1; at < to; at += SHORTEST) {
      int places = PLACES[buffer[at] & 0xff];
      for (int place = SHORTEST - 1; places != 0; place--) {
        int bit = 1 << place;
        if ((places & bit) != 0 && isSeverity(at - place, to)) {
          return at - place;
        }
        places &= ~bit;
      }
    }
    return to;
  }

  private boolean isSeverity(int begin, int to) {
    byte first = buffer[begin];
    for (byte[] severity : SEVERITIES) {
      int end = begin + severity.length;
      if (first == severity[0]
          && end <= to
          && Arrays.equals(buffer, begin, end, severity, 0, severity.length)) {
        return true;
      }
    }
    return false;
  }

  private int endOfLine(int from, int to) {
    int end = from;
    while (end < to && buffer[end] != '\n') {
      end++;
    }
    return end;
  }

  /** Returns a character for each byte, so that positions are right whatever the encoding. */
  private String text(int from, int to) {
    return new String(buffer, from, to - from, StandardCharsets.ISO_8859_1);
  }

  private void judge(LogFormat.Entry entry) {
    String state = entry.state();
    LogEvent event = LogEvent.of(state, entry.message());
    if (event == null) {
      return;
    }
    if (state != null) {
      sink.found(event, state, entry);
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
