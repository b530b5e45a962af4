// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Tests that do not need a container engine. */
class ExtensionContainerTest {
  @Test
  void rejectsTwoValuesOfASettingBeforeStarting() {
    try (var container =
        new ExtensionContainer("postgres:17")
            .withExtension(NativeExtension.contrib("a").setting("acme.unit", "km"))
            .withExtension(NativeExtension.contrib("b").setting("acme.unit", "mile"))) {
      assertThatThrownBy(container::start)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("needs acme.unit = mile, but another extension needs km");
    }
  }

  @Test
  void acceptsImagesThatTestcontainersDoesNotKnow() {
    assertThatCode(() -> new ExtensionContainer("postgis/postgis:17-3.5").close())
        .doesNotThrowAnyException();
  }

  /** A container that the engine has created. */
  private static final class Created extends ExtensionContainer {
    Created() {
      super("postgres:17");
    }

    @Override
    public String getContainerId() {
      return "made";
    }
  }

  @Test
  void rejectsExtensionsAfterItsCreation() {
    // the object is not closed, because no container exists
    assertThatThrownBy(() -> new Created().withExtension("pg_trgm"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("before start()");
  }
}
