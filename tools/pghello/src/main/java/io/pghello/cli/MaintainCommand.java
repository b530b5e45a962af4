// SPDX-License-Identifier: MIT
package io.pghello.cli;

import io.pghello.cli.backup.BackupJob;
import io.pghello.cli.backup.Verification;
import io.pghello.cli.backup.directory.BackupMethod;
import io.pghello.cli.backup.directory.BackupOptions;
import io.pghello.cli.backup.directory.MetricFile;
import io.pghello.cli.backup.dump.DumpBackupMethod;
import io.pghello.cli.backup.pgbackrest.PgBackRest;
import io.pghello.cli.backup.pgbackrest.PgBackRestOptions;
import io.pghello.cli.backup.pgbackrest.ServerBackupMethod;
import io.pghello.cli.check.Health;
import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.connect.OpsExtension;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.ServerDatabases;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.TerminalText;
import io.pghello.cli.report.Report;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code pghello maintain}. */
@Command(
    name = "maintain",
    description = {
      "Runs daily, weekly or monthly maintenance. Intended for timers (see "
          + "deploy/systemd). Safe to run again at any time. If a task fails, the remaining "
          + "tasks still run. Only one instance runs per server. It holds a lock in the "
          + "database postgres or, if that is not accessible, in the database given with "
          + "-d. Verification has a separate lock, so that it does not delay the next "
          + "backup."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  the most severe status of all tasks; 3 if another instance is running",
      "",
      "Example:",
      "  pghello maintain --daily --backups /backup/app -h db.example.com -U postgres app shop"
    })
final class MaintainCommand implements Callable<Integer> {
  // The two numbers that identify the lock are arbitrary but must not change.
  private static final String LOCK = "SELECT pg_try_advisory_lock(1885302380, 1)";
  private static final String UNLOCK = "SELECT pg_advisory_unlock(1885302380, 1)";
  private static final String VERIFY_LOCK = "SELECT pg_try_advisory_lock(1885302380, 2)";

  // This command does not delete old snapshots, because a separate job takes snapshots more often
  // and also deletes the old ones. The EXISTS subquery does not see the snapshot taken by the
  // statement that contains it.
  private static final String SNAPSHOT =
      """
      SELECT EXISTS (SELECT FROM hello_ops.snapshot WHERE taken_at >= now() - interval '25 hours'),
        hello_ops.take_snapshot(NULL::interval)
      """;

  private static final String BASELINE = "SELECT hello_ops.baseline(?::text, '7 days'::interval)";

  /** The schedule of a run. */
  static final class Rhythm {
    @Option(
        names = "--daily",
        description =
            "Take a snapshot, print the daily performance report, check health, and make "
                + "a backup.")
    private boolean daily;

    @Option(
        names = "--weekly",
        description = "Record a baseline of the week, and verify the last backup of each database.")
    private boolean weekly;

    @Option(names = "--monthly", description = "Print the compliance report.")
    private boolean monthly;
  }

  @Spec private CommandSpec spec = CommandSpec.create();

  @ArgGroup(multiplicity = "1")
  private Rhythm rhythm = new Rhythm();

  @Parameters(
      paramLabel = "DATABASE",
      arity = "0..*",
      description =
          "Databases to maintain. Default: all databases that have the extension. If no "
              + "database is named, the backup also includes databases without the "
              + "extension.")
  private List<String> named = List.of();

  @Option(
      names = "--backups",
      paramLabel = "DIR",
      description = "Backup directory. Required by --daily and --weekly.")
  private @Nullable Path backups;

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Mixin private PgBackRestOptions pgBackRest = new PgBackRestOptions();

  @Option(
      names = "--without-files",
      description = "With --daily: leave the extension's files out of the backup.")
  private boolean withoutFiles;

  @Option(
      names = "--keep",
      paramLabel = "DAYS",
      defaultValue = "" + BackupMethod.KEEP_DAYS,
      description =
          "With --daily: number of days to keep older dumps; ignored with --pgbackrest. See "
              + "backup --keep. Default: ${DEFAULT-VALUE}.")
  private int keepDays;

