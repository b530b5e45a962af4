// SPDX-License-Identifier: MIT
package io.pghello.jooq;

import static org.assertj.core.api.Assertions.assertThat;

import org.jooq.Constants;
import org.junit.jupiter.api.Test;

/** Which jOOQ the tests run on is what the POM says. */
class JooqLineTest {
  @Test
  void isTheOneThatIsMeant() throws ReflectiveOperationException {
    String expected = System.getProperty("pghello.jooq.version");
    assertThat(expected).isNotBlank();
    // not the constant itself, which the compiler would copy here
    assertThat(Constants.class.getField("FULL_VERSION").get(null)).isEqualTo(expected);
  }
}
