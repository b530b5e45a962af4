// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Names to greet, and what the answers should be. */
final class Names {
  private static final int COUNT = 4096;
  private static final String[] NAMES = new String[COUNT];
  private static final String[] GREETINGS = new String[COUNT];

  static {
    for (int i = 0; i < COUNT; i++) {
      NAMES[i] = "Name%07d".formatted(i);
      GREETINGS[i] = "Hello, " + NAMES[i] + "!";
    }
  }

  private Names() {}

  /** Returns a name; they begin again after a few thousand. */
  static String name(int index) {
    return NAMES[index % COUNT];
  }

  static List<String> names(int count) {
    return IntStream.range(0, count).mapToObj(Names::name).toList();
  }

  /** Returns names one after the other, of which only a few thousand are kept. */
  static Iterator<String> iterator(int count) {
    return IntStream.range(0, count).mapToObj(Names::name).iterator();
  }

  /** Fails unless this is the greeting of that name. */
  static void check(int index, @Nullable String answer) {
    if (!GREETINGS[index % COUNT].equals(answer)) {
      throw new IllegalStateException(
          "expected \"" + GREETINGS[index % COUNT] + "\", but got \"" + answer + "\"");
    }
  }

  static void check(List<String> answers) {
    for (int i = 0; i < answers.size(); i++) {
      check(i, answers.get(i));
    }
  }
}
