// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import org.postgresql.core.Parser;

/**
 * Finds the last characters of words, quoted names and strings, and rejects strings that the server
 * and the driver would end at different places.
 */
final class TokenScanner {
  private final char[] chars;

  TokenScanner(char[] chars) {
    this.chars = chars;
  }

  /**
   * Returns the end of a quoted name. The driver parses a name that contains a quote as two names.
   */
  int nameEnd(int start) {
    int end = Parser.parseDoubleQuotes(chars, start);
    while (end + 1 < chars.length && chars[end + 1] == '"') {
      end = Parser.parseDoubleQuotes(chars, end + 1);
    }
    return end;
  }

  /**
   * Rejects string literals with escapes if the server and the driver would find different ends.
   * The driver does not recognize escapes directly after another literal, or in the continuation of
   * a literal with escapes.
   */
  void requireEscapesSeen(int start, int end) {
    if (start < 2 || chars[start - 2] == '\'' || chars[start - 2] == '$') {
      throw Failures.of(
          Code.BAD_SQL, "Missing space before the string at index " + (start - 1) + ".");
    }
    int last = end;
    for (int next = continuation(end); next < chars.length; next = continuation(last)) {
      last = next + 1;
      while (last < chars.length && chars[last] != '\'') {
        last += chars[last] == '\\' ? 2 : 1;
      }
      if (last != Parser.parseSingleQuotes(chars, next, true)) {
        throw Failures.of(
            Code.BAD_SQL,
            "A string with escapes is continued at index " + next + ": write it in one piece.");
      }
    }
  }

  /**
   * Returns the index at which a string literal continues, or the length of the text if it does
   * not.
   */
  private int continuation(int end) {
    int i = end + 1;
    while (i < chars.length && chars[i] != '\'') {
      if (chars[i] == '-' && i + 1 < chars.length && chars[i + 1] == '-') {
        i = Parser.parseLineComment(chars, i);
      } else if (chars[i] > ' ') {
        return chars.length;
      }
      i++;
    }
    return i;
  }

  /** Returns the end of a word, or of a number that letters or dollar signs may follow. */
  int wordEnd(int start) {
    int end = start;
    while (end + 1 < chars.length && isWordPart(chars[end + 1])) {
      end++;
    }
    return end;
  }

  // Follows the server's lexer.
  static boolean isWordStart(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
  }

  private static boolean isWordPart(char c) {
    return isWordStart(c) || isDigit(c) || c == '$';
  }

  static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
