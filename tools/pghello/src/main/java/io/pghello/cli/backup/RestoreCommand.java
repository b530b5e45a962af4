// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.backup.directory.BackupOptions;
import io.pghello.cli.backup.dump.Contents;
import io.pghello.cli.backup.dump.Restoration;
import io.pghello.cli.backup.dump.Roles;
import io.pghello.cli.backup.pgbackrest.PgBackRest;
import io.pghello.cli.backup.pgbackrest.RecoveredServer;
import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import io.pghello.cli.output.TerminalText;
import io.pghello.cli.system.CleanupStack;
import io.pghello.cli.system.Programs;
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
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code pghello restore}. */
@Command(
    name = "restore",
    description = {
      "Restores databases of a backup, with their settings and privileges. A database "
          + "is renamed into place only after it was restored completely, so a failure "
          + "leaves the old database unchanged. With --to, restores a pgBackRest backup of "
          + "the whole server into a new data directory, and replays the WAL up to any "
          + "later point in time."
    },
    footerHeading = "%nExample:%n",
    footer = {
      "  pghello restore --from /backup/app --replace -h db.example.com -U postgres app",
      "  pghello restore --from /backup/main --to /var/lib/postgresql/15/before --at "
          + "2026-11-21T20:00:00Z",
      "",
      "On a new server, install the extension's files first. They are in the "
          + "subdirectory extension of the backup."
    })
