// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.validation.Validation;
import jakarta.validation.Validator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class GreetedNameTest {
  private static final Validator VALIDATOR =
      Validation.buildDefaultValidatorFactory().getValidator();

  private record Someone(@GreetedName @Nullable String name) {}

  private static List<String> problems(@Nullable String name) {
    return VALIDATOR.validate(new Someone(name)).stream().map(v -> v.getMessage()).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"A", "O'Brien", "<b>", " Ada", "\u0001", "\uFFFF"})
  void takes(String name) {
    assertThat(problems(name)).isEmpty();
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", " ", "\t\n", "\u2003", "   "})
  void refusesBlanks(@Nullable String name) {
    assertThat(problems(name))
        .containsExactly("must have 1 to 50 characters that are not all blank");
  }

  @Test
  void countsCharactersOfUnicode() {
    String smile = "\uD83D\uDE00";
    assertThat(problems(smile.repeat(50))).isEmpty();
    assertThat(problems(smile.repeat(51))).hasSize(1);
    assertThat(problems("a".repeat(50))).isEmpty();
    assertThat(problems("a".repeat(51))).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\u0000", "Ada\u0000", "\uD83D", "a\uDE00b", "\uDE00\uD83D"})
  void rejectsCharactersThatTheDatabaseCannotStore(String name) {
    assertThat(problems(name))
        .containsExactly("must not have the character U+0000 or an unpaired surrogate");
  }
}
