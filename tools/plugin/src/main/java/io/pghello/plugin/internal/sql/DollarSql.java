// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.BoundedCache;
import io.pghello.plugin.internal.Failures;
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
import org.jspecify.annotations.Nullable;
import org.postgresql.core.Parser;

/**
 * One statement with parameters {@code $1}, {@code $2} and so on, converted for the driver. The
 * driver replaces the question marks with {@code $1}, {@code $2} and so on, in order, and keeps
 * {@code $k} as written. Therefore, the first occurrence of a parameter becomes a question mark.
 * Later occurrences become {@code $k} with the position of this question mark, so that the server
 * receives each parameter only once. Quotes and comments are skipped with the driver's own parser,
 * so that this class and the driver find the same end of each quote and comment.
 *
 * @param jdbc the statement with question marks
 * @param order for each question mark, the number of its parameter
 * @param highest the highest parameter number; 0 if there are none
 * @param unmentioned the lowest unused parameter number below the highest one; 0 if there is none
 * @param first the first word, in capitals; empty if there is none
 * @param reads whether the statement is a query, judging by its words; functions in it can still
 *     write
 * @param main the place of the main statement, which follows WITH, if the statement changes rows
 *     and returns rows that another query can read; null otherwise
 * @param mayChangeSession whether the statement may change the session: its temporary tables,
 *     settings or locks. The check considers quoted names and possible names with escapes, but not
 *     code that is hidden in strings or functions.
 * @param names the words and quoted names in the statement, as the server stores them
 */
