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
        .isThrownBy(() -> new ServerLocation(place))
        .withMessageStartingWith(
            "pg-extension.server (or PG_EXTENSION_SERVER) is \"" + shown + ":...\"; use embedded,")
        .withMessageNotContaining("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "container:registry.example.com:5000/postgres:17",
        "container:postgres@sha256:"
            + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "embedded:19",
        "local:/opt/homebrew/opt/postgresql@17/bin/pg_config",
        "jdbc:postgresql://localhost/postgres?user=a&password=p@ss"
      })
  void acceptsPlaces(String place) {
    assertThat(new ServerLocation(place).value()).isEqualTo(place);
  }

  @Test
  void blankPropertyMeansEmbedded() {
    String before = System.getProperty(ServerLocation.PROPERTY);
    System.setProperty(ServerLocation.PROPERTY, " ");
    try {
      assertThat(ServerLocation.ofAny().value()).isEqualTo("embedded");
    } finally {
      if (before == null) {
        System.clearProperty(ServerLocation.PROPERTY);
      } else {
        System.setProperty(ServerLocation.PROPERTY, before);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "embedded, embedded:19",
    "embedded:18, embedded:19",
    "local, local:19",
    "local:17, local:19",
    "local:/usr/bin/pg_config, local:/usr/bin/pg_config",
    "container:postgres:17, container:postgres:17"
  })
  void selectsAMajorVersion(String place, String expected) {
    var location = new ServerLocation(place);
    assertThat(location.withMajor(19).value()).isEqualTo(expected);
    assertThat(location.withMajor(0)).isSameAs(location);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> location.withMajor(14))
        .withMessage("major is 14, but the testkit needs PostgreSQL 15 or later");
  }

  @Test
  void hidesThePasswordOfAUrlThatIsNotAllowed() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> ServerLocation.ofOurs("jdbc:postgresql://localhost/a?user=a&password=secret"))
        .withMessageContaining(
            " is \"jdbc:...\"; use embedded, embedded:MAJOR, local, local:MAJOR or local:PATH");
  }
}
