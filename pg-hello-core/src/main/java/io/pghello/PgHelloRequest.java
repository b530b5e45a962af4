// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of one call to the SQL function {@code pg_hello}: a name, and a number of
 * repetitions. {@link PgHelloMapper} binds requests to your own statements, and reads the
 * greetings.
 *
 * <p>Immutable and thread-safe.
 */
public final class PgHelloRequest {
  /** The number of repetitions that selects the session's setting {@code pg_hello.repeat}. */
  public static final int SESSION_DEFAULT = 0;

  /** The maximum number of repetitions. */
  public static final int REPEAT_MAX = 10;

  static final int REPEAT_MIN = 1;

  private static final String BEFORE = "Hello, ";
  private static final String AFTER = "!";
  private static final String BETWEEN = " ";
  // values of bytes before the check
  private static final int UNCHECKED = -1;
  private static final int UNCHECKED_WITH_COUNT = -2;

  private final String name;
  private final int repeat;
  private int bytes;

  private PgHelloRequest(String name, int repeat, int bytes) {
    this.name = Objects.requireNonNull(name, "name");
    this.repeat = repeat;
    this.bytes = bytes;
  }

  /**
   * Checks a name, and returns a request for its greeting, with the session's number of
   * repetitions.
   *
   * @param name any text without U+0000 or unpaired surrogates; may be empty
   * @throws FunctionCallException if no database can store the name ({@link
   *     Code#INVALID_ARGUMENT}), or if it is too long for a message to the server ({@link
   *     Code#RESULT_TOO_LARGE})
   */
  public static PgHelloRequest of(String name) {
    return of(name, SESSION_DEFAULT);
  }

  /**
   * Checks a name and a number of repetitions, and returns a request for the greeting.
   *
   * @param repeat the number of repetitions, 1 to 10, or {@link #SESSION_DEFAULT}
   * @throws FunctionCallException if {@code repeat} is out of range ({@link
   *     Code#INVALID_ARGUMENT}), or for the same reasons as {@link #of(String)}
   */
  public static PgHelloRequest of(String name, int repeat) {
    return of(name, repeat, "");
  }

  /**
   * Checks a name and a number of repetitions like {@link #of(String, int)}, and adds the name's
   * location to error messages, for statements with many names.
   *
   * @param location a text that identifies the name in error messages, e.g. {@code names[3]} or
   *     {@code author.name}, and therefore must not contain data; empty if there is only one name
   * @throws FunctionCallException for the same reasons as {@link #of(String, int)}
   */
  public static PgHelloRequest of(String name, int repeat, String location) {
    int checked = repeat == SESSION_DEFAULT ? repeat : checkRepeat(repeat);
    return new PgHelloRequest(name, checked, NameValidator.check(name, location));
  }

  /**
   * Returns a request that is checked when its size is needed.
   *
   * @param repeat a checked repeat count, or {@link #SESSION_DEFAULT}
   */
  static PgHelloRequest unchecked(String name, int repeat) {
    return new PgHelloRequest(
        name, repeat, repeat == SESSION_DEFAULT ? UNCHECKED : UNCHECKED_WITH_COUNT);
  }

  /**
   * Returns a request with a repeat count that is checked when its size is needed.
   *
   * @param repeat the repeat count, which may be out of range
   */
  static PgHelloRequest uncheckedCount(String name, int repeat) {
    return new PgHelloRequest(name, repeat, UNCHECKED_WITH_COUNT);
  }

  /** Checks a repeat count, and returns it. */
  static int checkRepeat(int repeat) {
    if (repeat < REPEAT_MIN || repeat > REPEAT_MAX) {
      throw invalidRepeat(repeat);
    }
    return repeat;
  }

  /** Returns the error for a count that is out of range. */
  private static FunctionCallException invalidRepeat(int repeat) {
    var problem =
        new CallProblem(
            Code.INVALID_ARGUMENT,
            "The repeat count is " + repeat + ".",
            "Use a count between " + REPEAT_MIN + " and " + REPEAT_MAX + ".");
    return new FunctionCallException(problem, null, null);
  }

  /** Returns the name. */
  public String name() {
    return name;
  }

  /** Returns the number of repetitions, 1 to 10, or {@link #SESSION_DEFAULT}. */
  public int repeat() {
    return repeat;
  }

  /**
   * Returns the number of bytes of the name in UTF-8.
   *
   * @throws FunctionCallException if the count is out of range, or if no database can store the
   *     name
   */
  int bytes() {
    if (bytes < 0) {
      if (bytes == UNCHECKED_WITH_COUNT) {
        int unused = checkRepeat(repeat);
      }
      bytes = NameValidator.check(name, "");
    }
    return bytes;
  }

  /** Returns the function that answers the request. */
  Function function() {
    return repeat == SESSION_DEFAULT && bytes != UNCHECKED_WITH_COUNT
        ? Function.HELLO
        : Function.HELLO_REPEAT;
  }

  /** Returns the number of repetitions in the greeting of the empty name. */
  static int countOfEmptyName(String greeting) {
    int step = BEFORE.length() + AFTER.length() + BETWEEN.length();
    return (greeting.length() + BETWEEN.length()) / step;
  }

  /**
   * Returns whether a result matches the request. A pooler without support for prepared statements
   * can return a result that belongs to another connection.
   */
  boolean isAnsweredBy(@Nullable String answer) {
    return isGreeting(answer, name, repeat);
  }

  /**
   * Returns whether a text is the greeting of a name, for example a greeting that was stored
   * earlier. Takes no round trip.
   *
   * @param text the text; null is not a greeting
   * @param repeat the number of repetitions, or {@link #SESSION_DEFAULT} for any number from 1 to
   *     10
   */
  public static boolean isGreeting(@Nullable String text, String name, int repeat) {
    if (text == null) {
      return false;
    }
    int greeting = BEFORE.length() + name.length() + AFTER.length();
    int step = greeting + BETWEEN.length();
    int count = (text.length() + BETWEEN.length()) / step;
    if (count * step != text.length() + BETWEEN.length()
        || count < REPEAT_MIN
        || count > REPEAT_MAX
        || (repeat != SESSION_DEFAULT && count != repeat)) {
      return false;
    }
    for (int at = 0; at < text.length(); at += step) {
      if (!text.startsWith(BEFORE, at)
          || !text.startsWith(name, at + BEFORE.length())
          || !text.startsWith(AFTER, at + greeting - AFTER.length())
          || (at > 0 && !text.startsWith(BETWEEN, at - BETWEEN.length()))) {
        return false;
      }
    }
    return true;
  }
}
