// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.pghello.cli.Run;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Unreadable backups, without a server. */
class BackupTest {
  private static final Instant YESTERDAY = Instant.parse("2026-01-01T20:00:00Z");
  private static final Instant TODAY = Instant.parse("2026-01-02T20:00:00Z");

  @TempDir private Path folder;

  private Path made(Instant time) throws Exception {
    Path made = Files.createDirectory(folder.resolve(Backup.nameOf(time)));
    Files.writeString(made.resolve("backup.properties"), "database.1=app\n");
    Backup.seal(made);
    return made;
  }

  private String errorOutput(String... arguments) {
    var all = new ArrayList<>(List.of("restore", "--from", folder.toString(), "--to", "x"));
    all.addAll(List.of(arguments));
    return Run.pghello(Map.of(), all.toArray(String[]::new)).err();
  }

  @Test
  void reportsUnreadableNewerBackup() throws Exception {
    made(YESTERDAY);
    Path newer = folder.resolve(Backup.nameOf(TODAY));
    Files.createSymbolicLink(newer, folder.resolve("gone"));
    Files.createSymbolicLink(
        folder.resolve(Backup.nameOf(YESTERDAY.minusSeconds(1))), folder.resolve("gone"));
    // A backup of the future would be ignored as well.
    Files.createSymbolicLink(
        folder.resolve(Backup.nameOf(Instant.now().plusSeconds(100_000))), folder.resolve("gone"));
    assertThat(errorOutput().lines().toList())
        .hasSize(2)
        .first()
        .asString()
        .contains(newer + " is newer but cannot be read; using the backup of " + YESTERDAY);
    // Not the requested one.
    assertThat(errorOutput("--at", TODAY.minusSeconds(1).toString())).hasLineCount(1);
  }

  /** The names in the directory can be read, but not the contents. */
  @Test
  void reportsInaccessibleBackup() throws Exception {
    Path made = made(TODAY);
    Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("r--r--r--"));
    try {
      assumeFalse(Files.isExecutable(made), "root enters all folders");
      assertThatThrownBy(() -> Backup.find(folder, List.of("app"), null, null))
          .hasMessageEndingWith("; " + made + " cannot be read");
    } finally {
      Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  void acceptsSmallDifferenceOfClocks() throws Exception {
    Instant soon = Instant.now().truncatedTo(ChronoUnit.MILLIS).plusSeconds(50);
    made(soon);
    Path future = made(soon.plusSeconds(600));
    assertThat(Backup.in(folder)).extracting(Backup::time).containsExactly(soon);
    assertThat(Backup.inFuture(folder)).extracting(Backup::directory).containsExactly(future);
  }

  /** For example, the copy of a backup was interrupted. */
  @Test
  void ignoresDirectoriesWithoutChecksums() throws Exception {
    Path complete = made(YESTERDAY);
    Files.delete(made(TODAY).resolve(Backup.SUMS));
    assertThat(Backup.all(folder)).extracting(Backup::directory).containsExactly(complete);
    assertThat(Backup.find(folder, List.of("app"), null, null).directory()).isEqualTo(complete);
  }

  /** The next backup deletes the rest. Paths that are too long make the deletion fail. */
  @Test
  void leavesNoPartialBackupIfTheDeletionFails() throws Exception {
    Path made = made(TODAY);
    Path inner = Path.of("x".repeat(250));
    Path deep = Files.createDirectory(made.resolve("deep"));
    Path outer = folder.resolve("outer");
    for (int i = 0; i < 20; i++) {
      Files.createDirectory(outer);
      Files.move(deep, outer.resolve(inner));
      Files.move(outer, deep);
    }
    assertThatThrownBy(new Backup(made, TODAY)::delete).isInstanceOf(UncheckedIOException.class);
    assertThat(Backup.all(folder)).isEmpty();
    Path left = folder.resolve(Backup.UNFINISHED + made.getFileName());
    assertThat(left).exists();
    deep = left.resolve("deep");
    for (int i = 0; i < 20; i++) {
      Files.move(deep.resolve(inner), outer);
      Files.delete(deep);
      Files.move(outer, deep);
    }
    Backup.deleteUnfinished(folder);
    assertThat(left).doesNotExist();
  }

  @Test
  void rejectsFilesThatDifferFromTheirChecksums() throws Exception {
    Path made = made(TODAY);
    var backup = new Backup(made, TODAY);
    Path sums = made.resolve(Backup.SUMS);
    backup.check();
    // verify adds this file, and users may add others.
    Files.writeString(made.resolve("verified.properties"), "");
    Files.writeString(made.resolve("notes"), "");
    backup.check();
    String complete = Files.readString(sums);
    for (String incomplete : List.of("", "no sums", complete.replace("backup.properties", "x"))) {
      Files.writeString(sums, incomplete);
      assertThatThrownBy(backup::check).hasMessageEndingWith("SHA256SUMS is incomplete");
    }
    Files.writeString(sums, complete);
    Path about = made.resolve("backup.properties");
    Files.writeString(about, "database.1=shop\n");
    assertThatThrownBy(backup::check)
        .hasMessageEndingWith("backup.properties has changed since the backup");
    Files.delete(about);
    assertThatThrownBy(backup::check).hasMessageEndingWith("backup.properties is missing");
  }

  /** A backup whose databases are unknown must not be removed as an old one. */
  @Test
  void isDamagedWithoutItsMetadata() throws Exception {
    var backup = new Backup(made(TODAY), TODAY);
    assertThat(backup.isDamaged()).isFalse();
    Path about = backup.directory().resolve("backup.properties");
    Files.writeString(about, "system_identifier=1\n");
    assertThat(backup.isDamaged()).isTrue();
    Files.delete(about);
    assertThat(backup.isDamaged()).isTrue();
  }

  /** The clock was wrong when the backup was made, or it is wrong now. */
  @Test
  void reportsBackupsOfTheFuture() throws Exception {
    Instant time = Instant.parse("2337-01-01T00:00:00Z");
    Path future = made(time);
    String ignored = " is ignored because its time is in the future";
    assertThatThrownBy(() -> Backup.find(folder, List.of("app"), null, null))
        .hasMessageContaining("there is no complete backup")
        .hasMessageContaining(future.getFileName() + ignored)
        .hasMessageEndingWith("--at " + time);
    made(TODAY);
    assertThat(errorOutput().lines().toList())
        .hasSize(2)
        .first()
        .asString()
        .isEqualTo(
            future
                + ignored
                + ": check this machine's clock; restore and verify use this backup with --at "
                + time);
    assertThat(errorOutput("--at", TODAY.toString())).doesNotContain(ignored);
    assertThat(errorOutput("--at", time.toString()))
        .contains("backup " + future + " contains dumps")
        .hasLineCount(1);
    assertThat(Backup.in(folder)).extracting(Backup::time).containsExactly(TODAY);
  }
}
