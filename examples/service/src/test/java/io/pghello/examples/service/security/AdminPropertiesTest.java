// SPDX-License-Identifier: MIT
package io.pghello.examples.service.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class AdminPropertiesTest {
  private static final String TOKEN = "a-token-of-this-test";

  @Test
  void knowsTheTokenAlone() {
    var properties = new AdminProperties(" " + TOKEN + "\n", 10);
    assertThat(properties.matches(TOKEN)).isTrue();
    assertThat(properties.matches(TOKEN + "s")).isFalse();
    assertThat(properties.toString()).doesNotContain(TOKEN);
    assertThat(new AdminProperties(" ", 10).matches("")).isFalse();
  }

  @Test
  void refusesATokenThatCanBeGuessed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new AdminProperties("a".repeat(15), 10))
        .withMessageContaining("greeting.admin-token must have 16 characters or more");
  }
}
