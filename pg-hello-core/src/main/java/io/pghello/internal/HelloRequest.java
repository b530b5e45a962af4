// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.batching.internal.Request;
import org.jspecify.annotations.Nullable;

/** The arguments of a call of {@code pg_hello}. */
public interface HelloRequest extends Request {
  /** The count that leaves it to the session's setting. */
  int AS_SET = 0;

  /** The least count. */
  int REPEAT_MIN = 1;

  /** The greatest count. */
  int REPEAT_MAX = 10;

  /** Returns the checked name. */
  String name();

  /** Returns how many times, 1 to 10; {@link #AS_SET} for as many as the session's setting says. */
  int repeat();

  /** Returns the length of the name in UTF-8. */
  @Override
  int bytes();

  /** Checks a name and asks for its greeting. */
  static HelloRequest of(String name, int repeat) {
    return new Plain(name, repeat, NameValidator.check(name, ""));
  }

  /** The same for one of many names, whose index goes into the error. */
  static HelloRequest of(String name, int repeat, long index) {
    return new Plain(name, repeat, NameValidator.check(name, NameValidator.where(index)));
  }

  /**
   * The same for a name of somebody else's object.
   *
   * @param where what goes into the error to find the name by
   */
  static HelloRequest of(String name, int repeat, String where) {
    return new Plain(name, repeat, NameValidator.check(name, where));
  }

  @Override
  default Function function() {
    return Function.forRepeat(repeat());
  }

  /** Returns how many times the empty name was greeted. */
  static int countOfEmptyName(String greeting) {
    int step = Plain.BEFORE.length() + Plain.AFTER.length() + Plain.BETWEEN.length();
    return (greeting.length() + Plain.BETWEEN.length()) / step;
  }

  /**
   * Returns whether this is an answer to the request. A connection that was mixed up with another
   * one's has been seen to answer the other one's request (a pooler that does not know of prepared
   * statements).
   */
  default boolean isAnsweredBy(@Nullable String answer) {
    return isGreeting(answer, name(), repeat());
  }

  /** Returns whether a text is the greeting of a name; with {@link #AS_SET}, for any count. */
  static boolean isGreeting(@Nullable String text, String name, int repeat) {
    return Plain.answers(text, name, repeat);
  }

  /**
   * A request that is nothing else.
   *
   * @param name a checked name
   * @param repeat how many times
   * @param bytes the length of the name in UTF-8
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
          || (repeat != AS_SET && count != repeat)) {
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