  @Option(
      names = "--lock-timeout",
      paramLabel = "TIME",
      defaultValue = BackupMethod.LOCK_TIMEOUT,
      converter = Durations.class,
      description =
          "With --daily: how long to wait for a lock that another session holds. See "
              + "backup --lock-timeout. Default: ${DEFAULT-VALUE}.")
  private Duration lockTimeout = Duration.ZERO;

  @Option(
      names = "--bindir",
      paramLabel = "DIR",
      description =
          "Directory of the PostgreSQL programs. Default: the directory of the system's packages.")
  private @Nullable Path bindir;

  @Option(
      names = "--trust-owners",
      description =
          "With --weekly: verify even as root, or as the operating system user that "
              + "owns or runs a server. See verify --trust-owners.")
  private boolean trustOwners;

  @Option(
      names = "--preload",
      paramLabel = "LIBRARY",
      split = ",",
      description =
          "With --weekly: libraries to load during verification. See " + "verify --preload.")
  private List<String> preload = List.of();

  @Option(
      names = "--limit",
      paramLabel = "TIME",
      defaultValue = BackupMethod.LIMIT,
      converter = Durations.class,
      description =
          "With --weekly: maximum time to verify one database, e.g. 30m. Default: "
              + "${DEFAULT-VALUE}.")
  private Duration limit = Duration.ZERO;

  @Option(
      names = "--wait",
      paramLabel = "TIME",
      defaultValue = "0s",
      converter = Durations.class,
      description = "How long to wait for another run to finish, e.g. 6h. Default: do not wait.")
  private Duration wait = Duration.ZERO;

  @Option(
      names = "--metric",
      paramLabel = "FILE",
      defaultValue = "${env:PGHELLO_METRIC}",
      description = {
        "File for node_exporter's textfile collector. Receives the time of this run "
            + "if it ends with status 0 or 1, and the metrics of verify. Default: "
            + "$$PGHELLO_METRIC, or no file."
      })
  private @Nullable Path metric;

  private Status status = Status.OK;

  @Override
  public Integer call() throws SQLException, IOException {
    Failure.throwIf(
        !rhythm.monthly && backups == null,
        "--backups is required: set it to the backup directory");
    BackupMethod.requireKeepDays(keepDays);
    BackupMethod.requireLockTimeout(lockTimeout);
    var output = new Output(spec);
    Path folder = backups == null ? Path.of("") : backups;
    MetricFile written = MetricFile.in(metric);
    PgBackRest server = pgBackRest.pgBackRest();
    BackupMethod method =
        server == null
            ? new DumpBackupMethod(named, bindir, keepDays, lockTimeout, output)
            : new ServerBackupMethod(server, ServerBackupMethod.USUAL_TYPE, bindir, output);
    Target target = connection.target();
    try (Connection session = connectToLock(target)) {
      lock(session, LOCK, "another pghello maintain is running on this server");
      for (String database : withExtension(session, target)) {
        maintain(target.in(database), output);
      }
      if (rhythm.daily) {
        var to = new BackupJob(folder, method, withoutFiles, output);
        run(target.database(), "backup", () -> to.make(target));
      } else if (rhythm.weekly) {
        var options = new BackupOptions(folder, bindir, trustOwners, preload);
        var trial = new BackupMethod.Trial(named.isEmpty(), options, limit, written);
        Query.value(session, UNLOCK);
        lock(session, VERIFY_LOCK, "another pghello maintain is verifying backups of this server");
        run(
            target.database(),
            "verify",
            () -> new Verification(options.findEach(named, output), trial, output).run());
      }
      if (written != null && status.exitCode() <= Status.WARNING.exitCode()) {
        written.maintained(rhythm.daily ? "daily" : rhythm.weekly ? "weekly" : "monthly");
      }
    }
    return status.exitCode();
  }

