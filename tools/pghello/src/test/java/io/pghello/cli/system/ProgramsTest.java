// SPDX-License-Identifier: MIT
package io.pghello.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.output.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs in a directory that is set with --bindir. */
class ProgramsTest {
  @TempDir private Path folder;

  private void install(String program, String version) throws IOException {
    Path file = folder.resolve(program);
    Files.writeString(file, "#!/bin/sh\necho '%s (PostgreSQL) %s'\n".formatted(program, version));
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"15.18", "15.18 (Debian 15.18-0+deb12u1)", "15beta1"})
  void acceptsProgramsOfTheServersVersion(String version) throws IOException {
    install("pg_dump", version);
    install("postgres", version);
    assertThat(Programs.forServer(15, folder)).isEqualTo(new Programs(folder, 15));
    assertThat(Programs.ofServer(15, folder)).isEqualTo(new Programs(folder, 15));
  }

  /** A dump made by pg_dump 17 cannot be restored into a server of version 15. */
  @ParameterizedTest
  @ValueSource(ints = {14, 16, 17, 150})
  void rejectsClientProgramsOfOtherVersions(int version) throws IOException {
    install("pg_dump", version + ".1");
    assertThatThrownBy(() -> Programs.forServer(15, folder))
        .isInstanceOf(Failure.class)
        .hasMessageContaining("client programs of version 15")
        .hasMessageContaining(folder.resolve("pg_dump") + " has version " + version)
        .hasMessageContaining("postgresql-client-15")
        .hasMessageContaining("--bindir");
  }

  @ParameterizedTest
  @ValueSource(ints = {14, 16, 17, 150})
  void rejectsServerProgramsOfOtherVersions(int version) throws IOException {
    install("postgres", version + ".1");
    assertThatThrownBy(() -> Programs.ofServer(15, folder))
        .isInstanceOf(Failure.class)
        .hasMessageContaining("server programs of version 15")
        .hasMessageContaining(folder.resolve("postgres") + " has version " + version);
  }

  @Test
  void namesThePackageOfTheServerPrograms() {
    assertThatThrownBy(() -> Programs.ofServer(17, folder))
        .isInstanceOf(Failure.class)
        .hasMessageContaining("server programs of version 17")
        .hasMessageContaining("there is no postgres")
        .hasMessageContaining("(Debian: postgresql-17)");
  }
}
