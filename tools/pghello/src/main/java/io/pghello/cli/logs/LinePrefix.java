// SPDX-License-Identifier: MIT
package io.pghello.cli.logs;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Learns the {@code log_line_prefix} of a stderr log from the log's lines. Anyone who can reach the
 * server's port can choose the user, database and application names in the prefix without logging
 * in. These names may contain a severity level or a line break. Therefore, this class detects lines
 * that may have been faked with such a name. Not thread-safe.
 */
final class LinePrefix {
  /** Maximum length of a name, which is limited by the size of the startup packet. */
  static final int NAME_BYTES = 10_000;

  private static final int STATE_LENGTH = 5;
  private static final Pattern SUCCESS = Pattern.compile("\\b00000\\b");
  // A line begins with a time, the key of the first value, or a process id in brackets.
  private static final Pattern BEGINNING =
      Pattern.compile(
          "\\W?(?:[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+ [A-Z0-9+-]+\\W?|[a-z_]+=|\\[[0-9]+\\])");
  private static final int NOT_LEARNT = -1;
  private static final int NOWHERE = -2;

  // Initially matches the common prefixes. Replaced when a line shows a different prefix.
  private Pattern beginning = Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2} ");
  // a prefix of a LOG message from which nothing more can be learnt; empty if there is none
  private String known = "";
  private boolean hasBeginning;
  private int withoutBeginning;
  private int stateColumn = NOT_LEARNT;
  private int unproven;

  /**
   * Returns the message of a line, or an entry marked as not understood if a name may have faked or
   * hidden the message.
   *
   * @param entry the apparent message; null if no message begins on this line
   */
  LogFormat.@Nullable Entry proven(String line, LogFormat.@Nullable Entry entry) {
    unproven = Math.max(0, unproven - line.length() - 1);
    if (entry == null) {
      if (!line.startsWith("\t") && beginning.matcher(line).lookingAt()) {
        // If a name contains a line break, the rest of the message is on the next lines.
        unproven = NAME_BYTES;
        return LogFormat.Entry.notUnderstood(NotUnderstood.NAME);
      }
      return null;
    }
    if (entry.reason() != null) {
      return entry;
    }
    learn(line, entry);
    boolean faked = unproven > 0 && entry.isEvent();
    LogFormat.Entry next = LogFormat.next(line, entry);
    if (next != null) {
      faked |= entry.isEvent();
      for (; next != null && !faked; next = LogFormat.next(line, next)) {
        faked = next.isEvent();
      }
    }
    return faked ? LogFormat.Entry.notUnderstood(NotUnderstood.NAME) : entry;
  }

  /**
   * Returns whether a prefix contains an SQLSTATE in the same position as the prefixes of other
   * lines.
   */
  boolean hasState(String prefix) {
    return stateColumn >= 0 && isState(word(prefix));
  }

  private void learn(String line, LogFormat.Entry entry) {
    String prefix = entry.prefix();
    if (isLike(known, prefix)) {
      return;
    }
    if (!prefix.isEmpty() && !(hasBeginning && beginning.matcher(line).lookingAt())) {
      Matcher begin = BEGINNING.matcher(prefix);
      if (begin.lookingAt()) {
        hasBeginning = true;
        known = "";
        beginning =
            Pattern.compile(Pattern.quote(begin.group()).replaceAll("[0-9]+", "\\\\E[0-9]+\\\\Q"));
      } else if (!hasBeginning && ++withoutBeginning == 2) {
        // A single line without such a beginning may come from another program. Two such lines show
        // that the prefixes begin with a name, so any line could begin with such a prefix.
        hasBeginning = true;
        known = "";
        beginning = Pattern.compile("");
      }
    }
    if (!entry.severity().equals("LOG") || stateColumn == NOWHERE) {
      return;
    }
    if (stateColumn == NOT_LEARNT) {
      Matcher success = SUCCESS.matcher(prefix);
      if (success.find()) {
        stateColumn =
            (int)
                prefix
                    .substring(0, success.start())
                    .chars()
                    .filter(LinePrefix::isSeparator)
                    .count();
      }
    }
    if (stateColumn >= 0) {
      String word = word(prefix);
      if (word.isEmpty()) {
        return;
      }
      if (!isState(word)) {
        stateColumn = NOWHERE;
        return;
      }
      if (hasBeginning) {
        known = prefix;
      }
    }
  }

  /** Returns whether a character separates the values of a prefix. */
  private static boolean isSeparator(int each) {
    return switch (each) {
      case ' ', ',', '|', '=', ';', ':' -> true;
      default -> false;
    };
  }

  private static boolean isState(String word) {
    boolean state = word.length() == STATE_LENGTH;
    for (int i = 0; state && i < STATE_LENGTH; i++) {
      char each = word.charAt(i);
      state = isDigit(each) || (each >= 'A' && each <= 'Z');
    }
    return state;
  }

  /**
   * Returns the word at the position of the SQLSTATE; empty if the prefix is shorter. Called for
   * almost every line, so it uses no regular expression.
   */
  private String word(String prefix) {
    int begin = 0;
    for (int column = 0; column < stateColumn; column++) {
      begin = separator(prefix, begin) + 1;
      if (begin > prefix.length()) {
        return "";
      }
    }
    return prefix.substring(begin, separator(prefix, begin));
  }

  /** Returns the index of the next separator; the length of the prefix if there is none. */
  private static int separator(String prefix, int from) {
    int end = from;
    while (end < prefix.length() && !isSeparator(prefix.charAt(end))) {
      end++;
    }
    return end;
  }

  /**
   * Returns whether two prefixes differ only in digits, as most do. In that case, the second prefix
   * provides no new information.
   */
  private static boolean isLike(String known, String prefix) {
    boolean like = !known.isEmpty() && known.length() == prefix.length();
    for (int i = 0; like && i < known.length(); i++) {
      char expected = known.charAt(i);
      char each = prefix.charAt(i);
      like = expected == each || (isDigit(expected) && isDigit(each));
    }
    return like;
  }

  private static boolean isDigit(char each) {
    return each >= '0' && each <= '9';
  }
}
