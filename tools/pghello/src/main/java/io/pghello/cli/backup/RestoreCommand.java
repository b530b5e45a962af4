// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import io.pghello.cli.backup.dump.Contents;
import io.pghello.cli.backup.dump.Restoration;
import io.pghello.cli.backup.dump.Roles;
import io.pghello.cli.backup.folder.Backup;
import io.pghello.cli.backup.folder.BackupOptions;
import io.pghello.cli.backup.pgbackrest.PgBackRest;
import io.pghello.cli.backup.pgbackrest.RecoveredServer;
import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Printable;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import io.pghello.cli.system.Programs;
import io.pghello.cli.system.Undo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pghello restore}. */
@Command(
    name = "restore",
    description = {
      "Restores databases of a backup, with their settings and privileges. A database gets its name when all of it is",
      "there, so whatever happens, there is the whole old one or the whole new one. From a backup by pgBackRest it restores",
      "the whole server into a new data directory, as it was at any time after, and has it replay the WAL."
    },
    footerHeading = "%nExample:%n",
    footer = {
      "  pghello restore --from /backup/app --replace -h db.example.com -U postgres app",
      "  pghello restore --from /backup/main --to /var/lib/postgresql/15/before --at 2026-11-21T20:00:00Z",
      "",
      "On a new server, install the extension's files first: they are in the backup's folder extension."
    })
public final class RestoreCommand implements Callable<Integer> {
  private static final int SUMS_SECONDS = 10;

  private static final String HAS_FILES =
      "SELECT true FROM pg_available_extensions WHERE name = 'pg_hello'";

  private static final String LEFT =
      """
      SELECT name, string_agg(statement, ' ' ORDER BY position)
      FROM (
        SELECT d.datname, 1, format('ALTER DATABASE %I ALLOW_CONNECTIONS true;', o.datname)
        FROM pg_database d JOIN pg_database o ON shobj_description(d.oid, 'pg_database') = ? || o.datname
        WHERE NOT o.datallowconn
        UNION ALL
        SELECT datname, 2, format('DROP DATABASE %s;', datname) FROM pg_database
        UNION ALL
        SELECT rolname, 3, format('DROP ROLE %s;', rolname) FROM pg_roles
      ) l (name, position, statement)
      WHERE name ~ '^pghello_restore_[0-9a-f]{8}$'
        AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE name IN (a.datname, a.usename))
      GROUP BY name
      ORDER BY name
      """;

  @Parameters(
      paramLabel = "DATABASE",
      arity = "0..*",
      description = "Databases to restore. Default: all of the backup.")
  private List<String> named = List.of();

