// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.ServerDatabases;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Findings;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.TerminalText;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code pghello update}. */
@Command(
    name = "update",
    description = {
      "Updates the extension in several databases, one after the other. Each update "
          + "is one transaction, which calls the new functions before it commits. Stops at "
          + "the first failure; databases that were already updated stay updated. You can "
          + "run the command again: it skips updated databases."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  0 if all databases have the version, 2 if an update failed, 3 if no update was started",
      "",
      "Example:",
      "  pghello update -h db.example.com -U postgres --first staging "
          + "--require-backup 1h --backups /backup/app"
    })
public final class UpdateCommand implements Callable<Integer> {
  private static final String TARGET_VERSION =
      """
      SELECT default_version,
        EXISTS (SELECT FROM pg_available_extension_versions v WHERE v.name = a.name AND v.version = ?)
      FROM pg_available_extensions a WHERE a.name = 'pg_hello'
      """;

  /** The result for a database. */
  private record Updated(
      String database,
      @Nullable String from,
      String to,
      String result,
      @Nullable Double ms,
      @Nullable String message) {}

  /** The result to print as JSON. */
  private record Result(boolean dryRun, List<Updated> databases) {}

  @Parameters(
      paramLabel = "DATABASE",
      arity = "0..*",
      description = "Databases to update. Default: all that have the extension.")
  private List<String> named = List.of();

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--to",
      paramLabel = "VERSION",
      description = "Target version. Default: the version of the files on the server.")
  private @Nullable String to;

  @Option(
      names = "--first",
      paramLabel = "DATABASE",
      description = "Database to update before the others. Can be repeated.")
  private List<String> first = List.of();

  @Option(
      names = "--require-backup",
      paramLabel = "AGE",
      converter = Durations.class,
      description =
          "Maximum age of the last complete backup that contains all of these "
              + "databases, e.g. 1h. If this backup is older, no database is updated.")
  private @Nullable Duration requiredBackup;

  @Option(
      names = "--backups",
      paramLabel = "DIR",
      description = "Backup directory for --require-backup, as passed to backup --to.")
  private @Nullable Path backups;

  @Option(
      names = "--dry-run",
      description = "Run the update and the calls in each database, and roll back.")
  private boolean dryRun;

  @Option(
      names = "--lock-timeout",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Durations.class,
      description = "How long to wait for concurrent changes to the extension. Default: 5s.")
  private Duration lockTimeout = Duration.ZERO;

  @Mixin private Output output = new Output();

  private final List<Updated> rows = new ArrayList<>();

  @Override
  public Integer call() throws SQLException {
    Failure.throwIf(
        (requiredBackup == null) != (backups == null),
        "--require-backup and --backups must be used together");
    Failure.throwIf(lockTimeout.isZero(), "--lock-timeout must be greater than 0");
    Target target = connection.target();
    List<String> databases;
    String version;
    try (Connection session = target.connect()) {
      target = target.pinnedTo(session);
      var ordered = new LinkedHashSet<>(first);
      var wanted = new ArrayList<>(named);
      wanted.addAll(named.isEmpty() ? List.of() : first);
      ServerDatabases.choose(session, first);
      ordered.addAll(ServerDatabases.choose(session, wanted));
      databases = List.copyOf(ordered);
      version = version(session);
      requireBackup(session, target, databases);
    }
    boolean right = update(target, databases, version);
    end();
    return (right ? Status.OK : Status.CRITICAL).exitCode();
  }

  private String version(Connection session) throws SQLException {
    try (PreparedStatement statement = session.prepareStatement(TARGET_VERSION)) {
      statement.setString(1, to);
      try (ResultSet row = statement.executeQuery()) {
        Failure.throwIf(
            !row.next(), "the server does not have the files of pg_hello: install them");
        Failure.throwIf(
            to != null && !row.getBoolean(2),
            "the server does not have the files of pg_hello " + to + ": install them");
        return to == null ? row.getString(1) : to;
      }
    }
  }

  /** Throws unless a recent backup contains all databases that have the extension. */
  private void requireBackup(Connection session, Target target, List<String> databases)
      throws SQLException {
    if (requiredBackup == null || backups == null) {
      return;
    }
    var needed = new ArrayList<String>();
    for (String database : databases) {
      try (Connection other = target.in(database).connect()) {
        if (ServerDatabases.extensionVersion(other) != null) {
          needed.add(database);
        }
      }
    }
    Backup backup = Backup.find(backups, needed, Query.value(session, Backup.SYSTEM), null);
    Backup.ignored(backups, needed).forEach(later -> output.message("%s", later.whyIgnored()));
    Failure.throwIf(
        backup.age().compareTo(requiredBackup) > 0,
        "the last backup, of "
            + backup.time()
            + ", is "
            + Durations.inWords(backup.age())
            + " old: run pghello backup");
    backup.check();
  }

  private boolean update(Target target, List<String> databases, String version) {
    boolean right = true;
    int width = Math.max(8, databases.stream().mapToInt(String::length).max().orElse(0));
    for (String database : databases) {
      if (!right) {
        report(width, new Updated(database, null, version, "not reached", null, null));
        continue;
      }
      long begin = System.nanoTime();
      String from = null;
      String problem;
      // The lock timeout may exceed the default timeout for responses.
      try (Connection session = target.in(database).connectForLong()) {
        from = ServerDatabases.extensionVersion(session);
        if (from == null && !named.contains(database) && !first.contains(database)) {
          continue;
        }
        if (from == null) {
          problem = "pg_hello does not exist in this database; run CREATE EXTENSION pg_hello";
        } else {
          problem = from.equals(version) ? null : update(session, version);
        }
      } catch (SQLException e) {
        problem = SqlErrors.message(e);
      }
      right = problem == null;
      String done = version.equals(from) ? "unchanged" : dryRun ? "would be done" : "done";
      double millis = Math.rint((System.nanoTime() - begin) / 1e5) / 10;
      report(width, new Updated(database, from, version, right ? done : "failed", millis, problem));
    }
    return right;
  }

  /**
   * Updates the extension. Rolls back the update in a dry run, or if the new version has a problem.
   * Returns the problem; null if there is none.
   */
  private @Nullable String update(Connection session, String version) throws SQLException {
    session.setAutoCommit(false);
    try (Statement statement = session.createStatement()) {
      statement.execute("SET LOCAL lock_timeout = " + lockTimeout.toMillis());
      statement.execute("ALTER EXTENSION pg_hello UPDATE TO '" + version.replace("'", "''") + "'");
      var findings = new Findings();
      try {
        new Health(findings).checkInstallation(session);
      } catch (SQLException e) {
        // A failed call aborts the transaction.
        if (findings.texts(Status.CRITICAL).isEmpty()) {
          throw e;
        }
      }
      List<String> wrong = findings.texts(Status.CRITICAL);
      if (wrong.isEmpty() && !dryRun) {
        session.commit();
        return null;
      }
      session.rollback();
      return wrong.isEmpty() ? null : wrong.get(0);
    }
  }

  /** Prints each result immediately, because the program may be killed. */
  private void report(int width, Updated one) {
    rows.add(one);
    if (!output.isJson()) {
      PrintWriter out = output.out();
      if (rows.size() == 1) {
        line(out, width, "database", "from", "to", "result", "ms", "message");
      }
      line(
          out,
          width,
          TerminalText.line(one.database()),
          Objects.requireNonNullElse(one.from(), ""),
          one.to(),
          one.result(),
          one.ms() == null ? "" : one.ms().toString(),
          Objects.requireNonNullElse(one.message(), ""));
      out.flush();
    }
  }

  private static void line(PrintWriter out, int width, Object... values) {
    String format = "%-" + width + "s  %-7s  %-7s  %-13s  %8s  %s";
    out.println(String.format(Locale.ROOT, format, values).stripTrailing());
  }

  private void end() {
    output.print(
        new Result(dryRun, rows),
        out -> {
          if (rows.isEmpty()) {
            out.println("No database has the extension pg_hello");
          } else if (rows.stream().anyMatch(row -> row.result().equals("done"))) {
            out.printf(
                "%nOpen sessions keep the old library: recycle connection pools%n"
                    + "PUBLIC may execute new functions: run pghello harden%n");
          }
        });
  }
}
