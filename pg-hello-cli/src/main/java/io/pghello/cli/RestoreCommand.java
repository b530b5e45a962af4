// SPDX-License-Identifier: MIT
package io.pghello.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pghello restore}. */
@Command(
    name = "restore",
    description = {
      "Restores databases of a backup, with their settings and privileges. A database gets its name when all of it is",
      "there, so whatever happens, there is the whole old one or the whole new one."
    },
    sortOptions = false,
    footerHeading = "%nExample:%n",
    footer = {
      "  pghello restore --from /backup/app --replace -h db.example.com -U postgres app",
      "",
      "On a new server, install the extension's files first: they are in the backup's folder extension."
    })
final class RestoreCommand implements Callable<Integer> {
  private static final String HAS_FILES =
      "SELECT FROM pg_available_extensions WHERE name = 'pg_hello'";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "DATABASE",
      arity = "0..*",
      description = "What is restored. Default: all databases of the backup.")
  private List<String> named = List.of();

  @Mixin private BackupOptions backups = new BackupOptions();

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--replace",
      description =
          "Where there is a database of the name, end its sessions, and keep it under another name, which is printed.")
  private boolean replace;

  @Option(
      names = "--as",
      paramLabel = "NAME",
      description =
          "Restore one database under this name, to look at: without its settings and privileges, and nobody but its"
              + " owner may connect.")
  private @Nullable String as;

  @Option(
      names = "--roles",
      description =
          "First create the roles that the server does not have, with passwords and settings. Others stay as they are.")
  private boolean roles;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    int jobs = backups.jobs();
    Backup backup = backups.find(named);
    List<String> databases = backup.databases(named);
    if (as != null && databases.size() != 1) {
      throw new ParameterException(
          spec.commandLine(), "--as is for one database, but there are " + databases);
    }
    Instant begin = Instant.now();
    var rows = new ArrayList<List<@Nullable Object>>();
    Set<String> created = Set.of();
    Target given = connection.target();
    Target maintenance = maintenance(given, as == null ? databases : List.of(as));
    try (Connection session = maintenance.connectForLong();
        var undo = new Undo()) {
      maintenance = maintenance.pinnedTo(session);
      Programs programs =
          Programs.forServer(session.getMetaData().getDatabaseMajorVersion(), backups.bindir());
      var restoration = new Restoration(programs, maintenance, jobs, false, undo);
      checkBefore(session, restoration, backup, databases);
      if (roles) {
        created = Roles.createMissing(session, backup.folder().resolve(Backup.ROLES));
      }
      for (String database : databases) {
        new Work(spec.commandLine()).progress("%s", database);
        Instant started = Instant.now();
        String name = as == null ? database : as;
        Restoration.Restored restored = restoration.restore(backup, database, name);
        var row = new ArrayList<@Nullable Object>();
        row.add(name);
        row.add(restored.extensionVersion());
        row.add(Contents.rows(backup.contents(database)));
        row.add(Work.seconds(Duration.between(started, Instant.now())));
        row.add(restored.before());
        rows.add(row);
      }
    } catch (SQLException | Failure e) {
      if (!rows.isEmpty() || !created.isEmpty()) {
        print(backup, begin, rows, created);
      }
      throw e instanceof SQLException sql ? Failure.of(sql) : (Failure) e;
    }
    print(backup, begin, rows, created);
    return Status.OK.exitCode();
  }

  /** A database from which the others can be renamed. */
  private static Target maintenance(Target given, List<String> names) {
    for (String database : List.of(given.database(), "postgres", "template1")) {
      if (!names.contains(database)) {
        return given.in(database);
      }
    }
    throw Failure.unknown("name the databases to restore, and leave out one to connect to");
  }

  private void checkBefore(
      Connection session, Restoration restoration, Backup backup, List<String> databases)
      throws SQLException {
    try (Statement statement = session.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_is_in_recovery()")) {
      row.next();
      if (row.getBoolean(1)) {
        throw Failure.unknown("this server is a standby, which only reads: restore on the primary");
      }
    }
    for (String database : databases) {
      String name = as == null ? database : as;
      if (!replace && restoration.exists(name)) {
        throw Failure.unknown(
            "there is a database \"" + name + "\": say --replace, or another name with --as");
      }
      if (backup.extensionVersion(database) != null) {
        try (Statement statement = session.createStatement();
            ResultSet row = statement.executeQuery(HAS_FILES)) {
          if (!row.next()) {
            throw Failure.unknown(
                "the server has no files of pg_hello: install those in "
                    + backup.folder().resolve(Backup.FILES)
                    + " (the library to pg_config --pkglibdir, the others to extension under pg_config"
                    + " --sharedir)");
          }
        }
      }
    }
  }

  private void print(
      Backup backup, Instant begin, List<List<@Nullable Object>> rows, Set<String> created) {
    Instant end = Instant.now();
    var table = new Table(List.of("database", "pg_hello", "rows", "seconds", "before"), rows);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      map.put("backup", backup.folder().toString());
      map.put("recovery_point", backup.time().toString());
      map.put("recovery_point_age_seconds", Work.seconds(Duration.between(backup.time(), begin)));
      map.put("recovery_seconds", Work.seconds(Duration.between(begin, end)));
      map.put("created_roles", created);
      map.put("databases", table.toMaps());
      out.println(Json.write(map));
    } else {
      if (!created.isEmpty()) {
        out.printf("Created roles: %s%n", String.join(", ", created));
      }
      if (!rows.isEmpty()) {
        out.println(table);
      }
      out.printf(
          "%nRecovery point: %s, %s before this began%n",
          backup.time(), Work.inWords(Duration.between(backup.time(), begin)));
      out.printf("Recovery time: %s%n", Work.inWords(Duration.between(begin, end)));
      for (List<@Nullable Object> row : rows) {
        if (row.get(4) != null) {
          out.printf(
              "What was %s before is %s, and lets nobody in: drop it when it is not needed any more%n",
              row.get(0), row.get(4));
        }
      }
    }
    out.flush();
  }
}
