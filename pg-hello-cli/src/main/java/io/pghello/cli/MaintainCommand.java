// SPDX-License-Identifier: MIT
package io.pghello.cli;

import io.pghello.cli.backup.MetricFile;
import io.pghello.cli.backup.pgbackrest.PgBackRestOptions;
import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.connect.OpsExtension;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.ServerDatabases;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Printable;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.Status;
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
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
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
      "or in the one they are told if they may not connect to that."
    },
    sortOptions = false,
    footerHeading = "%nExit status:%n",
    footer = {
      "  the gravest of those of its parts; 3 if another one runs",
      "",
      "Example:",
      "  pghello maintain --daily --backups /backup/app -h db.example.com -U postgres app shop"
    })
final class MaintainCommand implements Callable<Integer> {
  // any number, as long as it is the same each time
  private static final String LOCK = "SELECT pg_try_advisory_lock(1885302380, 1)";

  // whoever takes them more often says how long they are kept; its own is not seen in a statement
  private static final String SNAPSHOT =
      """
      SELECT EXISTS (SELECT FROM hello_ops.snapshot WHERE taken_at >= now() - interval '25 hours'),
        hello_ops.take_snapshot(NULL::interval)
      """;

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
    MetricFile written = MetricFile.in(metric);
    List<String> backup = pgBackRest.pgBackRest() == null ? names() : pgBackRest.arguments();
    Target target = connection.target();
    try (Connection session = connectToLock(target)) {
      lock(session);
      List<String> databases = withExtension(session, target);
      for (String database : databases) {
        if (named.isEmpty() && !hasOps(target, database)) {
          begin(database, "no pg_hello_ops, so no snapshot, baseline and report");
          if (rhythm.daily) {
            run(database, "health");
          }
        } else if (rhythm.daily) {
          String earlier = ask(target, database, "snapshot", SNAPSHOT);
          if ("t".equals(earlier)) {
            run(database, "report", "performance", "--since", "25 hours");
          } else if (earlier != null) {
            begin(database, "no snapshot of the last 25 hours that it could be compared with");
          }
          run(database, "health");
        } else if (rhythm.weekly) {
          String label = "week of " + LocalDate.now(ZoneOffset.UTC);
          ask(
              target,
              database,
              "baseline",
              "SELECT hello_ops.baseline(?::text, '7 days'::interval)",
              label);
        } else {
          run(database, "report", "compliance");
        }
      }
      whole(target, backup);
      if (written != null && status.exitCode() <= Status.WARNING.exitCode()) {
        written.maintained(rhythm.daily ? "daily" : rhythm.weekly ? "weekly" : "monthly");
      }
    }
    return status.exitCode();
  }

  /** Connects to the same database whatever is maintained, as each has locks of its own. */
  private static Connection connectToLock(Target target) throws SQLException {
    try {
      return target.in("postgres").connectForLong();
    } catch (SQLException e) {
      return target.connectForLong();
    }
  }

  private void lock(Connection session) throws SQLException {
    Instant end = Instant.now().plus(wait);
    while (!Query.isTrue(session, LOCK)) {
      Failure.refuseIf(
          !Instant.now().isBefore(end), "another pghello maintain runs on this server");
      // a statement that waits in the server would keep vacuum from its work
      LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
    }
  }

  /** Returns arguments of which none is taken for an option. */
  private List<String> names() {
    return Stream.concat(Stream.of("--"), named.stream()).toList();
  }

  /** Runs the work that is not of one database. */
  private void whole(Target target, List<String> backup) {
    if (rhythm.daily) {
      var arguments = new ArrayList<>(List.of("backup", "--to", String.valueOf(backups)));
      if (withoutFiles) {
        arguments.add("--without-files");
      }
      arguments.addAll(backup);
      run(target.database(), arguments.toArray(String[]::new));
    } else if (rhythm.weekly) {
      var arguments = new ArrayList<>(List.of("verify", "--from", String.valueOf(backups)));
      if (metric != null) {
        arguments.addAll(List.of("--metric", metric.toString()));
      }
      if (trustOwners) {
        arguments.add("--trust-owners");
      }
      arguments.addAll(names());
      begin(target.database(), "verify");
      run(arguments);
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

  private static boolean hasOps(Target target, String database) throws SQLException {
    try (Connection one = target.in(database).connect()) {
      return Query.isTrue(one, "SELECT true FROM pg_extension WHERE extname = 'pg_hello_ops'");
    }
  }

  private void begin(String database, String what) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf("== %s: %s%n", Printable.line(database), what);
    out.flush();
  }

  /** Returns what is asked; null if it fails. */
  private @Nullable String ask(
      Target target, String database, String what, String sql, String... parameters) {
    begin(database, what);
    try (Connection session = target.in(database).connectForLong()) {
      OpsExtension.check(session);
      return Query.value(session, sql, parameters);
    } catch (SQLException e) {
      hasFailed(database + ": " + what, OpsExtension.explain(e));
    } catch (Failure e) {
      hasFailed(database + ": " + what, String.valueOf(e.getMessage()));
    }
    return null;
  }

  private void hasFailed(String what, String why) {
    spec.commandLine()
        .getErr()
        .printf("pghello maintain: %s: %s%n", Printable.line(what), Printable.line(why));
    status = status.or(Status.UNKNOWN);
  }

  private void run(String database, String... command) {
    begin(database, command[0]);
    var arguments = new ArrayList<>(Arrays.asList(command));
    arguments.addAll(1, connection.arguments());
    arguments.addAll(1, List.of("--dbname", database));
    int exitCode = run(arguments);
    if (exitCode > Status.WARNING.exitCode()) {
      PrintWriter err = spec.commandLine().getErr();
      err.printf(
          "pghello maintain: %s: %s ended with %d%n",
          Printable.line(database), command[0], exitCode);
    }
  }

  private int run(List<String> arguments) {
    String[] array = arguments.toArray(String[]::new);
    // or else a database's name could be taken for an option
    int exitCode =
        Pghello.commandLine(array).setAllowOptionsAsOptionParameters(true).execute(array);
    for (Status one : Status.values()) {
      if (one.exitCode() == exitCode) {
        status = status.or(one);
      }
    }
    return exitCode;
  }
}
