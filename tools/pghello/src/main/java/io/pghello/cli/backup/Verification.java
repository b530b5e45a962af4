// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.backup.directory.BackupMethod;
import io.pghello.cli.backup.directory.BackupMethod.Proof;
import io.pghello.cli.backup.dump.DumpBackupMethod;
import io.pghello.cli.backup.pgbackrest.ServerBackupMethod;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import io.pghello.cli.output.TerminalText;
import io.pghello.cli.system.CleanupStack;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Verifies that backups can be restored.
 *
 * @param chosen the backups, and the databases to restore from each
 */
public record Verification(
    Map<Backup, List<String>> chosen, BackupMethod.Trial trial, Output output) {
  /**
   * Verifies each backup and prints the result. If one backup is damaged, the others are still
   * verified.
   */
  public Status run() {
    Status status = Status.OK;
    var failed = new ArrayList<String>();
    for (Map.Entry<Backup, List<String>> one : chosen.entrySet()) {
      try {
        status = status.or(verify(one.getKey(), one.getValue()));
      } catch (SQLException e) {
        // The server was created from the backup, so report its errors as errors of the backup.
        status = Status.CRITICAL;
        failed.add(SqlErrors.explain(e));
      } catch (IOException | Failure e) {
        // Continue with the other backups.
        Failure failure = Failure.of(e);
        status = status.or(failure.status());
        failed.add(String.valueOf(failure.getMessage()));
      }
    }
    if (!failed.isEmpty()) {
      String all = failed.stream().distinct().collect(Collectors.joining("; "));
      throw status == Status.CRITICAL ? Failure.critical(all) : Failure.unknown(all);
    }
    return status;
  }

  private Status verify(Backup backup, List<String> databases) throws SQLException, IOException {
    backup.check();
    BackupMethod method =
        backup.isOfWholeServer()
            ? new ServerBackupMethod(backup, trial.options().bindir(), output)
            : new DumpBackupMethod(trial.options().bindir(), output);
    Proof proof;
    try (var undo = new CleanupStack()) {
      proof = method.verify(backup, databases, trial, undo);
      if (proof.failed().size() < databases.size()) {
        print(backup, proof);
      }
    }
    if (!proof.failed().isEmpty()) {
      throw Failure.critical(String.join("; ", proof.failed()));
    }
    return proof.status();
  }

  /** The result to print as JSON. */
  private record Result(
      Path backup,
      Status status,
      Instant recoveryPoint,
      double recoveryPointAgeSeconds,
      double recoverySeconds,
      Table databases,
      List<String> wrong) {}

  private void print(Backup backup, Proof proof) {
    Duration age = Duration.between(proof.point(), Instant.now());
    output.print(
        new Result(
            backup.directory(),
            proof.status(),
            proof.point(),
            Durations.seconds(age),
            Durations.seconds(proof.took()),
            proof.databases(),
            proof.wrong()),
        out -> {
          out.println(proof.databases());
          proof.wrong().stream().map(TerminalText::line).forEach(out::println);
          out.printf(
              "%nBackup %s %s%n",
              backup.directory(),
              proof.wrong().isEmpty() ? "can be restored" : "cannot be relied on");
          out.printf(
              "Recovery point: %s, %s ago%nRecovery time: %s%n",
              proof.point(), Durations.inWords(age), Durations.inWords(proof.took()));
        });
  }
}
