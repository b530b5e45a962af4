// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.BoundedCache;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Texts;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.postgresql.core.Parser;

/**
 * One statement with {@code $1}, {@code $2} and so on, as the driver takes it. The driver makes
 * {@code $1}, {@code $2} of question marks in their order, and leaves what is written as {@code
 * $k}. So the first mention of a parameter becomes a question mark, and later ones {@code $k} with
 * its place: to the server they are one parameter, as they were to the caller. Quotes and comments
 * are skipped by the driver's own parser, so that both agree on where they end.
 *
 * @param jdbc the statement with question marks
 * @param order for each question mark, the number of the parameter that it stands for
 * @param highest the highest number of a parameter; 0 if there are none
 * @param unmentioned the lowest number below it that is not mentioned; 0 if there is none
 * @param first the first word, in capitals; empty if there is none
 * @param reads whether it reads, by its words; a function in it may write all the same
 * @param changesAndReturns whether it changes rows and returns them, and has no WITH before it
 * @param mayChangeSession whether the session may be another afterwards: temporary tables,
 *     settings, locks. Quoted names count, and so does what may be one written with escapes; what a
 *     text or a function hides is not seen.
 * @param names the words and quoted names in it, as the server keeps them
 */
public record DollarSql(
    String jdbc,
    List<Integer> order,
    int highest,
    int unmentioned,
    String first,
    boolean reads,
    boolean changesAndReturns,
    boolean mayChangeSession,
    Set<String> names) {
  private static final int PARAMETERS_MAX = 65_535;
  private static final int CACHED_MAX = 500;

  private static final Set<String> ROW_STATEMENTS =
      Set.of("SELECT", "VALUES", "TABLE", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE");
  private static final Set<String> TEMPORARY = Set.of("TEMP", "TEMPORARY");
  private static final Set<String> CHANGES = Set.of("INSERT", "UPDATE", "DELETE", "MERGE");
  private static final Pattern SESSION =
      Pattern.compile(
          "BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE|EXECUTE|DEALLOCATE|"
              + "SET|RESET|DISCARD|LISTEN|UNLISTEN|LOAD|DECLARE|FETCH|MOVE|CLOSE|COPY");

  private static final Pattern CAPITALS = Pattern.compile("[A-Z]+");
  private static final Map<String, DollarSql> CACHE = BoundedCache.of(CACHED_MAX);

  /**
   * Returns a statement.
   *
   * @throws PostgresException if there is more than one, a quote or a bracket is open, or a
   *     character cannot be sent
   */
  public static DollarSql of(String text) {
    DollarSql known = CACHE.get(text);
    if (known != null) {
      return known;
    }
    DollarSql sql = new Translation(text).translate();
    if (text.length() <= BoundedCache.TEXT_MAX) {
      CACHE.put(text, sql);
    }
    return sql;
  }

  /** Returns whether a place in what the server sees is the same place in the caller's text. */
  public boolean keepsPlaces() {
    return IntStream.range(0, order.size()).allMatch(i -> order.get(i) == i + 1);
  }

  /** Returns whether a statement may change rows and return some: reading may fail afterwards. */
  public boolean mayChangeAndReturn() {
    return changesAndReturns || (first.equals("WITH") && !reads);
  }

  /** Returns whether a statement may return rows if it does not stand in brackets. */
  public boolean mayReturn() {
    return changesAndReturns || !CHANGES.contains(first);
  }

  /**
   * Refuses statements that control transactions or the session.
   *
   * @throws PostgresException if it is one
   */
  public void requireNoSessionControl() {
    if (SESSION.matcher(first).matches()) {
      throw Failures.withRemedy(
          Code.NOT_ALLOWED,
          first + " controls a session or its transactions, which are the plugin's.",
          "Use transaction, or beginTransaction with commit and rollback; timeout;"
              + " and batchInsert in place of COPY.");
    }
  }

  /**
   * Refuses another number of values than the statement has parameters.
   *
   * @throws PostgresException if they differ
   */
  public void requireParameters(int given) {
    if (given != highest) {
      throw Failures.withRemedy(
          Code.BAD_VALUE,
          "The statement has " + highest + " parameters, but there are " + given + " values.",
          "Give params one value for each of $1, $2 and so on.");
    }
    if (unmentioned > 0) {
      throw Failures.withRemedy(
          Code.BAD_VALUE,
          "The statement does not mention $" + unmentioned + ".",
          "Number the parameters without gaps.");
    }
  }

  /** Translates one statement. */
  private static final class Translation {
    private final String text;
    private final char[] chars;
    private final StringBuilder out;
    private final List<Integer> order = new ArrayList<>();
    private final Map<Integer, Integer> places = new HashMap<>();
    private final Set<String> words = new HashSet<>();
    private final Set<String> names = new HashSet<>();
    private final Set<String> kept = new HashSet<>();
    private String first = "";
    private int highest;
    private int depth;
    private int escapesAt = -1;
    private boolean ended;

    Translation(String text) {
      this.text = text;
      this.chars = text.toCharArray();
      this.out = new StringBuilder(chars.length + 8);
    }

    DollarSql translate() {
      Texts.check(text, Code.BAD_SQL, "The SQL");
      for (int i = 0; i < chars.length; i++) {
        i = token(i);
      }
      if (depth != 0) {
        throw bad("A bracket is open at the end of the SQL.");
      }
      if (order.isEmpty() && out.toString().isBlank()) {
        throw bad("The SQL is empty.");
      }
      int unmentioned =
          IntStream.rangeClosed(1, highest)
              .filter(i -> !places.containsKey(i))
              .findFirst()
              .orElse(0);
      return new DollarSql(
          out.toString(),
          List.copyOf(order),
          highest,
          unmentioned,
          first,
          reads(),
          words.contains("RETURNING") && CHANGES.contains(first),
          mayChangeSession(),
          Set.copyOf(kept));
    }

    private boolean reads() {
      return switch (first) {
        case "SELECT", "VALUES", "TABLE" -> true;
        case "WITH" -> Collections.disjoint(words, CHANGES);
        default -> false;
      };
    }

    private boolean mayChangeSession() {
      return !ROW_STATEMENTS.contains(first)
          || words.contains("UESCAPE")
          || (words.contains("INTO") && !Collections.disjoint(words, TEMPORARY))
          || names.stream().anyMatch(Translation::namesSession);
    }

    private static boolean namesSession(String name) {
      return name.equals("SET_CONFIG")
          || name.contains("ADVISORY_LOCK")
          || name.startsWith("PG_TEMP")
          // which keeps sessions of its own
          || name.startsWith("DBLINK")
          || name.contains("\\");
    }

    /** Appends what begins at an index, and returns where it ends. */
    private int token(int start) {
      char c = chars[start];
      int end = start;
      switch (c) {
        case '\'' -> {
          end = Parser.parseSingleQuotes(chars, start, true);
          if (escapesAt == start) {
            requireEscapesSeen(start, end);
          }
        }
        case '"' -> {
          end = endOfName(start);
          if (end < chars.length) {
            String name = text.substring(start + 1, end);
            names.add(name.toUpperCase(Locale.ROOT));
            kept.add(name.replace("\"\"", "\""));
          }
        }
        case '-' -> end = Parser.parseLineComment(chars, start);
        case '/' -> {
          // the driver takes it for a whole comment
          if (text.startsWith("/*/", start)) {
            throw bad("There is /*/ at index " + start + ": put a space into it.");
          }
          end = Parser.parseBlockComment(chars, start);
        }
        case '$' -> {
          int parameter = parameter(start);
          if (parameter > start) {
            return parameter;
          }
          end = Parser.parseDollarQuotes(chars, start);
          // to the server it may be a quote: right behind another, or with signs for a name
          if (end == start) {
            throw bad("There is a $ at index " + start + ", which is no quote or parameter.");
          }
        }
        case ';' -> {
          ended = true;
          out.append(' ');
          return start;
        }
        case '?' -> {
          requireNotEnded(start);
          out.append("??");
          return start;
        }
        case '(' -> depth++;
        case ')' -> {
          if (--depth < 0) {
            throw bad("A bracket is closed that was not opened, at index " + start + ".");
          }
        }
        case '\\' -> throw bad("There is a backslash outside of quotes at index " + start + ".");
        // the driver would take it for JDBC's escapes, and to the server it is a mistake
        case '{', '}' -> throw bad("There is a brace outside of quotes at index " + start + ".");
        default -> {
          if (isWordStart(c)) {
            end = word(start);
          } else if (isDigit(c)) {
            end = wordEnd(start);
            // to the server a quote may begin at it
            if (text.substring(start, end + 1).contains("$")) {
              throw bad("There is a $ right behind the number at index " + start + ".");
            }
          } else if ((c < ' ' || c == 0x7f) && "\t\n\f\r".indexOf(c) < 0) {
            // to the driver part of a word, and a vertical tab is a space to servers from 16 on
            throw bad("There is a control character at index " + start + ".");
          }
        }
      }
      // a comment at the end of the text has no end of its line
      boolean comment = end > start && (c == '-' || c == '/');
      if (end >= chars.length && !(comment && c == '-')) {
        throw bad("A quote or a comment that begins at index " + start + " does not end.");
      }
      end = Math.min(end, chars.length - 1);
      if (!comment && c > ' ') {
        requireNotEnded(start);
      }
      out.append(chars, start, end - start + 1);
      return end;
    }

    /** Returns where a name ends; the driver takes one with a quote in it for two. */
    private int endOfName(int start) {
      int end = Parser.parseDoubleQuotes(chars, start);
      while (end + 1 < chars.length && chars[end + 1] == '"') {
        end = Parser.parseDoubleQuotes(chars, end + 1);
      }
      return end;
    }

    /** Appends a parameter; returns where it ends, or the start if there is none. */
    private int parameter(int start) {
      int end = start + 1;
      while (end < chars.length && isDigit(chars[end])) {
        end++;
      }
      if (end == start + 1) {
        return start;
      }
      requireNotEnded(start);
      String digits = text.substring(start + 1, end);
      int number = digits.length() > 5 ? Integer.MAX_VALUE : Integer.parseInt(digits);
      if (number < 1 || number > PARAMETERS_MAX) {
        throw bad("There is no parameter $" + (digits.length() > 9 ? "…" : digits) + ".");
      }
      if (end < chars.length && (isWordStart(chars[end]) || chars[end] == '$')) {
        throw bad("There is something right behind the parameter at index " + start + ".");
      }
      Integer known = places.putIfAbsent(number, order.size() + 1);
      if (known == null) {
        order.add(number);
        out.append('?');
      } else {
        out.append('$').append(known);
      }
      highest = Math.max(highest, number);
      return end - 1;
    }

    private int word(int start) {
      int end = wordEnd(start);
      String written = text.substring(start, end + 1);
      String word = written.toUpperCase(Locale.ROOT);
      if (first.isEmpty()) {
        first = word;
      }
      words.add(word);
      names.add(word);
      kept.add(folded(written));
      escapesAt = word.equals("E") ? end + 1 : -1;
      for (int i = start; i <= end; i++) {
        // the driver knows fewer letters than the server
        if (chars[i] == '$' && Parser.parseDollarQuotes(chars, i) > i) {
          throw bad("There is a $ at index " + i + " of which the driver makes a quote.");
        }
      }
      return end;
    }

    /** Returns a word as the server keeps it, which folds the letters of ASCII alone. */
    private static String folded(String word) {
      return CAPITALS.matcher(word).replaceAll(some -> some.group().toLowerCase(Locale.ROOT));
    }

    /**
     * Refuses a text with escapes which the server and the driver see end in different places:
     * right behind another text, and where it goes on behind a quote with escapes, the driver sees
     * none.
     */
    private void requireEscapesSeen(int start, int end) {
      if (start < 2 || chars[start - 2] == '\'' || chars[start - 2] == '$') {
        throw bad("There is no space before the text at index " + (start - 1) + ".");
      }
      int last = end;
      for (int next = continuation(end); next < chars.length; next = continuation(last)) {
        last = next + 1;
        while (last < chars.length && chars[last] != '\'') {
          last += chars[last] == '\\' ? 2 : 1;
        }
        if (last != Parser.parseSingleQuotes(chars, next, true)) {
          throw bad("A text with escapes goes on at index " + next + ": write it in one piece.");
        }
      }
    }

    /** Returns where a text goes on that seemed to end, or the length if it has ended. */
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

    private int wordEnd(int start) {
      int end = start;
      while (end + 1 < chars.length && isWordPart(chars[end + 1])) {
        end++;
      }
      return end;
    }

    // as the server's own lexer has it
    private static boolean isWordStart(char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    }

    private static boolean isWordPart(char c) {
      return isWordStart(c) || isDigit(c) || c == '$';
    }

    private static boolean isDigit(char c) {
      return c >= '0' && c <= '9';
    }

    private void requireNotEnded(int index) {
      if (ended) {
        throw Failures.withRemedy(
            Code.BAD_SQL,
            "There is a second statement at index " + index + ".",
            "Send one statement at a time, or several as a transaction.");
      }
    }

    private static PostgresException bad(String message) {
      return Failures.of(Code.BAD_SQL, message);
    }
  }
}
