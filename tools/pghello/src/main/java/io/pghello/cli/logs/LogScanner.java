// SPDX-License-Identifier: MIT
package io.pghello.cli.logs;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds messages about the extension in a log. Memory use does not depend on line lengths. Not
 * thread-safe.
 */
final class LogScanner {
  /** Receives the events. */
  interface Sink {
    /**
     * Called for each event.
     *
     * @param state the SQLSTATE; null if it is not in the log
     */
    void found(LogEvent event, @Nullable String state, LogFormat.Entry entry);
  }

  /** Number of characters that show the format of a log. */
  private static final int FORMAT_CHARACTERS = 200;

  // Excludes process ids and ports, which are in brackets.
  private static final Pattern STATE =
      Pattern.compile("(?<![\\w\\[(.:-])[0-9A-Z]{5}(?![\\w\\]).:-])");

  // Matches output of pg_ctl in a log that the server also writes, e.g. in a container.
  private static final String PG_CTL = "waiting for server to ";
  private static final Pattern PG_CTL_OUTPUT =
      Pattern.compile("^waiting for server to (?:start|shut down)\\.+");

  private final Sink sink;
  private final byte[] buffer = new byte[LogFormat.LINE_BYTES];
  private int filled;
  private boolean inLongLine;
  private boolean understood;
  private final Map<NotUnderstood, Long> notUnderstood = new EnumMap<>(NotUnderstood.class);
  private final LinePrefix prefix = new LinePrefix();
  private LogFormat.@Nullable Entry crashed;
  private @Nullable NotUnderstood record;
  private @Nullable LogFormat format;

  LogScanner(@Nullable LogFormat format, Sink sink) {
    this.format = format;
    this.sink = sink;
  }

  /**
   * Scans the available part of the log. Keeps an incomplete last line until the next part is read.
   *
   * @return the number of bytes read
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

  /**
   * Scans the last line if it has no line end.
   *
   * @return the number of messages that are not understood, by reason; not empty if the log has
   *     lines, but none of them was recognized as a message
   */
  Map<NotUnderstood, Long> end() {
    scan(0, filled);
    filled = 0;
    inLongLine = false;
    if (format != null && !understood && notUnderstood.isEmpty()) {
      notUnderstood.put(Objects.requireNonNullElse(record, NotUnderstood.LANGUAGE), 1L);
    }
    return notUnderstood;
  }

  private void scan(int from, int to) {
    // searching a string for a character is faster than searching an array
    String lines = text(from, to);
    if (format == null && !lines.isEmpty()) {
      format = LogFormat.of(lines.substring(0, Math.min(lines.length(), FORMAT_CHARACTERS)));
    }
    for (int begin = 0; begin < lines.length(); ) {
      int found = lines.indexOf('\n', begin);
      int end = found < 0 ? lines.length() : found;
      if (end > begin) {
        line(lines.substring(begin, lines.charAt(end - 1) == '\r' ? end - 1 : end));
      } else if (format == LogFormat.STDERR) {
        // If the prefixes begin with a name, and the name begins with a line break, the message
        // begins with an empty line.
        line("");
      }
      begin = end + 1;
    }
  }

  private void line(String line) {
    LogFormat.Entry entry;
    if (format == LogFormat.STDERR) {
      String message =
          line.startsWith(PG_CTL) ? PG_CTL_OUTPUT.matcher(line).replaceFirst("") : line;
      entry = prefix.proven(message, format.entry(message));
    } else {
      entry = Objects.requireNonNull(format).entry(line);
    }
    if (!understood && record == null) {
      record = NotUnderstood.recordOf(line);
    }
    if (entry != null && entry.reason() != null) {
      notUnderstood.merge(entry.reason(), 1L, Long::sum);
    } else if (entry != null) {
      understood = true;
      if (LogFormat.SEVERITIES.contains(entry.severity())) {
        judge(entry);
      }
      if (entry.severity().equals("LOG") && LogEvent.CRASH.isIn(entry.message())) {
        crashed = entry;
      } else if (!entry.severity().equals("DETAIL")) {
        crashed = null;
      }
    }
    // The statement that crashed the server is on the same line or on the following lines.
    if (crashed != null && LogEvent.CALL.matcher(line).find()) {
      sink.found(LogEvent.CRASH, "00000", crashed);
      crashed = null;
    }
  }

  private int endOfLine(int from, int to) {
    int end = from;
    while (end < to && buffer[end] != '\n') {
      end++;
    }
    return end;
  }

  /** Returns one character for each byte, so that positions are correct in any encoding. */
  private String text(int from, int to) {
    return new String(buffer, from, to - from, StandardCharsets.ISO_8859_1);
  }

  private void judge(LogFormat.Entry entry) {
    // most messages are not about the extension, so their SQLSTATE does not matter
    if (LogEvent.of(null, entry.message()) == null) {
      return;
    }
    String state = entry.state();
    if (format == LogFormat.STDERR) {
      Matcher words = STATE.matcher(entry.prefix());
      while (words.find()) {
        LogEvent event = LogEvent.of(words.group(), entry.message());
        // A user-supplied message may look like a message in the verbose format.
        if (event != null && (state == null || state.equals(words.group()))) {
          sink.found(event, words.group(), entry);
          return;
        }
      }
      // Any other word may be a process id, a transaction id or a name, so it does not prove that
      // the SQLSTATE is a different one.
      if (prefix.hasState(entry.prefix())) {
        return;
      }
    }
    LogEvent event = LogEvent.of(state, entry.message());
    if (event != null) {
      sink.found(event, state, entry);
    }
  }
}
