// SPDX-License-Identifier: MIT
package io.pghello.cli;

import io.pghello.cli.backup.BackupsTo;
import io.pghello.cli.backup.Verification;
import io.pghello.cli.backup.dump.Dumps;
import io.pghello.cli.backup.folder.BackupMethod;
import io.pghello.cli.backup.folder.BackupOptions;
import io.pghello.cli.backup.folder.MetricFile;
import io.pghello.cli.backup.pgbackrest.PgBackRest;
import io.pghello.cli.backup.pgbackrest.PgBackRestOptions;
import io.pghello.cli.backup.pgbackrest.WholeServer;
import io.pghello.cli.check.Health;
import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.connect.OpsExtension;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.ServerDatabases;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Printable;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.Status;
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

/** {@code pghello maintain}. */
@Command(
    name = "maintain",
    description = {
      "Does what is to be done each day, week or month, for timers; see deploy/systemd. May be run at any time, and",
      "again. Goes on after what fails. Only one runs at a time on a server: they take a lock in its database postgres,",
      "or in the one they are told if they may not connect to that. The verification has a lock of its own, so that the",
      "next backup does not wait for it."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  the gravest of those of its parts; 3 if another one runs",
      "",
      "Example:",
      "  pghello maintain --daily --backups /backup/app -h db.example.com -U postgres app shop"
    })
final class MaintainCommand implements Callable<Integer> {
  // any numbers, as long as they are the same each time
  private static final String LOCK = "SELECT pg_try_advisory_lock(1885302380, 1)";
  private static final String UNLOCK = "SELECT pg_advisory_unlock(1885302380, 1)";
  private static final String VERIFY_LOCK = "SELECT pg_try_advisory_lock(1885302380, 2)";

  // whoever takes them more often says how long they are kept; its own is not seen in a statement
  private static final String SNAPSHOT =
      """
      SELECT EXISTS (SELECT FROM hello_ops.snapshot WHERE taken_at >= now() - interval '25 hours'),
        hello_ops.take_snapshot(NULL::interval)
      """;

  private static final String BASELINE = "SELECT hello_ops.baseline(?::text, '7 days'::interval)";

  /** The schedule that a run is for. */
  static final class Rhythm {
    @Option(
        names = "--daily",
        description = "A snapshot, the performance report of a day, health, and a backup.")
    private boolean daily;

    @Option(
        names = "--weekly",
        description =
            "A baseline of the week, and the verification of the last backup of each database.")
    private boolean weekly;

    @Option(names = "--monthly", description = "The compliance report.")
    private boolean monthly;
  }

  @Spec private CommandSpec spec = CommandSpec.create();

  @ArgGroup(multiplicity = "1")
  private Rhythm rhythm = new Rhythm();

  @Parameters(
      paramLabel = "DATABASE",
      arity = "0..*",
      description =
          "Databases to maintain. Default: all that have the extension; a backup is of all.")
  private List<String> named = List.of();

  @Option(
      names = "--backups",
      paramLabel = "FOLDER",
      description = "Backup folder. Needed by --daily and --weekly.")
  private @Nullable Path backups;

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Mixin private PgBackRestOptions pgBackRest = new PgBackRestOptions();

  @Option(
      names = "--without-files",
      description = "With --daily: as of backup, which leaves out the extension's files.")
  private boolean withoutFiles;

  @Option(
      names = "--trust-owners",
      description =
          "With --weekly: as of verify, which otherwise refuses root and owners of servers.")
  private boolean trustOwners;

  @Option(
      names = "--preload",
      paramLabel = "LIBRARY",
      split = ",",
      description =
          "With --weekly and --pgbackrest: libraries that the verification loads, as with verify.")
  private List<String> preload = List.of();

  @Option(
      names = "--limit",
      paramLabel = "TIME",
      defaultValue = BackupMethod.LIMIT,
      converter = Durations.class,
      description =
          "With --weekly: time that the verification of one database may take, e.g. 30m. Default: ${DEFAULT-VALUE}.")
  private Duration limit = Duration.ZERO;

  @Option(
      names = "--wait",
      paramLabel = "TIME",
      defaultValue = "0s",
      converter = Durations.class,
      description = "Time to wait for another run to end, as in 6h. Default: none.")
  private Duration wait = Duration.ZERO;

