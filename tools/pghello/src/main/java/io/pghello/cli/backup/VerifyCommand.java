// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import io.pghello.cli.backup.folder.Backup;
import io.pghello.cli.backup.folder.BackupMethod;
import io.pghello.cli.backup.folder.BackupOptions;
import io.pghello.cli.backup.folder.MetricFile;
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

/** {@code pghello verify}. */
@Command(
    name = "verify",
    description = {
      "Proves a backup: starts a server of its own with the extension's files of the backup, restores roles and",
      "databases into it, compares all rows and values with those at the time of the backup, and calls the",
      "extension's functions. Sequences and large objects are restored, too, but not compared. Touches no other server.",
      "Needs PostgreSQL's server programs of the same version. A backup by pgBackRest it restores as a whole, has it",
      "replay the WAL to its end or to --at, reads all rows, and compares what the functions have computed into them."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  0 if all is as it was, 2 if anything differs or cannot be restored",
      "",
      "Example:",
      "  pghello verify --from /backup/app"
    })
public final class VerifyCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "DATABASE",
      arity = "0..*",
      description =
          "Databases to verify, each in its last backup. Default: all of which the folder has a backup.")
  private List<String> named = List.of();

  @Mixin private BackupOptions backups = new BackupOptions();

  @Option(
      names = "--temp",
      paramLabel = "FOLDER",
      description =
          "Folder of the server's data meanwhile. Default: the system's folder for temporary files.")
  private Path temporary = Path.of(System.getProperty("java.io.tmpdir"));

  @Option(
      names = "--limit",
      paramLabel = "TIME",
      defaultValue = BackupMethod.LIMIT,
      converter = Durations.class,
      description =
          "Time that one database may take, e.g. 30m; the others are still verified. Default: ${DEFAULT-VALUE}.")
  private Duration limit = Duration.ZERO;

  @Option(
      names = "--metric",
      paramLabel = "FILE",
      defaultValue = "${env:PGHELLO_METRIC}",
      description = {
        "Write there of each database that is as it was when its backup was made, as node_exporter's textfile collector",
        "reads it. What the file has of others stays. The name ends in .prom. Default: $$PGHELLO_METRIC, or nowhere."
      })
  private @Nullable Path metric;

  @Mixin private Output output = new Output();

  @Override
  public Integer call() {
    // a wrong number is refused before any backup is read
    backups.jobs();
    Map<Backup, List<String>> chosen = backups.findEach(named, output);
    var trial =
        new BackupMethod.Trial(named.isEmpty(), backups, temporary, limit, MetricFile.in(metric));
    return new Verification(chosen, trial, output).run().exitCode();
  }
}
