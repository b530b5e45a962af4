// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.internal.files.ServerExtension;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ContainerExtensionsTest {
  @Test
  void addsSettingsToTheCommand() {
    ServerExtension stock = ServerExtension.ofServer("pg_cron");
    var cron =
        new ServerExtension(
            stock.name(),
            stock.source(),
            List.of("pg_cron"),
            Map.of("cron.database_name", "jobs"),
            /* created= */ true);
    assertThat(
            ContainerExtensions.withSettings(
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
    // the image's entry point accepts options without a program
    assertThat(ContainerExtensions.withSettings(null, List.of(cron), Map.of())).startsWith("-c");
  }
}
