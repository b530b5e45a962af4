// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceFileTest {
  @TempDir private Path home;

  @BeforeEach
  void write() throws IOException {
    Files.writeString(
        home.resolve(".pg_service.conf"),
        """
        # host=comment
        host=outside
        [app]
        host = db.example.com
        # port=1
        port=5433
        password=a=b
        host=second
        nonsense

        [other]
        host=other
        """);
  }

  @Test
  void readsOneSection() {
    assertThat(ServiceFile.read("app", Map.<String, String>of()::get, home))
        .containsExactly(
            Map.entry("host", "db.example.com"),
            Map.entry("port", "5433"),
            Map.entry("password", "a=b"));
    assertThat(ServiceFile.read("other", Map.<String, String>of()::get, home))
        .containsExactly(Map.entry("host", "other"));
  }

  @Test
  void searchesSameFilesAsLibpq() throws IOException {
    Path folder = Files.createDirectory(home.resolve("etc"));
    Files.writeString(folder.resolve("pg_service.conf"), "[system]\nhost=system\n");
    Map<String, String> variables = Map.of("PGSYSCONFDIR", folder.toString());
    assertThat(ServiceFile.read("system", variables::get, home)).containsEntry("host", "system");
    assertThat(ServiceFile.read("other", variables::get, home)).containsEntry("host", "other");
    Path file = Files.writeString(home.resolve("mine"), "[other]\nhost=mine\n");
    assertThat(ServiceFile.read("other", Map.of("PGSERVICEFILE", file.toString())::get, home))
        .containsEntry("host", "mine");
  }

  @Test
  void reportsSearchedFiles() {
    assertThatThrownBy(() -> ServiceFile.read("unheard-of", Map.<String, String>of()::get, home))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("service unheard-of is not defined in [" + home + "/.pg_service.conf]");
    assertThatThrownBy(
            () -> ServiceFile.read("app", Map.of("PGSERVICEFILE", home.toString())::get, home))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("cannot read " + home + ": Is a directory");
  }
}
