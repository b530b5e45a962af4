// SPDX-License-Identifier: MIT
package io.pghello.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pghello verify}. */
@Command(
    name = "verify",
    description = {
      "Proves a backup: starts a server of its own with the extension's files of the backup, restores roles and",
      "databases into it, compares all rows and values with those at the time of the backup, and calls the",
      "extension's functions. Sequences and large objects are restored, too, but not compared. Touches no other server.",
      "Needs PostgreSQL's server programs of the same version."
    },
    sortOptions = false,
    footerHeading = "%nExit status:%n",
    footer = {
      "  0 if all is as it was, 2 if anything differs or cannot be restored",
      "",
      "Example:",
      "  pghello verify --from /backup/app"
    })
final class VerifyCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "DATABASE",
      arity = "0..*",
      description = "What is verified. Default: all databases of the backup.")
  private List<String> named = List.of();

  @Mixin private BackupOptions backups = new BackupOptions();

  @Option(
      names = "--temp",
      paramLabel = "FOLDER",
      description = "Where the server's data is meanwhile. Default: the system's folder for such.")
  private Path temporary = Path.of(System.getProperty("java.io.tmpdir"));

  @Option(
      names = "--metric",
      paramLabel = "FILE",
      defaultValue = "${env:PGHELLO_METRIC}",
      description = {
        "Write there, if all is as it was, when this backup was made, as node_exporter's textfile collector reads it. The",
        "name ends in .prom. Default: $$PGHELLO_METRIC, or nowhere."
      })
  private @Nullable Path metric;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() {
    int jobs = backups.jobs();
    Backup backup = backups.find(named);
    List<String> databases = backup.databases(named);
    VerifiedMetric written = metric == null ? null : VerifiedMetric.in(metric);
    Programs programs = Programs.ofServer(backup.serverMajor(), backups.bindir());
    var work = new Work(spec.commandLine());
    var rows = new ArrayList<List<@Nullable Object>>();
    var wrong = new ArrayList<String>();
    Instant begin = Instant.now();
    try (var undo = new Undo()) {
      work.progress("a server");
      Target server =
          ScratchServer.start(programs, temporary, backup.folder().resolve(Backup.FILES), undo)
              .target();
      try (Connection session = server.connectForLong()) {
        Roles.createMissing(session, backup.folder().resolve(Backup.ROLES));
      }
      var restoration = new Restoration(programs, server, jobs, true, undo);
      for (String database : databases) {
        work.progress("%s", database);
        Instant started = Instant.now();
        Restoration.Restored there = restoration.restore(backup, database, database);
        Instant restored = Instant.now();
        int before = wrong.size();
        Properties contents = compare(backup, database, server, wrong);
        var row = new ArrayList<@Nullable Object>();
        row.add(database);
        row.add(there.extensionVersion());
        row.add(contents.size());
        row.add(Contents.rows(contents));
        row.add(Work.seconds(Duration.between(started, restored)));
        row.add(wrong.size() == before ? "as it was" : "differs");
        rows.add(row);
      }
      Duration took = Duration.between(begin, Instant.now());
      if (wrong.isEmpty() && databases.equals(backup.databases())) {
        backup.setVerified(Instant.now(), took);
        if (written != null) {
          written.write(backup.time());
        }
      }
      print(backup, took, rows, wrong);
    } catch (SQLException e) {
      throw Failure.critical(Findings.message(e));
    } catch (IOException e) {
      throw Failure.critical(e.toString());
    }
    return (wrong.isEmpty() ? Status.OK : Status.CRITICAL).exitCode();
  }

  private static Properties compare(
      Backup backup, String database, Target server, List<String> wrong) throws SQLException {
    try (Connection session = server.in(database).connectForLong()) {
      Properties contents = Contents.of(session);
      for (String difference : Contents.differences(backup.contents(database), contents)) {
        wrong.add(database + ": " + difference);
      }
      if (backup.extensionVersion(database) != null) {
        var findings = new Findings();
        new Health(findings, Double.MAX_VALUE, Double.MAX_VALUE).checkInstallation(session);
        findings.texts(Status.CRITICAL).forEach(text -> wrong.add(database + ": " + text));
      }
      return contents;
    }
  }

  private void print(
      Backup backup, Duration took, List<List<@Nullable Object>> rows, List<String> wrong) {
    var table =
        new Table(List.of("database", "pg_hello", "tables", "rows", "seconds", "contents"), rows);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      map.put("backup", backup.folder().toString());
      map.put("status", (wrong.isEmpty() ? Status.OK : Status.CRITICAL).toString());
      map.put("recovery_point", backup.time().toString());
      map.put("recovery_point_age_seconds", Work.seconds(backup.age()));
      map.put("recovery_seconds", Work.seconds(took));
      map.put("databases", table.toMaps());
      map.put("wrong", wrong);
      out.println(Json.write(map));
    } else {
      out.println(table);
      wrong.forEach(out::println);
      out.printf(
          "%nBackup %s %s%n",
          backup.folder(), wrong.isEmpty() ? "can be restored" : "cannot be relied on");
      out.printf(
          "Recovery point: %s, %s ago%nRecovery time: %s%n",
          backup.time(), Work.inWords(backup.age()), Work.inWords(took));
    }
    out.flush();
  }
}
