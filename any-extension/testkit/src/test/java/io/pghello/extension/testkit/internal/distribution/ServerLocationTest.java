// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServerLocationTest {
  @ParameterizedTest
  @CsvSource({
    "postgresql://postgres:secret@localhost/postgres, postgresql",
    "' jdbc:postgresql://localhost/postgres?user=postgres&password=secret', ' jdbc'",
    "jdbc:mysql://localhost/test?password=secret, jdbc",
    "host=localhost password=secret, host",
    "container:user:secret@registry, container",
    "container:user:secret@registry/postgres:17, container",
    "container:https://user:secret@registry/postgres, container",
    "local:postgresql://user:secret@localhost/postgres, local",
    "'local:host=localhost password=secret', local"
  })
  void hidesThePasswordOfARejectedPlace(String place, String shown) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ServerLocation("a.server", "A_SERVER", place))
        .withMessageStartingWith("a.server (or A_SERVER) is \"" + shown + ":...\"; use embedded,")
        .withMessageNotContaining("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "container:registry.example.com:5000/postgres:17",
        "container:postgres@sha256:"
            + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "local:/opt/homebrew/opt/postgresql@17/bin/pg_config",
        "jdbc:postgresql://localhost/postgres?user=a&password=p@ss"
      })
  void acceptsPlaces(String place) {
    assertThat(new ServerLocation("a.server", "A_SERVER", place).value()).isEqualTo(place);
  }

  @Test
  void hidesThePasswordOfAUrlThatIsNotAllowed() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> ServerLocation.ofOurs("jdbc:postgresql://localhost/a?user=a&password=secret"))
        .withMessageContaining(" is \"jdbc:...\"; use embedded, local, local:MAJOR or local:PATH");
  }
}
