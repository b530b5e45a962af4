// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import io.pghello.cli.backup.directory.BackupMethod;
import io.pghello.cli.backup.dump.DumpBackupMethod;
import io.pghello.cli.backup.pgbackrest.PgBackRest;
import io.pghello.cli.backup.pgbackrest.PgBackRestOptions;
import io.pghello.cli.backup.pgbackrest.ServerBackupMethod;
import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code pghello backup}. */
@Command(
    name = "backup",
    description = {
      "Dumps databases, roles and the extension's files into a new directory, with "
          + "checksums of all files, rows and values. An incomplete backup is removed. "
          + "Needs pg_dump and pg_dumpall on this machine, of the server's major version. "
          + "With --pgbackrest, pgBackRest backs up the whole server, which can then "
          + "be restored to any later point in time. In that case the directory contains "
          + "the extension's files, which pgBackRest does not copy, and the label of the "
          + "pgBackRest backup."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  1 if the backup contains a database that cannot be restored under its name, if the "
          + "clock may be wrong, or if an older backup is damaged; 2 if no backup was made, or if "
          + "it lacks a database whose dump failed",
      "",
      "Example:",
      "  pghello backup --to /backup/app -h db.example.com -U postgres app shop",
      "  pghello backup --to /backup/main --pgbackrest main"
    })
public final class BackupCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "DATABASE",
      arity = "0..*",
      description = "Databases to dump. Default: all except templates.")
  private List<String> databases = List.of();

  @Option(
      names = "--to",
      paramLabel = "DIR",
      required = true,
      description = "Backup directory. Created if it does not exist.")
  private Path folder = Path.of("");

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Mixin private PgBackRestOptions pgBackRestOptions = new PgBackRestOptions();

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      description =
          "Type of the pgBackRest backup: full, diff (changes since the last full "
              + "backup) or incr (changes since the last backup). Default: incr.")
  private @Nullable String type;

  @Option(
      names = "--keep",
      paramLabel = "DAYS",
      defaultValue = "" + BackupMethod.KEEP_DAYS,
      description =
          "Number of days to keep older backups, counting only days with a backup. They are "
              + "removed after this backup is complete. The last two backups of each database "
              + "are always kept. With --pgbackrest, this number is ignored: a backup's directory is removed once "
              + "pgBackRest has expired the backup. Default: ${DEFAULT-VALUE}.")
  private int keepDays;

  @Option(
      names = "--lock-timeout",
      paramLabel = "TIME",
      defaultValue = BackupMethod.LOCK_TIMEOUT,
      converter = Durations.class,
      description =
          "How long to wait for a lock that another session holds. If the lock is not "
              + "released, the other databases are still backed up, and the status is 2. "
              + "Ignored with --pgbackrest. Default: ${DEFAULT-VALUE}.")
  private Duration lockTimeout = Duration.ZERO;

  @Option(
      names = "--without-files",
      description =
          "Leave out the extension's files. Reading them requires a superuser, or a member of "
              + "pg_read_server_files that may call pg_config and pg_ls_dir.")
  private boolean withoutFiles;

  @Option(
      names = "--bindir",
      paramLabel = "DIR",
      description =
          "Directory of the PostgreSQL programs. Default: the directory of the system's packages.")
  private @Nullable Path bindir;

  @Mixin private Output output = new Output();

  @Override
  public Integer call() throws SQLException, IOException {
    Failure.throwIf(folder.toString().isEmpty(), "--to must name a directory, but is empty");
    BackupMethod method = method();
    return new BackupJob(folder, method, withoutFiles, output).make(connection.target()).exitCode();
  }

  private BackupMethod method() {
    BackupMethod.requireKeepDays(keepDays);
    BackupMethod.requireLockTimeout(lockTimeout);
    PgBackRest pgBackRest = pgBackRestOptions.pgBackRest();
    if (pgBackRest == null) {
      Failure.throwIf(type != null, "--type requires --pgbackrest");
      return new DumpBackupMethod(databases, bindir, keepDays, lockTimeout, output);
    }
    Failure.throwIf(
        !databases.isEmpty(),
        "--pgbackrest backs up the whole server and accepts no databases: " + databases);
    Failure.throwIf(
        type != null && !Set.of("full", "diff", "incr").contains(type),
        "--type must be full, diff or incr, but is " + type);
    return new ServerBackupMethod(
        pgBackRest, type == null ? ServerBackupMethod.USUAL_TYPE : type, bindir, output);
  }
}