  @Mixin private BackupOptions backups = new BackupOptions();

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--replace",
      description =
          "End the sessions of a database that has the name, and keep it under another name, which is printed.")
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

  @Option(
      names = Restoration.NO_TABLESPACES,
      description =
          "Restore all into the server's default tablespace. A backup names tablespaces, but does not have them.")
  private boolean noTablespaces;

  @Option(
      names = "--to",
      paramLabel = "FOLDER",
      description =
          "Restore the whole server of a backup by pgBackRest into this data directory, which is not there yet, or empty.")
  private @Nullable Path to;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description =
          "With --to: as it was at a restore point of this name, after the backup that --at takes.")
  private @Nullable String point;

  @Option(
      names = "--temp",
      paramLabel = "FOLDER",
      description =
          "With --to: where the server has its socket meanwhile. Default: the system's folder for such.")
  private Path temporary = Path.of(System.getProperty("java.io.tmpdir"));

  @Mixin private Output output = new Output();

  @Override
  public Integer call() throws SQLException, IOException {
    int jobs = backups.jobs();
    Backup backup = backups.find(named, output);
    Failure.refuseIf(
        backup.isOfWholeServer() != (to != null),
        (to == null
                ? "backup %s is one of the whole server: name a data directory by --to"
                : "backup %s has dumps: --to is for one by pgBackRest")
            .formatted(backup.folder()));
    if (to != null) {
      backup.check();
      return restoreServer(backup, to, jobs);
    }
    Failure.refuseIf(point != null, "--name is for --to");
    Failure.refuseIf(!backups.preload().isEmpty(), "--preload is for --to");
    List<String> databases = backup.databases(named);
    Failure.refuseIf(
        as != null && databases.size() != 1,
        "--as is for one database, but there are " + databases);
    Failure.refuseIf(
        as != null && (as.isEmpty() || as.getBytes(StandardCharsets.UTF_8).length > 63),
        "--as must have 1 to 63 bytes, but is \"" + as + "\"");
    Instant begin = Instant.now();
    var rows = new ArrayList<Restored>();
    Set<String> created = Set.of();
    Target given = connection.target();
    Target maintenance = maintenance(given, as == null ? databases : List.of(as));
    var undo = new Undo();
    // takes long where there is much data, and so runs beside the restore
    var sums = new CompletableFuture<@Nullable Void>();
    var unused = sums.whenComplete((nothing, wrong) -> takeBackIf(wrong, undo));
    try (undo;
        Connection session = maintenance.connectForLong()) {
      maintenance = maintenance.pinnedTo(session);
      Programs programs =
          Programs.forServer(session.getMetaData().getDatabaseMajorVersion(), backups.bindir());
      var restoration =
          new Restoration(
              programs,
              maintenance,
              jobs,
              noTablespaces ? List.of(Restoration.NO_TABLESPACES) : List.of(),
              () -> Failure.await(sums),
              backups.trustsOwners(),
              undo);
      CompletableFuture<Restoration.Listing> first = restoration.list(backup, databases.get(0));
      checkBefore(session, backup, databases);
      nameWhatIsLeft(session);
      sums.completeAsync(
          () -> {
            backup.check();
            return null;
          });
      if (roles) {
        Failure.await(sums);
        created = Roles.createMissing(session, backup.folder().resolve(Backup.ROLES));
      }
      for (String database : databases) {
        output.progress("%s", database);
        Instant started = Instant.now();
        String name = as == null ? database : as;
        Restoration.Restored restored;
        try {
          restored =
              restoration.restore(
                  backup,
                  rows.isEmpty() ? first : restoration.list(backup, database),
                  database,
                  name);
        } catch (SQLException | Failure e) {
          sayWhetherItIsDamaged(backup, sums);
          throw e;
        }
        rows.add(
            new Restored(
                name,
                restored.extensionVersion(),
                Contents.rows(backup.contents(database)),
                Durations.seconds(Duration.between(started, Instant.now())),
                restored.before()));
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

  private int restoreServer(Backup backup, Path to, int jobs) throws SQLException, IOException {
    Failure.refuseIf(
        !named.isEmpty() || as != null || replace || roles || noTablespaces,
        "--to restores the whole server: without databases, --as, --replace, --roles and --no-tablespaces");
    Path data = to.toAbsolutePath().normalize();
    RecoveredServer.checkEmpty(data);
    PgBackRest.of(backup).check();
    Programs programs = Programs.ofServer(backup.serverMajor(), backups.bindir());
    output.progress("%s", data);
    Instant begin = Instant.now();
    try (var undo = new Undo()) {
      var goal = new RecoveredServer.Goal(point == null ? backups.at() : null, point);
      RecoveredServer server =
          RecoveredServer.start(
              backup, programs, data, temporary, goal, jobs, backups.preload(), undo);
      Instant recovered = server.point();
      String gap = server.gap();
      List<String> steps = server.steps();
      server.keep();
      print(backup, data, begin, recovered, gap, steps);
      return (gap == null ? Status.OK : Status.CRITICAL).exitCode();
    }
  }

  /** JSON that is printed of a whole server. */
  private record Recovered(
      Path backup,
      String label,
      Path dataDirectory,
      Instant recoveryPoint,
      double recoveryPointAgeSeconds,
      double recoverySeconds,
      List<String> wrong,
      List<String> steps) {}

  private void print(
      Backup backup,
      Path data,
      Instant begin,
      Instant recovered,
      @Nullable String gap,
      List<String> steps) {
    Duration age = Duration.between(recovered, begin);
    Duration took = Duration.between(begin, Instant.now());
    output.print(
        new Recovered(
            backup.folder(),
            backup.label(),
            data,
            recovered,
            Durations.seconds(age),
            Durations.seconds(took),
            gap == null ? List.of() : List.of(gap),
            steps),
        out -> {
          out.printf(
              "%s is a data directory of PostgreSQL %d, shut down%n", data, backup.serverMajor());
          out.println(
              "Its postgresql.auto.conf turns off archiving, subscriptions and preloaded libraries, so that it can run next to the original.");
          out.println(
              "If it takes the original's place, stop the original, and remove archive_mode and the lines below \"# by pghello restore\" there.");
          if (!steps.isEmpty()) {
            out.println("If both are to run without these lines, first do this in the copy:");
            steps.stream().map(Printable::line).forEach(step -> out.println("  " + step));
          }
          if (gap != null) {
            out.println(gap);
          }
          out.printf(
              "Recovery point: %s, %s before this began%nRecovery time: %s%n",
              recovered, Durations.inWords(age), Durations.inWords(took));
        });
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

  /** Leaves it to people to drop it, as another restore may be between two of its sessions. */
  private void nameWhatIsLeft(Connection session) throws SQLException {
    try (PreparedStatement statement = session.prepareStatement(LEFT)) {
      statement.setString(1, Restoration.REPLACES);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          output.say(
              "%s is of a restore that was killed: unless another one runs, %s",
              rows.getString(1), rows.getString(2));
        }
      }
    }
  }

  private static void takeBackIf(@Nullable Throwable wrong, Undo undo) {
    if (wrong != null) {
      undo.close();
    }
  }

  /** Fails if the backup is damaged, which explains best why it could not be restored. */
  private void sayWhetherItIsDamaged(Backup backup, CompletableFuture<@Nullable Void> sums) {
    try {
      sums.get(SUMS_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      Failure.await(sums);
    } catch (TimeoutException e) {
      output.say(
          "backup %s may be damaged, as not all of its sums are checked yet: \"sha256sum -c %s\" in %s tells",
          backup.name(), Backup.SUMS, backup.folder());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void checkBefore(Connection session, Backup backup, List<String> databases)
      throws SQLException {
    Failure.refuseIf(
        Query.isTrue(session, "SELECT pg_is_in_recovery()"),
        "this server is a standby, which only reads: restore on the primary");
    backups.checkServer(backup, databases, Query.value(session, Backup.SYSTEM));
    for (String database : databases) {
      String name = as == null ? database : as;
      Failure.refuseIf(
          !replace && Restoration.exists(session, name),
          "there is a database \"" + name + "\": say --replace, or another name with --as");
      Failure.refuseIf(
          backup.extensionVersion(database) != null && !Query.isTrue(session, HAS_FILES),
          "the server has no files of pg_hello: install those in %s (the library to pg_config --pkglibdir, the others to extension under pg_config --sharedir)"
              .formatted(backup.folder().resolve(Backup.FILES)));
    }
  }

  /** A database that was restored, and what the one before it is called. */
  private record Restored(
      String database,
      @Nullable String pgHello,
      long rows,
      double seconds,
      @Nullable String before) {}

  /** JSON that is printed of databases. */
  private record Result(
      Path backup,
      Instant recoveryPoint,
      double recoveryPointAgeSeconds,
      double recoverySeconds,
      Set<String> createdRoles,
      List<Restored> databases) {}

  private void print(Backup backup, Instant begin, List<Restored> rows, Set<String> created) {
    Duration age = Duration.between(backup.time(), begin);
    Duration took = Duration.between(begin, Instant.now());
    output.print(
        new Result(
            backup.folder(),
            backup.time(),
            Durations.seconds(age),
            Durations.seconds(took),
            created,
            rows),
        out -> {
          if (!created.isEmpty()) {
            out.printf("Created roles: %s%n", Printable.line(String.join(", ", created)));
          }
          if (!rows.isEmpty()) {
            out.println(Table.of(Restored.class, rows));
          }
          out.printf(
              "%nRecovery point: %s, %s before this began%nRecovery time: %s%n",
              backup.time(), Durations.inWords(age), Durations.inWords(took));
          for (Restored row : rows) {
            if (row.before() != null) {
              out.printf(
                  "What was %s before is %s, and lets nobody in: drop it when it is not needed any more%n",
                  Printable.line(row.database()), Printable.line(row.before()));
            }
          }
        });
  }
}
