// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The arguments of a call to {@code pg_hello}. They are checked when their size is needed. */
public final class HelloRequest {
  /** The repeat count that selects the session's {@code pg_hello.repeat} setting. */
  public static final int SESSION_DEFAULT = 0;

  /** The minimum repeat count. */
  public static final int REPEAT_MIN = 1;

  /** The maximum repeat count. */
  public static final int REPEAT_MAX = 10;

  private static final String BEFORE = "Hello, ";
  private static final String AFTER = "!";
  private static final String BETWEEN = " ";
  // values of bytes before the check
  private static final int UNCHECKED = -1;
  private static final int UNCHECKED_WITH_COUNT = -2;

  private final String name;
  private final int repeat;
  private int bytes;

  private HelloRequest(String name, int repeat, int bytes) {
    this.name = Objects.requireNonNull(name, "name");
    this.repeat = repeat;
    this.bytes = bytes;
  }

  /**
   * Returns a request.
   *
   * @param repeat a checked repeat count, or {@link #SESSION_DEFAULT}
   */
  public static HelloRequest of(String name, int repeat) {
    return new HelloRequest(
        name, repeat, repeat == SESSION_DEFAULT ? UNCHECKED : UNCHECKED_WITH_COUNT);
  }

  /**
   * Returns a request with a repeat count.
   *
   * @param repeat the repeat count, which may be out of range
   */
  public static HelloRequest ofCount(String name, int repeat) {
    return new HelloRequest(name, repeat, UNCHECKED_WITH_COUNT);
  }

  /**
   * Checks the name of an entity, and returns a request for its greeting.
   *
   * @param location the location of the name, for the error message
   */
  public static HelloRequest of(String name, int repeat, String location) {
    return new HelloRequest(name, repeat, NameValidator.check(name, location));
  }

  /** Checks a repeat count, and returns it. */
  public static int checkRepeat(int repeat) {
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

  /** Returns the repeat count, 1 to 10, or {@link #SESSION_DEFAULT}. */
  public int repeat() {
    return repeat;
  }

  /**
   * Returns the number of bytes of the name in UTF-8.
   *
   * @throws FunctionCallException if the count is out of range, or if no database can store the
   *     name
   */
  public int bytes() {
    if (bytes < 0) {
      if (bytes == UNCHECKED_WITH_COUNT) {
        int unused = checkRepeat(repeat);
      }
      bytes = NameValidator.check(name, "");
    }
    return bytes;
  }

  /** Returns the function that answers the request. */
  public Function function() {
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
  public boolean isAnsweredBy(@Nullable String answer) {
    return isGreeting(answer, name, repeat);
  }

  /**
   * Returns whether a text is the greeting of a name. With {@link #SESSION_DEFAULT}, any repeat
   * count matches.
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
