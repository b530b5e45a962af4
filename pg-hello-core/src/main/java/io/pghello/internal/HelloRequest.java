// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.batching.internal.Request;
import org.jspecify.annotations.Nullable;

/** The arguments of a call to {@code pg_hello}. */
public interface HelloRequest extends Request {
  /** The repeat count that selects the session's {@code pg_hello.repeat} setting. */
  int SESSION_DEFAULT = 0;

  /** The minimum repeat count. */
  int REPEAT_MIN = 1;

  /** The maximum repeat count. */
  int REPEAT_MAX = 10;

  /** Returns the checked name. */
  String name();

  /** Returns the repeat count, 1 to 10, or {@link #SESSION_DEFAULT}. */
  int repeat();

  /** Returns the number of bytes of the name in UTF-8. */
  @Override
  int bytes();

  /** Checks a name and returns a request for its greeting. */
  static HelloRequest of(String name, int repeat) {
    return new Plain(name, repeat, NameValidator.check(name, ""));
  }

  /**
   * Checks one of many names, and returns a request for its greeting. Errors contain the index of
   * the name.
   */
  static HelloRequest of(String name, int repeat, long index) {
    return new Plain(name, repeat, NameValidator.check(name, NameValidator.where(index)));
  }

  /**
   * Checks the name of an entity, and returns a request for its greeting.
   *
   * @param where the location of the name, for the error message
   */
  static HelloRequest of(String name, int repeat, String where) {
    return new Plain(name, repeat, NameValidator.check(name, where));
  }

  @Override
  default Function function() {
    return Function.forRepeat(repeat());
  }

  /** Returns the number of repetitions in the greeting of the empty name. */
  static int countOfEmptyName(String greeting) {
    int step = Plain.BEFORE.length() + Plain.AFTER.length() + Plain.BETWEEN.length();
    return (greeting.length() + Plain.BETWEEN.length()) / step;
  }

  /**
   * Returns whether a result matches the request. A pooler without support for prepared statements
   * can return a result that belongs to another connection.
   */
  default boolean isAnsweredBy(@Nullable String answer) {
    return isGreeting(answer, name(), repeat());
  }

  /**
   * Returns whether a text is the greeting of a name. With {@link #SESSION_DEFAULT}, any repeat
   * count matches.
   */
  static boolean isGreeting(@Nullable String text, String name, int repeat) {
    return Plain.answers(text, name, repeat);
  }

  /**
   * A request that contains only its arguments.
   *
   * @param name a checked name
   * @param repeat the repeat count
   * @param bytes the number of bytes of the name in UTF-8
   */
  record Plain(String name, int repeat, int bytes) implements HelloRequest {
    private static final String BEFORE = "Hello, ";
    private static final String AFTER = "!";
    private static final String BETWEEN = " ";

    private static boolean answers(@Nullable String answer, String name, int repeat) {
      if (answer == null) {
        return false;
      }
      int greeting = BEFORE.length() + name.length() + AFTER.length();
      int step = greeting + BETWEEN.length();
      int count = (answer.length() + BETWEEN.length()) / step;
      if (count * step != answer.length() + BETWEEN.length()
          || count < REPEAT_MIN
          || count > REPEAT_MAX
          || (repeat != SESSION_DEFAULT && count != repeat)) {
        return false;
      }
      for (int at = 0; at < answer.length(); at += step) {
        if (!answer.startsWith(BEFORE, at)
            || !answer.startsWith(name, at + BEFORE.length())
            || !answer.startsWith(AFTER, at + greeting - AFTER.length())
            || (at > 0 && !answer.startsWith(BETWEEN, at - BETWEEN.length()))) {
          return false;
        }
      }
      return true;
    }
  }
}
