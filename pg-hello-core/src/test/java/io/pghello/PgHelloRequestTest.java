// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.FunctionCallException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the matching of answers to requests, and the size of names in bytes. */
class PgHelloRequestTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"", " ", "Ada", "Ada! Hello, Ada", "!", "! Hello, ", "Hello, Ada!", "李小龍👩"})
  void isAnsweredByItsGreeting(String name) {
    for (int count = PgHelloRequest.REPEAT_MIN; count <= PgHelloRequest.REPEAT_MAX; count++) {
      String answer = greeting(name, count);
      assertThat(PgHelloRequest.of(name, count).isAnsweredBy(answer)).isTrue();
      assertThat(PgHelloRequest.of(name, PgHelloRequest.SESSION_DEFAULT).isAnsweredBy(answer))
          .isTrue();
      assertThat(PgHelloRequest.of(name, count % 10 + 1).isAnsweredBy(answer)).isFalse();
    }
    assertThat(
            PgHelloRequest.of(name, PgHelloRequest.SESSION_DEFAULT)
                .isAnsweredBy(greeting(name, 11)))
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
    assertThat(PgHelloRequest.of(name, PgHelloRequest.SESSION_DEFAULT).isAnsweredBy(answer))
        .isFalse();
    for (int count = PgHelloRequest.REPEAT_MIN; count <= PgHelloRequest.REPEAT_MAX; count++) {
      assertThat(PgHelloRequest.of(name, count).isAnsweredBy(answer)).isFalse();
    }
  }

  @Test
  void isNotAnsweredByNothing() {
    assertThat(PgHelloRequest.of("Ada", 1).isAnsweredBy(null)).isFalse();
    assertThat(PgHelloRequest.of("", PgHelloRequest.SESSION_DEFAULT).isAnsweredBy(null)).isFalse();
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
      assertThat(PgHelloRequest.of(name, count).isAnsweredBy(answer.toString())).isFalse();
      answer.setCharAt(at, old);
      assertThat(PgHelloRequest.of(name, count).isAnsweredBy(answer.toString())).isTrue();
      answer.deleteCharAt(at);
      assertThat(PgHelloRequest.of(name, count).isAnsweredBy(answer.toString())).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 11})
  void rejectsAnotherCount(int count) {
    assertThatThrownBy(() -> PgHelloRequest.of("Ada", count))
        .isInstanceOf(FunctionCallException.class)
        .hasMessage("The repeat count is " + count + ". Use a count between 1 and 10.");
    assertThat(PgHelloRequest.of("Ada").repeat()).isEqualTo(PgHelloRequest.SESSION_DEFAULT);
  }

  @ParameterizedTest
  @CsvSource({"'', The name has", "author.name, The name author.name has"})
  void rejectsANameThatNoDatabaseCanStore(String location, String message) {
    assertThatThrownBy(() -> PgHelloRequest.of("Ada\0", 1, location))
        .isInstanceOf(FunctionCallException.class)
        .hasMessageStartingWith(message + " the character U+0000 at index 3, ");
  }

  @Test
  void countsTheGreetingsOfTheEmptyName() {
    for (int count = PgHelloRequest.REPEAT_MIN; count <= PgHelloRequest.REPEAT_MAX; count++) {
      assertThat(PgHelloRequest.countOfEmptyName(greeting("", count))).isEqualTo(count);
    }
  }

  @Test
  void knowsTheBytesOfAName() {
    var random = new Random(2);
    for (int i = 0; i < 100_000; i++) {
      String name = random(random);
      assertThat(PgHelloRequest.of(name, 1).bytes())
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
    assertThat(PgHelloRequest.of(name, 1).bytes())
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
