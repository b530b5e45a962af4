// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What needs no engine. */
class ExtensionContainerTest {
  @Test
  void addsSettingsToTheCommand() {
    var cron =
        NativeExtension.contrib("pg_cron")
            .preload("pg_cron")
            .setting("cron.database_name", "jobs")
            .extension();
    assertThat(
            ExtensionContainer.withSettings(
                new String[] {"postgres", "-F"}, List.of(cron), Map.of("work_mem", "1MB")))
        .containsExactly(
            "postgres",
            "-F",
            "-c",
            "cron.database_name=jobs",
            "-c",
            "shared_preload_libraries=pg_cron",
            "-c",
            "work_mem=1MB");
    // its entry point takes options alone
    assertThat(ExtensionContainer.withSettings(null, List.of(cron), Map.of())).startsWith("-c");
  }

  @Test
  void refusesTwoValuesOfOneSettingBeforeItStarts() {
    try (var container =
        new ExtensionContainer<>("postgres:17")
            .withExtension(NativeExtension.contrib("a").setting("acme.unit", "km"))
            .withExtension(NativeExtension.contrib("b").setting("acme.unit", "mile"))) {
      assertThatThrownBy(container::start)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("wants acme.unit = mile, and another one wants km");
    }
  }

  /** What a container is once the engine has made it. */
  private static final class Created extends ExtensionContainer<Created> {
    Created() {
      super("postgres:17");
    }

    @Override
    public String getContainerId() {
      return "made";
    }
  }

  @Test
  void takesNoExtensionOnceItIsThere() {
    // not closed, as there is none
    assertThatThrownBy(() -> new Created().withExtension("pg_trgm"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("before start()");
  }
}