  /** Maintains one database. */
  private void maintain(Target target, Output output) throws SQLException {
    String database = target.database();
    if (named.isEmpty() && !hasOps(target)) {
      printHeading(database, "no pg_hello_ops, so no snapshot, baseline or report");
    } else if (rhythm.daily) {
      String earlier = runQuery(target, "snapshot", SNAPSHOT);
      var report = new Report(Report.Kind.PERFORMANCE, "25 hours", "");
      if ("t".equals(earlier)) {
        run(database, "report", () -> report.print(target, false, output));
      } else if (earlier != null) {
        printHeading(database, "no earlier snapshot from the last 25 hours to compare with");
      }
    } else if (rhythm.weekly) {
      runQuery(target, "baseline", BASELINE, "week of " + LocalDate.now(ZoneOffset.UTC));
    } else {
      var report = new Report(Report.Kind.COMPLIANCE, "", "");
      run(database, "report", () -> report.print(target, false, output));
    }
    if (rhythm.daily) {
      run(
          database,
          "health",
          () -> Health.print(target, Health.WARNING_MILLIS, Health.CRITICAL_MILLIS, output));
    }
  }

  /** Connects to the same database in every run, because advisory locks are local to a database. */
  private static Connection connectToLock(Target target) throws SQLException {
    try {
      return target.in("postgres").connectForLong();
    } catch (SQLException e) {
      return target.connectForLong();
    }
  }

  private void lock(Connection session, String lock, String other) throws SQLException {
    Instant end = Instant.now().plus(wait);
    while (!Query.isTrue(session, lock)) {
      Failure.throwIf(!Instant.now().isBefore(end), other);
      // Poll, because a statement that waits in the server would hold back vacuum.
      LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
    }
  }

  private List<String> withExtension(Connection session, Target target) throws SQLException {
    List<String> chosen = ServerDatabases.choose(session, named);
    if (!named.isEmpty()) {
      return chosen;
    }
    var databases = new ArrayList<String>();
    for (String database : chosen) {
      try (Connection one = target.in(database).connect()) {
        if (ServerDatabases.extensionVersion(one) != null) {
          databases.add(database);
        }
      } catch (SQLException e) {
        recordFailure(database, SqlErrors.message(e));
      }
    }
    return databases;
  }

  private static boolean hasOps(Target target) throws SQLException {
    try (Connection one = target.connect()) {
      return Query.isTrue(one, "SELECT true FROM pg_extension WHERE extname = 'pg_hello_ops'");
    }
  }

  private void printHeading(String database, String what) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf("== %s: %s%n", TerminalText.line(database), what);
    out.flush();
  }

  /** Runs a query and returns its value, or null if it fails. */
  private @Nullable String runQuery(Target target, String what, String sql, String... parameters) {
    printHeading(target.database(), what);
    try (Connection session = target.connectForLong()) {
      OpsExtension.check(session);
      return Query.value(session, sql, parameters);
    } catch (SQLException e) {
      recordFailure(target.database() + ": " + what, OpsExtension.explain(e));
    } catch (Failure e) {
      recordFailure(target.database() + ": " + what, String.valueOf(e.getMessage()));
    }
    return null;
  }

  private void recordFailure(String what, String why) {
    report("%s: %s", what, why);
    status = status.or(Status.UNKNOWN);
  }

  /** A task of the run. */
  private interface Task {
    Status run() throws SQLException, IOException;
  }

  /** Runs a task and records its status. Failures do not stop the run. */
  private void run(String database, String what, Task part) {
    printHeading(database, what);
    Status one;
    String why = "";
    try {
      one = part.run();
    } catch (SQLException | IOException | RuntimeException e) {
      one = Failure.of(e).status();
      why = ": " + Failure.of(e).getMessage();
    }
    if (one.exitCode() > Status.WARNING.exitCode()) {
      report("%s: %s ended with exit status %d%s", database, what, one.exitCode(), why);
    }
    status = status.or(one);
  }

  private void report(String format, Object... arguments) {
    new Output(spec).message("pghello maintain: " + format, arguments);
  }
}
