// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the matching of answers to requests, and the size of names in bytes. */
class HelloRequestTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"", " ", "Ada", "Ada! Hello, Ada", "!", "! Hello, ", "Hello, Ada!", "李小龍👩"})
  void isAnsweredByItsGreeting(String name) {
    for (int count = HelloRequest.REPEAT_MIN; count <= HelloRequest.REPEAT_MAX; count++) {
      String answer = greeting(name, count);
      assertThat(HelloRequest.of(name, count).isAnsweredBy(answer)).isTrue();
      assertThat(HelloRequest.of(name, HelloRequest.SESSION_DEFAULT).isAnsweredBy(answer)).isTrue();
      assertThat(HelloRequest.of(name, count % 10 + 1).isAnsweredBy(answer)).isFalse();
    }
    assertThat(HelloRequest.of(name, HelloRequest.SESSION_DEFAULT).isAnsweredBy(greeting(name, 11)))
        .isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "Ada|Hello, Bob!",
        "Ada|Hello, ada!",
        "Ada|Hello, Adam!",
        "Ada|Hello, Ad!",
        "Ada|Hello, Ada",
        "Ada|Hello, Ada?",
        "Ada|hello, Ada!",
        "Ada|Hello. Ada!",
        "Ada|Hello,Ada!",
        "Ada|ello, Ada!",
        "Ada|\" Hello, Ada!\"",
        "Ada|\"Hello, Ada! \"",
        "Ada|Hello, Ada!!",
        "Ada|Hello, Ada!Hello, Ada!",
        "Ada|Hello, Ada!_Hello, Ada!",
        "Ada|Hello, Ada!  Hello, Ada!",
        "Ada|Hello, Ada! Hello, Bob!",
        "Ada|Hello, Bob! Hello, Ada!",
        "Ada|Hello, Ada! Hello, Ada! Hello, Ad!",
        "Ada|\"Hello, Ada! Hello, Ada! \"",
        "Ada|\"\"",
        "Ada|Ada",
        "\"\"|Hello, Ada!",
        "\"\"|Hello,!",
        "\"\"|Hello, !Hello, !",
        "Zoë|Hello, Zoe!",
        "ab|Hello, ba!",
      })
  void isNotAnsweredByAnother(String name, String answer) {
    assertThat(HelloRequest.of(name, HelloRequest.SESSION_DEFAULT).isAnsweredBy(answer)).isFalse();
    for (int count = HelloRequest.REPEAT_MIN; count <= HelloRequest.REPEAT_MAX; count++) {
      assertThat(HelloRequest.of(name, count).isAnsweredBy(answer)).isFalse();
    }
  }

  @Test
  void isNotAnsweredByNothing() {
    assertThat(HelloRequest.of("Ada", 1).isAnsweredBy(null)).isFalse();
    assertThat(HelloRequest.of("", HelloRequest.SESSION_DEFAULT).isAnsweredBy(null)).isFalse();
  }

  @Test
  void isNotAnsweredByAnyOtherChange() {
    var random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      String name = random(random);
      int count = 1 + random.nextInt(10);
      var answer = new StringBuilder(greeting(name, count));
      int at = random.nextInt(answer.length());
      char old = answer.charAt(at);
      answer.setCharAt(at, (char) (old + 1 + random.nextInt(100)));
      assertThat(HelloRequest.of(name, count).isAnsweredBy(answer.toString())).isFalse();
      answer.setCharAt(at, old);
      assertThat(HelloRequest.of(name, count).isAnsweredBy(answer.toString())).isTrue();
      answer.deleteCharAt(at);
      assertThat(HelloRequest.of(name, count).isAnsweredBy(answer.toString())).isFalse();
    }
  }

  @Test
  void countsTheGreetingsOfTheEmptyName() {
    for (int count = HelloRequest.REPEAT_MIN; count <= HelloRequest.REPEAT_MAX; count++) {
      assertThat(HelloRequest.countOfEmptyName(greeting("", count))).isEqualTo(count);
    }
  }

  @Test
  void knowsTheBytesOfAName() {
    var random = new Random(2);
    for (int i = 0; i < 100_000; i++) {
      String name = random(random);
      assertThat(HelloRequest.of(name, 1).bytes())
          .isEqualTo(name.getBytes(StandardCharsets.UTF_8).length);
    }
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        1,
        0x7f,
        0x80,
        0x7ff,
        0x800,
        0xd7ff,
        0xe000,
        0xffff,
        0x1_0000,
        Character.MAX_CODE_POINT
      })
  void knowsTheBytesAtTheBoundsOfEachLength(int codePoint) {
    String name = Character.toString(codePoint);
    assertThat(HelloRequest.of(name, 1).bytes())
        .isEqualTo(name.getBytes(StandardCharsets.UTF_8).length);
  }

  /** Returns up to twenty random characters of all lengths in UTF-8. */
  private static String random(Random random) {
    var name = new StringBuilder();
    int[] bounds = {0x80, 0x800, 0x1_0000, Character.MAX_CODE_POINT + 1};
    for (int left = random.nextInt(21); left > 0; ) {
      int codePoint = random.nextInt(bounds[random.nextInt(bounds.length)]);
      if (codePoint > 0 && (codePoint < 0xd800 || codePoint > 0xdfff)) {
        name.appendCodePoint(codePoint);
        left--;
      }
    }
    return name.toString();
  }

  private static String greeting(String name, int count) {
    return String.join(" ", Collections.nCopies(count, "Hello, " + name + "!"));
  }
}
