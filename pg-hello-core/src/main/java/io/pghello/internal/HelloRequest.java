// SPDX-License-Identifier: MIT
package io.pghello.internal;

import org.jspecify.annotations.Nullable;

/**
 * What a call of {@code pg_hello} asks for.
 *
 * @param name a checked name
 * @param repeat how many times, 1 to 10; 0 for as many as the session's setting says
 * @param bytes the length of the name in UTF-8
 */
public record HelloRequest(String name, int repeat, int bytes) {
  /** The count that leaves it to the session's setting. */
  public static final int AS_SET = 0;

  /** The least count. */
  public static final int REPEAT_MIN = 1;

  /** The greatest count. */
  public static final int REPEAT_MAX = 10;

  private static final String BEFORE = "Hello, ";
  private static final String AFTER = "!";
  private static final String BETWEEN = " ";

  /** Checks a name and asks for its greeting. */
  public static HelloRequest of(String name, int repeat) {
    return new HelloRequest(name, repeat, NameValidator.check(name, ""));
  }

  /** The same for one of many names, whose index goes into the error. */
  public static HelloRequest of(String name, int repeat, long index) {
    return new HelloRequest(name, repeat, NameValidator.check(name, NameValidator.where(index)));
  }

  /**
   * The same for a name of somebody else's object.
   *
   * @param where what goes into the error to find the name by
   */
  public static HelloRequest of(String name, int repeat, String where) {
    return new HelloRequest(name, repeat, NameValidator.check(name, where));
  }

  /** Returns the function that answers it. */
  public Function function() {
    return Function.forRepeat(repeat);
  }

  /** Returns how many times the empty name was greeted. */
  public static int countOfEmptyName(String greeting) {
    int step = BEFORE.length() + AFTER.length() + BETWEEN.length();
    return (greeting.length() + BETWEEN.length()) / step;
  }

  /**
   * Returns whether this is an answer to the request. A connection that was mixed up with another
   * one's has been seen to answer the other one's request (a pooler that does not know of prepared
   * statements).
   */
  public boolean isAnsweredBy(@Nullable String answer) {
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
