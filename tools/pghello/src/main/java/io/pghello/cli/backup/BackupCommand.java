// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import io.pghello.cli.backup.dump.Dumps;
import io.pghello.cli.backup.folder.BackupMethod;
import io.pghello.cli.backup.pgbackrest.PgBackRest;
import io.pghello.cli.backup.pgbackrest.PgBackRestOptions;
import io.pghello.cli.backup.pgbackrest.WholeServer;
import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pghello backup}. */
@Command(
    name = "backup",
    description = {
      "Dumps databases, roles and the extension's files into a new folder, with sums of all files, of all rows and",
      "of all values. A backup that is not complete does not count, and is removed.",
      "Needs pg_dump and pg_dumpall of the server's version or newer on this machine. With --pgbackrest it is one of the",
      "whole server, which can be restored to any time after: the folder then has the extension's files, which pgBackRest",
      "does not take, and the name of its backup."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  1 if it has a database that cannot be restored as long as it has that name, 2 if there is no backup",
      "",
      "Example:",
      "  pghello backup --to /backup/app -h db.example.com -U postgres app shop",
      "  pghello backup --to /backup/main --pgbackrest main"
    })
public final class BackupCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "DATABASE",
      arity = "0..*",
      description = "Databases to dump. Default: all that are no templates.")
  private List<String> databases = List.of();

  @Option(
      names = "--to",
      paramLabel = "FOLDER",
      required = true,
      description = "Backup folder. Created if it does not exist.")
  private Path folder = Path.of("");

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Mixin private PgBackRestOptions pgBackRestOptions = new PgBackRestOptions();

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      description =
          "Kind of pgBackRest's backup: full, diff (since the last full one) or incr (since the last one). Default: incr.")
  private @Nullable String type;

  @Option(
      names = "--keep",
      paramLabel = "DAYS",
      defaultValue = "" + BackupMethod.KEEP_DAYS,
      description =
          "Remove older backups when this one is complete, but never the last one of a database. Default: 7."
              + " Entries of backups that pgBackRest has expired are removed, too.")
  private int keepDays;

  @Option(
      names = "--without-files",
      description =
          "Leave out the extension's files, which a superuser or a member of pg_read_server_files may read.")
  private boolean withoutFiles;

  @Option(
      names = "--bindir",
      paramLabel = "FOLDER",
      description = "Folder of PostgreSQL's programs. Default: that of the system's packages.")
  private @Nullable Path bindir;

  @Mixin private Output output = new Output();

  @Override
  public Integer call() throws SQLException, IOException {
    Failure.refuseIf(folder.toString().isEmpty(), "--to is empty: name a folder");
    BackupMethod method = method();
    return new BackupsTo(folder, method, withoutFiles, output).make(connection.target()).exitCode();
  }

  private BackupMethod method() {
    Failure.refuseIf(keepDays < 1, "--keep must be at least 1 day, but is " + keepDays);
    PgBackRest pgBackRest = pgBackRestOptions.pgBackRest();
    if (pgBackRest == null) {
      Failure.refuseIf(type != null, "--type is for --pgbackrest");
      return new Dumps(databases, bindir, keepDays, output);
    }
    Failure.refuseIf(
        !databases.isEmpty(), "--pgbackrest takes the whole server, and not " + databases);
    Failure.refuseIf(
        type != null && !Set.of("full", "diff", "incr").contains(type),
        "--type must be full, diff or incr, but is " + type);
    return new WholeServer(
        pgBackRest, type == null ? WholeServer.USUAL_TYPE : type, bindir, output);
  }
}
