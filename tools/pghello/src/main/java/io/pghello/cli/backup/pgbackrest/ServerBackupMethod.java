// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.pgbackrest;

import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.backup.directory.BackupMethod;
import io.pghello.cli.backup.directory.NewBackup;
import io.pghello.cli.backup.dump.ComputedValues;
import io.pghello.cli.backup.dump.Contents;
import io.pghello.cli.backup.dump.DumpBackupMethod;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.ServerDatabases;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import io.pghello.cli.system.CleanupStack;
import io.pghello.cli.system.Deadline;
import io.pghello.cli.system.Programs;
import io.pghello.cli.system.ScratchServer;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * Backs up the whole server with pgBackRest, and copies the extension's files, which pgBackRest
 * does not back up.
 *
 * @param type full, diff or incr
 * @param bindir the directory of the PostgreSQL programs; null for the system's packages
 */
public record ServerBackupMethod(
    PgBackRest pgBackRest, String type, @Nullable Path bindir, Output output)
    implements BackupMethod {
  /** The default type: an incremental backup with the changes since the last backup. */
  public static final String USUAL_TYPE = "incr";

  /** A database of a backed-up server. */
  private record Copied(String database, @Nullable String pgHello, long bytes) {}

  /** The result of reading all rows of a database. */
  private record Read(
      String database,
      @Nullable String pgHello,
      int tables,
      long rows,
      long computed,
      double seconds,
      String contents) {}

  /** Creates a backup method that reads an existing backup. */
  public ServerBackupMethod(Backup backup, @Nullable Path bindir, Output output) {
    this(PgBackRest.of(backup), "", bindir, output);
  }

  @Override
  public void checkPrograms(Connection session) {
    pgBackRest.check();
  }

  @Override
  public Made make(NewBackup backup, Target target, Connection session, CleanupStack undo)
      throws SQLException, IOException {
    backup.note("superuser", Query.value(session, "SELECT rolname FROM pg_roles WHERE oid = 10"));
    backup.note("pgbackrest.stanza", pgBackRest.stanza());
    if (pgBackRest.config() != null) {
      backup.note("pgbackrest.config", pgBackRest.config().toString());
    }
    var rows = new ArrayList<Copied>();
    for (String database : ServerDatabases.choose(session, List.of())) {
      try (Connection reading = target.in(database).connect()) {
        String version = ServerDatabases.extensionVersion(reading);
        backup.add(database, version);
        String bytes = Query.value(reading, "SELECT pg_database_size(current_database())");
        rows.add(new Copied(database, version, Long.parseLong(String.valueOf(bytes))));
      }
    }
    backup.copyFiles(session);
    output.progress("pgBackRest");
    pgBackRest.run(
        undo,
        target.environment(),
        Redirect.DISCARD,
        "backup",
        List.of("--type=" + type, "--start-fast"));
    List<String> labels = pgBackRest.repository(undo).labels();
    backup.note("pgbackrest.label", labels.get(labels.size() - 1));
    return new Made(Instant.now(), Status.OK, Table.of(Copied.class, rows), List.of());
  }

  @Override
  public String kind() {
    return Backup.OF_STANZA + pgBackRest.stanza();
  }

  /** Removes the backups that pgBackRest has expired. */
  @Override
  public Removed removeOld(Path folder, CleanupStack undo) throws IOException {
    List<String> labels = pgBackRest.repository(undo).labels();
    int removed = 0;
    for (Backup backup : Backup.all(folder)) {
      if (!backup.isDamaged() && !labels.contains(backup.label())) {
        backup.delete();
        removed++;
      }
    }
    return new Removed(removed, null);
  }

  @Override
  public String removed() {
    return "expired by pgBackRest";
  }

  @Override
  public Proof verify(Backup backup, List<String> databases, Trial trial, CleanupStack undo)
      throws SQLException, IOException {
    Programs programs = Programs.ofServer(backup.serverMajor(), bindir);
    pgBackRest.check();
    Instant begin = Instant.now();
    output.progress("a server");
    var goal = new RecoveredServer.Goal(trial.options().at(), null);
    RecoveredServer recovered =
        RecoveredServer.start(
            backup,
            programs,
            null,
            trial.temporary(),
            goal,
            trial.options().jobs(),
            trial.options().preload(),
            undo);
    Duration took = Duration.between(begin, Instant.now());
    Instant point = recovered.point();
    var rows = new ArrayList<Read>();
    var wrong = new ArrayList<String>();
    String gap = recovered.gap();
    if (gap != null) {
      wrong.add(gap);
    }
    Target server = recovered.target();
    // If all databases of the backup are verified, also verify databases that were created after
    // the backup.
    boolean isWhole = trial.isAll() && databases.equals(backup.databases());
    List<String> chosen;
    try (Connection session = server.connectForLong()) {
      chosen = ServerDatabases.choose(session, isWhole ? List.of() : databases);
    }
    for (String database : chosen) {
      output.progress("%s", database);
      int before = wrong.size();
      var deadline = new Deadline(server, trial.limit());
      try (deadline) {
        rows.add(read(server.in(database), wrong));
      } catch (Failure e) {
        wrong.add(
            deadline.hasPassed() ? trial.overLimit(database) : String.valueOf(e.getMessage()));
      }
      if (gap == null && wrong.size() == before) {
        trial.isRight(database, point, took);
      }
    }
    if (wrong.isEmpty() && isWhole) {
      backup.setVerified(took, output);
      if (trial.metric() != null) {
        trial.metric().baseBackupVerified(backup.time());
      }
    }
    return new Proof(point, took, Table.of(Read.class, rows), wrong, List.of());
  }

  /** Reads all rows of a database. */
  private static Read read(Target target, List<String> wrong) {
    Instant started = Instant.now();
    String database = target.database();
    int before = wrong.size();
    try (Connection session = target.connectForLong()) {
      Properties contents = Contents.of(session, target, new Properties());
      String version = ServerDatabases.extensionVersion(session);
      long computed = 0;
      if (version != null) {
        computed = ComputedValues.check(session, database, wrong);
        DumpBackupMethod.checkExtension(session, database, wrong);
      }
      return new Read(
          database,
          version,
          contents.size(),
          Contents.rows(contents),
          computed,
          Durations.seconds(Duration.between(started, Instant.now())),
          wrong.size() == before ? "can be read" : "wrong");
    } catch (SQLException e) {
      String message = SqlErrors.explain(e);
      throw Failure.critical(database + ": " + message + ScratchServer.adviceOn(message));
    }
  }
}