  @Option(
      names = "--metric",
      paramLabel = "FILE",
      defaultValue = "${env:PGHELLO_METRIC}",
      description = {
        "Write there that this succeeded, with a warning or without, and what verify writes, as node_exporter's textfile",
        "collector reads it. Default: $$PGHELLO_METRIC, or nowhere."
      })
  private @Nullable Path metric;

  private Status status = Status.OK;

  @Override
  public Integer call() throws SQLException, IOException {
    Failure.refuseIf(!rhythm.monthly && backups == null, "--backups is needed: where backups are");
    var output = new Output(spec);
    Path folder = backups == null ? Path.of("") : backups;
    MetricFile written = MetricFile.in(metric);
    PgBackRest server = pgBackRest.pgBackRest();
    BackupMethod method =
        server == null
            ? new Dumps(named, null, BackupMethod.KEEP_DAYS, output)
            : new WholeServer(server, WholeServer.USUAL_TYPE, null, output);
    Target target = connection.target();
    try (Connection session = connectToLock(target)) {
      lock(session, LOCK, "another pghello maintain runs on this server");
      for (String database : withExtension(session, target)) {
        maintain(target.in(database), output);
      }
      if (rhythm.daily) {
        var to = new BackupsTo(folder, method, withoutFiles, output);
        run(target.database(), "backup", () -> to.make(target));
      } else if (rhythm.weekly) {
        var options = new BackupOptions(folder, trustOwners, preload);
        var trial = new BackupMethod.Trial(named.isEmpty(), options, limit, written);
        Query.value(session, UNLOCK);
        lock(session, VERIFY_LOCK, "another pghello maintain verifies backups of this server");
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

  /** Does what is to be done in one database. */
  private void maintain(Target target, Output output) throws SQLException {
    String database = target.database();
    if (named.isEmpty() && !hasOps(target)) {
      begin(database, "no pg_hello_ops, so no snapshot, baseline and report");
    } else if (rhythm.daily) {
      String earlier = ask(target, "snapshot", SNAPSHOT);
      var report = new Report(Report.Kind.PERFORMANCE, "25 hours", "");
      if ("t".equals(earlier)) {
        run(database, "report", () -> report.print(target, false, output));
      } else if (earlier != null) {
        begin(database, "no snapshot of the last 25 hours that it could be compared with");
      }
    } else if (rhythm.weekly) {
      ask(target, "baseline", BASELINE, "week of " + LocalDate.now(ZoneOffset.UTC));
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

  /** Connects to the same database whatever is maintained, as each has locks of its own. */
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
      Failure.refuseIf(!Instant.now().isBefore(end), other);
      // a statement that waits in the server would keep vacuum from its work
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
        hasFailed(database, SqlErrors.message(e));
      }
    }
    return databases;
  }

  private static boolean hasOps(Target target) throws SQLException {
    try (Connection one = target.connect()) {
      return Query.isTrue(one, "SELECT true FROM pg_extension WHERE extname = 'pg_hello_ops'");
    }
  }

  private void begin(String database, String what) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf("== %s: %s%n", Printable.line(database), what);
    out.flush();
  }

  /** Returns what is asked; null if it fails. */
  private @Nullable String ask(Target target, String what, String sql, String... parameters) {
    begin(target.database(), what);
    try (Connection session = target.connectForLong()) {
      OpsExtension.check(session);
      return Query.value(session, sql, parameters);
    } catch (SQLException e) {
      hasFailed(target.database() + ": " + what, OpsExtension.explain(e));
    } catch (Failure e) {
      hasFailed(target.database() + ": " + what, String.valueOf(e.getMessage()));
    }
    return null;
  }

  private void hasFailed(String what, String why) {
    say("%s: %s", what, why);
    status = status.or(Status.UNKNOWN);
  }

  /** A part of the work. */
  private interface Part {
    Status run() throws SQLException, IOException;
  }

  /** Does a part of the work, and goes on if it fails. */
  private void run(String database, String what, Part part) {
    begin(database, what);
    Status one;
    String why = "";
    try {
      one = part.run();
    } catch (SQLException | IOException | RuntimeException e) {
      one = Failure.of(e).status();
      why = ": " + Failure.of(e).getMessage();
    }
    if (one.exitCode() > Status.WARNING.exitCode()) {
      say("%s: %s ended with %d%s", database, what, one.exitCode(), why);
    }
    status = status.or(one);
  }

  private void say(String format, Object... arguments) {
    new Output(spec).say("pghello maintain: " + format, arguments);
  }
}