public record DollarSql(
    String jdbc,
    List<Integer> order,
    int highest,
    int unmentioned,
    String first,
    boolean reads,
    @Nullable Place main,
    boolean mayChangeSession,
    Set<String> names) {
  private static final int PARAMETERS_MAX = 65_535;
  private static final int CACHED_MAX = 500;

  private static final Set<String> ROW_STATEMENTS =
      Set.of("SELECT", "VALUES", "TABLE", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE");
  private static final Set<String> TEMPORARY = Set.of("TEMP", "TEMPORARY");
  private static final Pattern SESSION =
      Pattern.compile(
          "BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE|EXECUTE|DEALLOCATE|"
              + "SET|RESET|DISCARD|LISTEN|UNLISTEN|LOAD|DECLARE|FETCH|MOVE|CLOSE|COPY");

  private static final Pattern CAPITALS = Pattern.compile("[A-Z]+");
  private static final Map<String, DollarSql> CACHE = BoundedCache.of(CACHED_MAX);

  /**
   * Parses a statement.
   *
   * @throws PostgresException if there is more than one statement, a quote or parenthesis is not
   *     closed, or a character cannot be sent
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

  /** Returns whether error positions reported by the server also apply to the caller's text. */
  public boolean keepsPlaces() {
    return IntStream.range(0, order.size()).allMatch(i -> order.get(i) == i + 1);
  }

  /**
   * Returns whether the statement changes rows and returns rows that another query can read; see
   * {@link #main}.
   */
  public boolean changesAndReturns() {
    return main != null;
  }

  /**
   * Returns whether the statement may both change and return rows, so that reading them may fail
   * after the change.
   */
  public boolean mayChangeAndReturn() {
    return changesAndReturns() || (hasWith() && !reads);
  }

  /** Returns whether the statement may return rows if it is not put in parentheses. */
  public boolean mayReturn() {
    return changesAndReturns() || !StatementShape.CHANGES.contains(first);
  }

  /** Returns whether the statement begins with WITH. */
  public boolean hasWith() {
    return first.equals("WITH");
  }

  /** Returns a name that the statement does not use. */
  public String unusedName() {
    String name = "q";
    while (names.contains(name)) {
      name += "_";
    }
    return name;
  }

  /**
   * Rejects statements that control transactions or the session.
   *
   * @throws PostgresException if the statement controls a transaction or the session
   */
  public void requireNoSessionControl() {
    if (SESSION.matcher(first).matches()) {
      throw Failures.withRemedy(
          Code.NOT_ALLOWED,
          first + " controls the session or its transactions, which the plugin manages.",
          "Use transaction, or beginTransaction with commit and rollback. To limit the "
              + "duration, set timeout. Instead of COPY, use batchInsert.");
    }
  }

  /**
   * Checks that the number of values matches the statement's parameters.
   *
   * @throws PostgresException if the numbers differ
   */
  public void requireParameters(int given) {
    if (given != highest) {
      throw Failures.withRemedy(
          Code.BAD_VALUE,
          "The statement has " + highest + " parameters, but " + given + " values were passed.",
          "Pass one value in params for each of $1, $2 and so on.");
    }
    if (unmentioned > 0) {
      throw Failures.withRemedy(
          Code.BAD_VALUE,
          "The statement does not use $" + unmentioned + ".",
          "Number the parameters without gaps.");
    }
  }

  /** Translates one statement. */
  private static final class Translation {
    private final String text;
    private final char[] chars;
    private final TokenScanner scanner;
    private final StringBuilder out;
    private final List<Integer> order = new ArrayList<>();
    private final Map<Integer, Integer> places = new HashMap<>();
    private final StatementShape shape = new StatementShape();
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
      this.scanner = new TokenScanner(chars);
      this.out = new StringBuilder(chars.length + 8);
    }

    DollarSql translate() {
      Failures.requireText(text, Code.BAD_SQL, "The SQL");
      for (int i = 0; i < chars.length; i++) {
        i = token(i);
      }
      if (depth != 0) {
        throw bad("A parenthesis is not closed at the end of the SQL.");
      }
      if (order.isEmpty() && out.toString().isBlank()) {
        throw bad("The SQL is empty.");
      }
      int unmentioned =
          IntStream.rangeClosed(1, highest)
              .filter(i -> !places.containsKey(i))
              .findFirst()
              .orElse(0);
      Place main = shape.changingMain();
      if (main != null) {
        shape.outerPlaces().forEach(place -> out.setCharAt(place, ' '));
      }
      return new DollarSql(
          out.toString(),
          List.copyOf(order),
          highest,
          unmentioned,
          first,
          reads(),
          main,
          mayChangeSession(),
          Set.copyOf(kept));
    }

    private boolean reads() {
      return switch (first) {
        case "SELECT", "VALUES", "TABLE" -> true;
        case "WITH" -> !shape.changes();
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
          // dblink opens additional sessions.
          || name.startsWith("DBLINK")
          || name.contains("\\");
    }

    /** Appends the token at an index, and returns its end. */
    private int token(int start) {
      char c = chars[start];
      int end = start;
      switch (c) {
        case '\'' -> {
          end = Parser.parseSingleQuotes(chars, start, true);
          if (escapesAt == start) {
            scanner.requireEscapesSeen(start, end);
          }
          shape.symbol(c);
        }
        case '"' -> {
          end = scanner.nameEnd(start);
          shape.name();
          if (end < chars.length) {
            String name = text.substring(start + 1, end);
            names.add(name.toUpperCase(Locale.ROOT));
            kept.add(name.replace("\"\"", "\""));
          }
        }
        case '-' -> {
          end = Parser.parseLineComment(chars, start);
          if (end == start) {
            shape.symbol(c);
          }
        }
        case '/' -> {
          // The driver treats this as a complete comment.
          if (text.startsWith("/*/", start)) {
            throw bad("Found /*/ at index " + start + ": insert a space.");
          }
          end = Parser.parseBlockComment(chars, start);
          if (end == start) {
            shape.symbol(c);
          }
        }
        case '$' -> {
          shape.symbol(c);
          int parameter = parameter(start);
          if (parameter > start) {
            return parameter;
          }
          end = Parser.parseDollarQuotes(chars, start);
          // If the dollar sign directly follows another quote, or its tag contains special
          // characters, the server may still treat it as the beginning of a quote.
          if (end == start) {
            throw bad(
                "Found a $ at index " + start + " that begins neither a quote nor a parameter.");
          }
        }
        case ';' -> {
          ended = true;
          out.append(' ');
          return start;
        }
        case '?' -> {
          requireNotEnded(start);
          shape.symbol(c);
          out.append("??");
          return start;
        }
        case '(' -> {
          depth++;
          shape.open(place(start));
        }
        case ')' -> {
          if (--depth < 0) {
            throw bad("Unmatched closing parenthesis at index " + start + ".");
          }
          shape.close(place(start));
        }
        case '\\' -> throw bad("Found a backslash outside of quotes at index " + start + ".");
        // The driver would treat braces as JDBC escapes. The server rejects braces.
        case '{', '}' -> throw bad("Found a brace outside of quotes at index " + start + ".");
        default -> {
          if (TokenScanner.isWordStart(c)) {
            end = word(start);
          } else if (TokenScanner.isDigit(c)) {
            end = scanner.wordEnd(start);
            // The server may treat a dollar sign after the number as the beginning of a quote.
            if (text.substring(start, end + 1).contains("$")) {
              throw bad("Found a $ directly after the number at index " + start + ".");
            }
            shape.symbol(c);
          } else if ((c < ' ' || c == 0x7f) && "\t\n\f\r".indexOf(c) < 0) {
            // The driver treats control characters as part of a word, but servers since version 16
            // treat a vertical tab as a space.
            throw bad("Found a control character at index " + start + ".");
          } else if (c > ' ') {
            shape.symbol(c);
          }
        }
      }
      // A comment at the end of the text may have no line end.
      boolean comment = end > start && (c == '-' || c == '/');
      if (end >= chars.length && !(comment && c == '-')) {
        throw bad("A quote or comment that begins at index " + start + " is not closed.");
      }
      end = Math.min(end, chars.length - 1);
      if (!comment && c > ' ') {
        requireNotEnded(start);
      }
      out.append(chars, start, end - start + 1);
      return end;
    }

    /** Appends a parameter. Returns its end, or the start if there is none. */
    private int parameter(int start) {
      int end = start + 1;
      while (end < chars.length && TokenScanner.isDigit(chars[end])) {
        end++;
      }
      if (end == start + 1) {
        return start;
      }
      requireNotEnded(start);
      String digits = text.substring(start + 1, end);
      int number = digits.length() > 5 ? Integer.MAX_VALUE : Integer.parseInt(digits);
      if (number < 1 || number > PARAMETERS_MAX) {
        throw bad("Invalid parameter $" + (digits.length() > 9 ? "…" : digits) + ".");
      }
      if (end < chars.length && (TokenScanner.isWordStart(chars[end]) || chars[end] == '$')) {
        throw bad("Found a character directly after the parameter at index " + start + ".");
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

    /** Returns the place of the token at an index, which has not been appended yet. */
    private Place place(int start) {
      return new Place(out.length(), start);
    }

    private int word(int start) {
      int end = scanner.wordEnd(start);
      String written = text.substring(start, end + 1);
      String word = written.toUpperCase(Locale.ROOT);
      if (first.isEmpty()) {
        first = word;
      }
      shape.word(word, place(start));
      words.add(word);
      names.add(word);
      kept.add(folded(written));
      // A database with a single-byte encoding and a matching locale also folds non-ASCII letters
      // to lower case.
      kept.add(written.toLowerCase(Locale.ROOT));
      escapesAt = word.equals("E") ? end + 1 : -1;
      for (int i = start; i <= end; i++) {
        // The driver recognizes fewer characters as letters than the server does.
        if (chars[i] == '$' && Parser.parseDollarQuotes(chars, i) > i) {
          throw bad("Found a $ at index " + i + " that the driver would treat as a quote.");
        }
      }
      return end;
    }

    /**
     * Returns a word as the server stores it. The server usually converts only ASCII letters to
     * lower case.
     */
    private static String folded(String word) {
      return CAPITALS.matcher(word).replaceAll(some -> some.group().toLowerCase(Locale.ROOT));
    }

    private void requireNotEnded(int index) {
      if (ended) {
        throw Failures.withRemedy(
            Code.BAD_SQL,
            "Found a second statement at index " + index + ".",
            "Send one statement at a time, or several as a transaction.");
      }
    }

    private static PostgresException bad(String message) {
      return Failures.of(Code.BAD_SQL, message);
    }
  }
}
