// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.output.Failure;
import io.pghello.cli.system.Replacement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The format that node_exporter reads. {@code BackupIT} tests when it is written. */
class MetricFileTest {
  private static final Instant TIME = Instant.parse("2025-11-21T20:00:00.250Z");

  @TempDir private Path folder;
  private Path file = Path.of("");
  private MetricFile metric = new MetricFile(file);

  @BeforeEach
  void createFile() {
    file = folder.resolve("pg_hello.prom");
    metric = Objects.requireNonNull(MetricFile.in(file));
  }

  @Test
  void recordsNewestBackup() throws Exception {
    metric.verified("app", TIME, Duration.ofMillis(1500));
    List<String> lines = Files.readAllLines(file);
    assertThat(lines)
        .hasSize(6)
        .contains(
            "# TYPE pg_hello_backup_verified_timestamp_seconds gauge",
            "pg_hello_backup_verified_timestamp_seconds{database=\"app\"} 1763755200.250",
            "pg_hello_restore_seconds{database=\"app\"} 1.500");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-r--r--");
    metric.verified("app", TIME.minusSeconds(3600), Duration.ofSeconds(2));
    assertThat(Files.readAllLines(file)).isEqualTo(lines);
    metric.verified("app", TIME.plusSeconds(3600), Duration.ofSeconds(3));
    assertThat(file)
        .content()
        .contains("{database=\"app\"} 1763758800.250\n")
        .endsWith("pg_hello_restore_seconds{database=\"app\"} 3.000\n");
    assertThat(folder).isDirectoryNotContaining("glob:**.new");
  }

  /** All characters that can end a line. A line of the file ends with only one of them. */
  @Test
  void keepsMetricsOfAnyDatabaseName() throws Exception {
    List<String> names =
        List.of(
            "a\rb", "a\u2028b", "a\u2029b", "a\u0085b", "a\u000bb\fc", "a\nb", "a} 1.000", "\r");
    for (String name : names) {
      metric.verified(name, TIME, Duration.ofSeconds(1));
    }
    assertThat(Files.readString(file).split("\n"))
        .filteredOn(line -> line.endsWith("} 1763755200.250"))
        .hasSize(names.size());
  }

  @Test
  void keepsMetricsOfOtherDatabases() throws Exception {
    metric.verified("app", TIME, Duration.ofSeconds(1));
    metric.verified("a \"quoted\"\\\nname", TIME, Duration.ofSeconds(2));
    metric.baseBackupVerified(TIME);
    metric.baseBackupVerified(TIME.minusSeconds(1));
    metric.maintained("daily");
    metric.maintained("weekly");
    metric.verified("shop", TIME, Duration.ofSeconds(3));
    assertThat(Files.readAllLines(file))
        .hasSize(17)
        .contains(
            "pg_hello_backup_verified_timestamp_seconds{database=\"app\"} 1763755200.250",
            "pg_hello_backup_verified_timestamp_seconds{database=\"shop\"} 1763755200.250",
            "pg_hello_restore_seconds{database=\"a \\\"quoted\\\"\\\\\\nname\"} 2.000",
            "pg_hello_base_backup_verified_timestamp_seconds 1763755200.250")
        .anyMatch(
            line ->
                line.startsWith("pg_hello_maintain_success_timestamp_seconds{rhythm=\"daily\"} "))
        .filteredOn(line -> line.startsWith("# TYPE"))
        .doesNotHaveDuplicates()
        .hasSize(4);
  }

  @Test
  void replacesFutureAndForeignSamples() throws Exception {
    Instant tomorrow = Instant.now().plus(Duration.ofDays(1));
    metric.verified("app", tomorrow, Duration.ofSeconds(1));
    metric.verified("app", TIME, Duration.ofSeconds(1));
    assertThat(file).content().contains("{database=\"app\"} 1763755200.250\n");
    Files.writeString(
        file,
        "what somebody else wrote\npg_hello_backup_verified_timestamp_seconds 1763758800.250\n");
    metric.verified("app", TIME, Duration.ofSeconds(1));
    assertThat(Files.readAllLines(file)).hasSize(6);
  }

  /** Timers of two servers may fire simultaneously. */
  @Test
  void supportsConcurrentWriters() throws Exception {
    Replacement.of(
        file,
        "rw-r--r--",
        written -> {
          Files.writeString(written, "of one");
          metric.maintained("daily");
        });
    assertThat(file).hasContent("of one");
    assertThat(folder).isDirectoryNotContaining("glob:**.new");
  }

  @Test
  void rejectsUnreadableFileNames() {
    for (Path wrong : List.of(folder.resolve("pg_hello.txt"), folder.resolve("not/here.prom"))) {
      assertThatThrownBy(() -> MetricFile.in(wrong))
          .isInstanceOf(Failure.class)
          .hasMessageContaining(wrong.toString());
    }
  }
}
