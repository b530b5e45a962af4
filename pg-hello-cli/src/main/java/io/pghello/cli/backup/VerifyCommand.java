// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import io.pghello.cli.backup.dump.ComputedValues;
import io.pghello.cli.backup.dump.Contents;
import io.pghello.cli.backup.dump.Restoration;
import io.pghello.cli.backup.dump.Roles;
import io.pghello.cli.backup.folder.Backup;
import io.pghello.cli.backup.folder.BackupOptions;
import io.pghello.cli.backup.pgbackrest.PgBackRest;
import io.pghello.cli.backup.pgbackrest.RecoveredServer;
import io.pghello.cli.check.Health;
import io.pghello.cli.connect.ServerDatabases;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Findings;
import io.pghello.cli.output.Json;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Printable;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import io.pghello.cli.system.Programs;
import io.pghello.cli.system.ScratchServer;
import io.pghello.cli.system.Undo;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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
    sortOptions = false,
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
    int jobs = backups.jobs();
    Map<Backup, List<String>> chosen = backups.findEach(named);
    MetricFile written = MetricFile.in(metric);
    Status status = Status.OK;
    var failed = new ArrayList<String>();
    for (Map.Entry<Backup, List<String>> one : chosen.entrySet()) {
      try {
        status = status.or(verify(one.getKey(), one.getValue(), jobs, written));
      } catch (SQLException e) {
        // the server is made of the backup: what it refuses is the backup's fault
        status = Status.CRITICAL;
        failed.add(SqlErrors.explain(e));
      } catch (IOException | Failure e) {
        // a backup that is damaged keeps no other from being verified
        Failure failure = Failure.of(e);
        status = status.or(failure.status());
        failed.add(String.valueOf(failure.getMessage()));
      }
    }
    if (!failed.isEmpty()) {
      String all = failed.stream().distinct().collect(Collectors.joining("; "));
      throw status == Status.CRITICAL ? Failure.critical(all) : Failure.unknown(all);
    }
    return status.exitCode();
  }

  private Status verify(
      Backup backup, List<String> databases, int jobs, @Nullable MetricFile written)
      throws SQLException, IOException {
    backup.check();
    Programs programs = Programs.ofServer(backup.serverMajor(), backups.bindir());
    if (backup.isOfWholeServer()) {
      return verifyServer(backup, databases, programs, jobs, written);
    }
    String power = backups.trustsOwners() ? null : ScratchServer.powerOfThisUser();
    Failure.refuseIf(
        power != null,
        "this user %s, and a restore runs code of the owners of tables: run it as a user of its own, or say --trust-owners"
            .formatted(power));
    var rows = new ArrayList<List<@Nullable Object>>();
    var wrong = new ArrayList<String>();
    var failed = new ArrayList<String>();
    Instant begin = Instant.now();
    try (var undo = new Undo()) {
      output.progress("a server");
      Target server =
          ScratchServer.start(programs, temporary, backup.folder().resolve(Backup.FILES), undo);
      try (Connection session = server.connectForLong()) {
        Roles.createMissing(session, backup.folder().resolve(Backup.ROLES));
      }
      var restoration =
          new Restoration(
              programs,
              server,
              jobs,
              List.of(Restoration.NO_TABLESPACES, "--no-subscriptions"),
              () -> {},
              backups.trustsOwners(),
              undo);
      for (String database : databases) {
        try {
          output.progress("%s", database);
          Instant started = Instant.now();
          Restoration.Restored there = restoration.restore(backup, database, database);
          Instant restored = Instant.now();
          int before = wrong.size();
          Properties contents = compare(backup, database, server, wrong);
          if (wrong.size() == before && written != null) {
            written.verified(database, backup.time(), Duration.between(started, restored));
          }
          rows.add(
              Arrays.asList(
                  database,
                  there.extensionVersion(),
                  contents.size(),
                  Contents.rows(contents),
                  Durations.seconds(Duration.between(started, restored)),
                  wrong.size() == before ? "as it was" : "differs"));
        } catch (SQLException | Failure e) {
          // its owner can have written what cannot be restored
          failed.add(String.valueOf(Failure.in(database, e).getMessage()));
        }
      }
      wrong.addAll(failed);
      Duration took = Duration.between(begin, Instant.now());
      if (wrong.isEmpty() && databases.equals(backup.databases())) {
        backup.setVerified(Instant.now(), took);
      }
      var table =
          new Table(List.of("database", "pg_hello", "tables", "rows", "seconds", "contents"), rows);
      if (!rows.isEmpty()) {
        print(backup, backup.time(), took, table, wrong);
      }
    }
    if (!failed.isEmpty()) {
      throw Failure.critical(String.join("; ", failed));
    }
    return wrong.isEmpty() ? Status.OK : Status.CRITICAL;
  }

  private Status verifyServer(
      Backup backup, List<String> wanted, Programs programs, int jobs, @Nullable MetricFile written)
      throws SQLException, IOException {
    PgBackRest.of(backup).check();
    var rows = new ArrayList<List<@Nullable Object>>();
    var wrong = new ArrayList<String>();
    Instant begin = Instant.now();
    try (var undo = new Undo()) {
      output.progress("a server");
      var goal = new RecoveredServer.Goal(backups.at(), null);
      RecoveredServer recovered =
          RecoveredServer.start(backup, programs, null, temporary, goal, jobs, undo);
      Duration took = Duration.between(begin, Instant.now());
      Instant point = recovered.point();
      String gap = recovered.gap();
      if (gap != null) {
        wrong.add(gap);
      }
      Target server = recovered.target();
      // all that there are, also those that came after the backup
      boolean isWhole = named.isEmpty() && wanted.equals(backup.databases());
      List<String> databases;
      try (Connection session = server.connectForLong()) {
        databases = ServerDatabases.choose(session, isWhole ? List.of() : wanted);
      }
      for (String database : databases) {
        output.progress("%s", database);
        int before = wrong.size();
        rows.add(check(server.in(database), wrong));
        if (gap == null && wrong.size() == before && written != null) {
          written.verified(database, point, took);
        }
      }
      if (wrong.isEmpty() && isWhole) {
        backup.setVerified(Instant.now(), took);
        if (written != null) {
          written.baseBackupVerified(backup.time());
        }
      }
      var table =
          new Table(
              List.of("database", "pg_hello", "tables", "rows", "computed", "seconds", "contents"),
              rows);
      print(backup, point, took, table, wrong);
    }
    return wrong.isEmpty() ? Status.OK : Status.CRITICAL;
  }

  /** Reads all of a database. */
  private static List<@Nullable Object> check(Target database, List<String> wrong)
      throws SQLException {
    Instant started = Instant.now();
    int before = wrong.size();
    try (Connection session = database.connectForLong()) {
      Properties contents = Contents.of(session);
      String version = ServerDatabases.extensionVersion(session);
      long computed = 0;
      if (version != null) {
        computed = ComputedValues.check(session, database.database(), wrong);
        checkExtension(session, database.database(), wrong);
      }
      return Arrays.asList(
          database.database(),
          version,
          contents.size(),
          Contents.rows(contents),
          computed,
          Durations.seconds(Duration.between(started, Instant.now())),
          wrong.size() == before ? "can be read" : "wrong");
    }
  }

  private static void checkExtension(Connection session, String database, List<String> wrong)
      throws SQLException {
    var findings = new Findings();
    new Health(findings).checkInstallation(session);
    findings.texts(Status.CRITICAL).forEach(text -> wrong.add(database + ": " + text));
  }

  private static Properties compare(
      Backup backup, String database, Target server, List<String> wrong) throws SQLException {
    try (Connection session = server.in(database).connectForLong()) {
      Properties contents = Contents.of(session);
      for (String difference : Contents.differences(backup.contents(database), contents)) {
        wrong.add(database + ": " + difference);
      }
      if (backup.extensionVersion(database) != null) {
        checkExtension(session, database, wrong);
      }
      return contents;
    }
  }

  private void print(Backup backup, Instant point, Duration took, Table table, List<String> wrong) {
    Duration age = Duration.between(point, Instant.now());
    PrintWriter out = output.out();
    if (output.isJson()) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      map.put("backup", backup.folder().toString());
      map.put("status", (wrong.isEmpty() ? Status.OK : Status.CRITICAL).toString());
      map.put("recovery_point", point.toString());
      map.put("recovery_point_age_seconds", Durations.seconds(age));
      map.put("recovery_seconds", Durations.seconds(took));
      map.put("databases", table.toMaps());
      map.put("wrong", wrong);
      out.println(Json.write(map));
    } else {
      out.println(table);
      wrong.stream().map(Printable::line).forEach(out::println);
      out.printf(
          "%nBackup %s %s%n",
          backup.folder(), wrong.isEmpty() ? "can be restored" : "cannot be relied on");
      out.printf(
          "Recovery point: %s, %s ago%nRecovery time: %s%n",
          point, Durations.inWords(age), Durations.inWords(took));
    }
    out.flush();
  }
}
