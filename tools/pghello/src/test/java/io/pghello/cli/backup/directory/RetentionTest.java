// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.directory;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.backup.dump.DumpBackupMethod;
import io.pghello.cli.output.Output;
import io.pghello.cli.system.CleanupStack;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetentionTest {
  private static final Instant TODAY = Instant.parse("2026-11-28T02:00:00Z");

  @TempDir private Path folder;

  private Backup made(Instant time, String system, String... databases) throws Exception {
    return made(folder, time, system, databases);
  }

  static Backup made(Path folder, Instant time, String system, String... databases)
      throws Exception {
    Path made = Files.createDirectory(folder.resolve(Backup.nameOf(time)));
    var about = new StringBuilder("system_identifier=" + system + "\n");
    for (int i = 0; i < databases.length; i++) {
      about.append("database.%d=%s%n".formatted(i + 1, databases[i]));
    }
    Files.writeString(made.resolve("backup.properties"), about);
    Backup.seal(made);
    return new Backup(made, time);
  }

  private Backup made(int daysAgo) throws Exception {
    return made(TODAY.minus(Duration.ofDays(daysAgo)), "1", "app");
  }

  private List<Backup> old(int keepDays) {
    return Retention.old(Backup.all(folder), keepDays);
  }

  private List<Instant> times(int... daysAgo) {
    return IntStream.of(daysAgo).mapToObj(days -> TODAY.minus(Duration.ofDays(days))).toList();
  }

  @Test
  void keepsTheLastDaysWithABackup() throws Exception {
    for (int daysAgo : new int[] {0, 1, 3, 10, 30, 31}) {
      made(daysAgo);
    }
    made(TODAY.minus(Duration.ofDays(3)).plus(Duration.ofHours(5)), "1", "app");
    assertThat(old(6)).isEmpty();
    assertThat(old(4)).extracting(Backup::time).isEqualTo(times(30, 31));
    assertThat(old(3)).extracting(Backup::time).isEqualTo(times(10, 30, 31));
  }

  @Test
  void keepsTheLastTwoBackupsOfEachDatabase() throws Exception {
    made(0);
    made(1);
    made(2);
    for (int daysAgo : new int[] {100, 200, 300}) {
      made(TODAY.minus(Duration.ofDays(daysAgo)), "1", "shop", "app");
      made(TODAY.minus(Duration.ofDays(daysAgo + 1)), "2", "app");
    }
    assertThat(old(1)).extracting(Backup::time).isEqualTo(times(2, 300, 301));
  }

  /** The clock was 30 days ahead for one backup. */
  @Test
  void aBackupOfAWrongClockRemovesNothing() throws Exception {
    for (int daysAgo = 0; daysAgo < 20; daysAgo += 3) {
      made(daysAgo);
    }
    assertThat(Retention.problem(Backup.all(folder))).isNull();
    made(-30);
    assertThat(old(14)).isEmpty();
    assertThat(Retention.problem(Backup.all(folder)))
        .startsWith("no old backup was removed, because this backup is 30 d 0 h newer");
    made(-31);
    assertThat(Retention.problem(Backup.all(folder))).isNull();
    assertThat(old(14)).isEmpty();
  }

  /** A backup whose clock was wrong is not one of the last two. */
  @Test
  void doesNotCountBackupsOfTheFuture() throws Exception {
    Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    for (int daysAgo : new int[] {-10, 0, 1, 2}) {
      made(now.minus(Duration.ofDays(daysAgo)), "1", "app");
    }
    var method = new DumpBackupMethod(List.of(), null, 1, Duration.ZERO, new Output());
    try (var undo = new CleanupStack()) {
      assertThat(method.removeOld(folder, undo).problem()).isNull();
    }
    assertThat(Backup.all(folder))
        .extracting(backup -> Duration.between(backup.time(), now).toDays())
        .containsExactly(-10L, 0L, 1L);
  }

  @Test
  void acceptsRegularPauses() throws Exception {
    made(0);
    made(30);
    assertThat(Retention.problem(Backup.all(folder))).isNull();
    made(61);
    made(91);
    made(TODAY.minus(Duration.ofDays(1)), "1", "shop");
    assertThat(Retention.problem(Backup.all(folder))).isNull();
    assertThat(old(1)).extracting(Backup::time).isEqualTo(times(61, 91));
  }

  /** A pause is long if it exceeds seven days and twice the pause before. */
  @Test
  void suspectsTheClockAfterLongPausesOnly() throws Exception {
    Backup newest = made(0);
    Backup other = made(TODAY.minus(Duration.ofDays(1)), "1", "shop");
    Backup ofOtherServer = made(TODAY.minus(Duration.ofDays(2)), "2", "app");
    Backup before = made(10);
    Backup first = made(14);
    assertThat(Retention.problem(List.of(newest, before, first))).isNotNull();
    assertThat(Retention.problem(List.of(newest, other, before, first))).isNotNull();
    assertThat(Retention.problem(List.of(newest, ofOtherServer, before, first))).isNotNull();
    assertThat(Retention.problem(List.of(newest, before, made(16)))).isNull();
    assertThat(Retention.problem(List.of(newest, made(6), made(7)))).isNull();
  }
}
