// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.backup.directory.BackupMethod;
import io.pghello.cli.backup.directory.BackupOptions;
import io.pghello.cli.backup.directory.MetricFile;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Output;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code pghello verify}. */
@Command(
    name = "verify",
    description = {
      "Proves that a backup can be restored: starts a temporary server with the "
          + "extension's files of the backup, restores roles and databases into it, "
          + "compares all rows and values with those at the time of the backup, and calls "
          + "the extension's functions. Sequences and large objects are restored, but not "
          + "compared. Other servers are not touched. Needs the PostgreSQL server programs "
          + "of the same version. A pgBackRest backup is restored completely, and its WAL "
          + "is replayed to the end or to --at. Then all rows are read, and the values "
          + "computed by the extension's functions are compared."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  0 if all data matches, 2 if anything differs or cannot be restored",
      "",
      "Example:",
      "  pghello verify --from /backup/app"
    })
public final class VerifyCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "DATABASE",
      arity = "0..*",
      description =
          "Databases to verify, each in its last backup. Default: all databases in "
              + "the backup directory.")
  private List<String> named = List.of();

  @Mixin private BackupOptions backups = new BackupOptions();

  @Option(
      names = "--temp",
      paramLabel = "DIR",
      description =
          "Directory for the temporary server's data. Default: the system's temporary "
              + "directory.")
  private Path temporary = Path.of(System.getProperty("java.io.tmpdir"));

  @Option(
      names = "--limit",
      paramLabel = "TIME",
      defaultValue = BackupMethod.LIMIT,
      converter = Durations.class,
      description =
          "Maximum time to verify one database, e.g. 30m. If a database exceeds it, the "
              + "other databases are still verified. Default: ${DEFAULT-VALUE}.")
  private Duration limit = Duration.ZERO;

  @Option(
      names = "--metric",
      paramLabel = "FILE",
      defaultValue = "${env:PGHELLO_METRIC}",
      description = {
        "File for node_exporter's textfile collector, with a name that ends in .prom. "
            + "Receives the backup time of each verified database. Metrics of other "
            + "databases are kept. Default: $$PGHELLO_METRIC, or no file."
      })
  private @Nullable Path metric;

  @Mixin private Output output = new Output();

  @Override
  public Integer call() {
    // Reject an invalid number of jobs before reading any backup.
    backups.jobs();
    Map<Backup, List<String>> chosen = backups.findEach(named, output);
    var trial =
        new BackupMethod.Trial(named.isEmpty(), backups, temporary, limit, MetricFile.in(metric));
    return new Verification(chosen, trial, output).run().exitCode();
  }
}
