// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerPlaceTest {
  @ParameterizedTest
  @CsvSource({
    "postgresql://postgres:secret@localhost/postgres, postgresql",
    "' jdbc:postgresql://localhost/postgres?user=postgres&password=secret', ' jdbc'",
    "jdbc:mysql://localhost/test?password=secret, jdbc",
    "host=localhost password=secret, host"
  })
  void showsNoPasswordOfAPlaceThatItRefuses(String place, String shown) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ServerPlace("a.server", "A_SERVER", place))
        .withMessageStartingWith("a.server (or A_SERVER) is \"" + shown + ":...\"; use embedded,")
        .withMessageNotContaining("secret");
  }

  @Test
  void showsNoPasswordOfAUrlWhereTheServerHasToBeOurs() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> ServerPlace.ofOurs("jdbc:postgresql://localhost/a?user=a&password=secret"))
        .withMessageContaining(" is \"jdbc:...\"; use embedded, local, local:MAJOR or local:PATH");
  }
}