public final class RestoreCommand implements Callable<Integer> {
  private static final int SUMS_SECONDS = 10;
  private static final Pattern LACKS_FEATURE =
      Pattern.compile(
          "syntax error|does not exist|nrecognized|not recognized|not supported|invalid");

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
      description = "Databases to restore. Default: all databases of the backup.")
  private List<String> named = List.of();

  @Mixin private BackupOptions backups = new BackupOptions();

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--replace",
      description =
          "Replace an existing database of the same name: end its sessions, and keep "
              + "it under another name, which is printed.")
  private boolean replace;

  @Option(
      names = "--as",
      paramLabel = "NAME",
      description =
          "Restore one database under this name, without its settings and privileges. "
              + "Only its owner can connect to it. Use this to inspect old data.")
  private @Nullable String as;

  @Option(
      names = "--roles",
      description =
          "First create the roles that are missing on the server, with their "
              + "passwords and settings. Existing roles are not changed.")
  private boolean roles;

  @Option(
      names = Restoration.NO_TABLESPACES,
      description =
          "Restore everything into the server's default tablespace. A backup contains "
              + "the names of tablespaces, but not the tablespaces.")
  private boolean noTablespaces;

  @Option(
      names = "--to",
      paramLabel = "DIR",
      description =
          "Data directory to restore a pgBackRest backup of the whole server into. "
              + "Must be empty or not exist.")
  private @Nullable Path to;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description =
          "With --to: name of the restore point to stop at. It must be later than the "
              + "backup selected by --at.")
  private @Nullable String point;

  @Option(
      names = "--temp",
      paramLabel = "DIR",
      description =
          "With --to: directory for the temporary server's socket. Default: the "
              + "system's temporary directory.")
  private Path temporary = Path.of(System.getProperty("java.io.tmpdir"));

  @Mixin private Output output = new Output();

  @Override
  public Integer call() throws SQLException, IOException {
    int jobs = backups.jobs();
    Backup backup = backups.find(named, output);
    Failure.throwIf(
        backup.isOfWholeServer() != (to != null),
        (to == null
                ? "backup %s contains the whole server: set a data directory with --to"
                : "backup %s contains dumps: --to requires a pgBackRest backup")
            .formatted(backup.directory()));
    if (to != null) {
      backup.check();
      return restoreServer(backup, to, jobs);
    }
    Failure.throwIf(point != null, "--name requires --to");
    Failure.throwIf(!backups.preload().isEmpty(), "--preload requires --to");
    List<String> databases = backup.databases(named);
    Failure.throwIf(
        as != null && databases.size() != 1,
        "--as requires exactly one database, but there are " + databases);
    Failure.throwIf(
        as != null && (as.isEmpty() || as.getBytes(StandardCharsets.UTF_8).length > 63),
        "--as must have 1 to 63 bytes, but is \"" + as + "\"");
    Instant begin = Instant.now();
    var rows = new ArrayList<Restored>();
    Set<String> created = Set.of();
    Target given = connection.target();
    Target maintenance = maintenance(given, as == null ? databases : List.of(as));
    var undo = new CleanupStack();
    // Verify the checksums during the restore, because verifying a large backup takes a long time.
    var sums = new CompletableFuture<@Nullable Void>();
    var unused = sums.whenComplete((nothing, wrong) -> closeIfFailed(wrong, undo));
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
      checkPreconditions(session, backup, databases);
      reportLeftovers(session);
      sums.completeAsync(
          () -> {
            backup.check();
            return null;
          });
      if (roles) {
        Failure.await(sums);
        created = Roles.createMissing(session, backup.directory().resolve(Backup.ROLES));
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
          failIfDamaged(backup, sums);
          if (backup.serverMajor() > programs.major()) {
            throw ofNewerServer(Failure.of(e), backup);
          }
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

  /** Adds a fix to an error of a server that may lack a feature. */
  private static Failure ofNewerServer(Failure failure, Backup backup) {
    String message = String.valueOf(failure.getMessage());
    return failure.status() == Status.CRITICAL
            && LACKS_FEATURE.matcher(message).find()
            && !message.contains("--trust-owners")
        ? Failure.critical(
            "%1$s; the backup was made on a server of version %2$d, and may need features that this server lacks: restore it into a server of version %2$d or newer"
                .formatted(message, backup.serverMajor()))
        : failure;
  }

  private int restoreServer(Backup backup, Path to, int jobs) throws SQLException, IOException {
    Failure.throwIf(
        !named.isEmpty() || as != null || replace || roles || noTablespaces,
        "--to restores the whole server and cannot be combined with databases, --as, "
            + "--replace, --roles or --no-tablespaces");
    Path data = to.toAbsolutePath().normalize();
    RecoveredServer.checkEmpty(data);
    PgBackRest.of(backup).check();
    Programs programs = Programs.ofServer(backup.serverMajor(), backups.bindir());
    output.progress("%s", data);
    Instant begin = Instant.now();
    try (var undo = new CleanupStack()) {
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

  /** The result of restoring a whole server, to print as JSON. */
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
            backup.directory(),
            backup.label(),
            data,
            recovered,
            Durations.seconds(age),
            Durations.seconds(took),
            gap == null ? List.of() : List.of(gap),
            steps),
        out -> {
          out.printf(
              "%s is a data directory of PostgreSQL %d. The server is shut down.%n",
              data, backup.serverMajor());
          out.println(
              "Its postgresql.auto.conf disables archiving, subscriptions and "
                  + "preloaded libraries, so that this copy can run next to the original.");
          out.println(
              "To replace the original with this copy, stop the original, and remove "
                  + "archive_mode and the lines below \"# by pghello restore\" from "
                  + "postgresql.auto.conf.");
          if (!steps.isEmpty()) {
            out.println(
                "To run both servers without these lines, first run these steps in the copy:");
            steps.stream().map(TerminalText::line).forEach(step -> out.println("  " + step));
          }
          if (gap != null) {
            out.println(gap);
          }
          out.printf(
              "Recovery point: %s, %s before this restore%nRecovery time: %s%n",
              recovered, Durations.inWords(age), Durations.inWords(took));
        });
  }

  /**
   * Returns a target for a database that is not being restored, so that a session in it can rename
   * the restored databases.
   */
  private static Target maintenance(Target given, List<String> names) {
    for (String database : List.of(given.database(), "postgres", "template1")) {
      if (!names.contains(database)) {
        return given.in(database);
      }
    }
    throw Failure.unknown(
        "name the databases to restore, and leave out at least one that pghello can "
            + "connect to");
  }

  /**
   * Reports databases and roles that an interrupted restore may have left behind. Does not drop
   * them, because they may belong to a running restore that has no session at the moment.
   */
  private void reportLeftovers(Connection session) throws SQLException {
    try (PreparedStatement statement = session.prepareStatement(LEFT)) {
      statement.setString(1, Restoration.REPLACES);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          output.message(
              "%s was left by a restore that was killed. If no other restore is running, run: %s",
              rows.getString(1), rows.getString(2));
        }
      }
    }
  }

  private static void closeIfFailed(@Nullable Throwable wrong, CleanupStack undo) {
    if (wrong != null) {
      undo.close();
    }
  }

  /**
   * Throws if the backup is damaged, because the damage is the best explanation for the failed
   * restore.
   */
  private void failIfDamaged(Backup backup, CompletableFuture<@Nullable Void> sums) {
    try {
      sums.get(SUMS_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      Failure.await(sums);
    } catch (TimeoutException e) {
      output.message(
          "backup %s may be damaged (not all checksums were verified yet); check it "
              + "with \"sha256sum -c %s\" in %s",
          backup.name(), Backup.SUMS, backup.directory());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void checkPreconditions(Connection session, Backup backup, List<String> databases)
      throws SQLException {
    Failure.throwIf(
        Query.isTrue(session, "SELECT pg_is_in_recovery()"),
        "this server is a read-only standby: restore on the primary");
    backups.checkServer(backup, databases, Query.value(session, Backup.SYSTEM));
    for (String database : databases) {
      String name = as == null ? database : as;
      Failure.throwIf(
          !replace && Restoration.exists(session, name),
          "database \""
              + name
              + "\" already exists: use --replace, or choose another name with --as");
      Failure.throwIf(
          backup.extensionVersion(database) != null && !Query.isTrue(session, HAS_FILES),
          "the server does not have the files of pg_hello: copy them from %s (the library to $(pg_config --pkglibdir), the other files to $(pg_config --sharedir)/extension)"
              .formatted(backup.directory().resolve(Backup.FILES)));
    }
  }

  /**
   * A restored database.
   *
   * @param before the new name of the database that was replaced; null if there was none
   */
  private record Restored(
      String database,
      @Nullable String pgHello,
      long rows,
      double seconds,
      @Nullable String before) {}

  /** The result of restoring databases, to print as JSON. */
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
            backup.directory(),
            backup.time(),
            Durations.seconds(age),
            Durations.seconds(took),
            created,
            rows),
        out -> {
          if (!created.isEmpty()) {
            out.printf("Created roles: %s%n", TerminalText.line(String.join(", ", created)));
          }
          if (!rows.isEmpty()) {
            out.println(Table.of(Restored.class, rows));
          }
          out.printf(
              "%nRecovery point: %s, %s before this restore%nRecovery time: %s%n",
              backup.time(), Durations.inWords(age), Durations.inWords(took));
          for (Restored row : rows) {
            if (row.before() != null) {
              out.printf(
                  "The previous database %s is now named %s and accepts no connections: "
                      + "drop it when you no longer need it%n",
                  TerminalText.line(row.database()), TerminalText.line(row.before()));
            }
          }
        });
  }
}
