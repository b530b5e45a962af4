// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** An endless sequence of names to greet, and the expected greetings. */
public final class SampleNames {
  /** A few thousand names of 11 bytes each. */
  public static final SampleNames USUAL = new SampleNames(4096, "Name%07d");

  private static final int ALL_BYTES = 16 << 20;

  private final String[] all;
  private final String[] greetings;

  private SampleNames(int count, String format) {
    all = new String[count];
    greetings = new String[count];
    for (int i = 0; i < count; i++) {
      all[i] = format.formatted(i);
      greetings[i] = "Hello, " + all[i] + "!";
    }
  }

  /** Returns names of this length. The longer the names, the fewer there are. */
  public static SampleNames ofLength(int bytes) {
    return new SampleNames(Math.min(USUAL.all.length, ALL_BYTES / bytes), "%0" + bytes + "d");
  }

  public String name(int index) {
    return all[index % all.length];
  }

  public List<String> list(int count) {
    return IntStream.range(0, count).mapToObj(this::name).toList();
  }

  public Iterator<String> iterator(int count) {
    return IntStream.range(0, count).mapToObj(this::name).iterator();
  }

  /** Throws unless this is the greeting for the name with this index. */
  public void check(int index, @Nullable String answer) {
    String expected = greetings[index % greetings.length];
    if (!expected.equals(answer)) {
      throw new IllegalStateException(
          "expected \"" + shown(expected) + "\", but got \"" + shown(answer) + "\"");
    }
  }

  private static @Nullable String shown(@Nullable String text) {
    return text == null || text.length() <= 100 ? text : text.substring(0, 100) + "...";
  }

  /** Throws unless these are the greetings for the first {@code count} names, in order. */
  public void check(int count, List<String> answers) {
    if (answers.size() != count) {
      throw new IllegalStateException(
          "expected " + count + " greetings, but got " + answers.size());
    }
    for (int i = 0; i < count; i++) {
      check(i, answers.get(i));
    }
  }
}
