// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.directory;

import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.output.Failure;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Several servers that share a backup directory, without a server. */
class BackupOptionsTest {
  private static final Instant TODAY = Instant.parse("2026-11-28T02:00:00Z");
  private static final Instant BEFORE = TODAY.minusSeconds(3600);

  @TempDir private Path folder;

  private void check(Backup last, String... at) {
    BackupOptions options = CommandLine.populateCommand(new BackupOptions(), arguments(at));
    options.checkServer(last, List.of("app"), "1");
  }

  private String[] arguments(String... at) {
    return at.length == 0
        ? new String[] {"--from", folder.toString()}
        : new String[] {"--from", folder.toString(), "--at", at[0]};
  }

  @Test
  void rejectsTheLastBackupIfItIsFromAnotherServer() throws Exception {
    Backup last = RetentionTest.made(folder, TODAY, "2", "app");
    RetentionTest.made(folder, BEFORE, "1", "shop", "app");
    assertThatThrownBy(() -> check(last))
        .isInstanceOf(Failure.class)
        .hasMessageContaining(last.directory() + ", is from another server")
        .hasMessageContaining("was made at " + BEFORE + ": choose one with --at");
    assertThatNoException().isThrownBy(() -> check(last, TODAY.toString()));
  }

  /** The database moves from one server to the other. */
  @Test
  void acceptsTheOnlyBackupsOfADatabase() throws Exception {
    Backup last = RetentionTest.made(folder, TODAY, "2", "app");
    assertThatNoException().isThrownBy(() -> check(last));
    RetentionTest.made(folder, BEFORE, "1", "shop");
    assertThatNoException().isThrownBy(() -> check(last));
  }
}
