// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
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
    assertThat(ExtensionContainer.withSettings(new String[] {"postgres", "-F"}, List.of(cron)))
        .containsExactly(
            "postgres",
            "-F",
            "-c",
            "cron.database_name=jobs",
            "-c",
            "shared_preload_libraries=pg_cron");
    // its entry point takes options alone
    assertThat(ExtensionContainer.withSettings(null, List.of(cron))).startsWith("-c");
  }
}
