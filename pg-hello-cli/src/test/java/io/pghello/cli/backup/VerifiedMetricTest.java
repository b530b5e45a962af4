// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.output.Failure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What node_exporter reads; {@code BackupIT} has it written. */
class VerifiedMetricTest {
  @TempDir private Path folder;

  @Test
  void isOfTheNewestBackup() throws Exception {
    Path file = folder.resolve("pg_hello.prom");
    VerifiedMetric metric = VerifiedMetric.in(file);
    metric.write(Instant.parse("2026-11-21T20:00:00.250Z"));
    List<String> lines = Files.readAllLines(file);
    assertThat(lines)
        .hasSize(3)
        .contains(
            "# TYPE pg_hello_backup_verified_timestamp_seconds gauge",
            "pg_hello_backup_verified_timestamp_seconds 1795291200.250");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-r--r--");
    metric.write(Instant.parse("2026-11-21T19:00:00Z"));
    assertThat(Files.readAllLines(file)).isEqualTo(lines);
    metric.write(Instant.parse("2026-11-21T21:00:00Z"));
    assertThat(file).content().endsWith("_seconds 1795294800.000\n");
    assertThat(folder).isDirectoryNotContaining("glob:**.new");
    Files.writeString(file, "what somebody else wrote");
    metric.write(Instant.parse("2026-11-21T20:00:00Z"));
    assertThat(file).content().endsWith("_seconds 1795291200.000\n");
  }

  @Test
  void refusesWhatNobodyWouldRead() {
    for (Path file : List.of(folder.resolve("pg_hello.txt"), folder.resolve("not/here.prom"))) {
      assertThatThrownBy(() -> VerifiedMetric.in(file))
          .isInstanceOf(Failure.class)
          .hasMessageContaining(file.toString());
    }
  }
}
