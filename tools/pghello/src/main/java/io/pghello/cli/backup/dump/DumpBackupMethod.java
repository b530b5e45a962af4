// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.backup.directory.BackupMethod;
import io.pghello.cli.backup.directory.NewBackup;
import io.pghello.cli.backup.directory.Retention;
import io.pghello.cli.check.Health;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.ServerDatabases;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Findings;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import io.pghello.cli.system.CleanupStack;
import io.pghello.cli.system.Deadline;
import io.pghello.cli.system.Programs;
import io.pghello.cli.system.PropertiesFile;
import io.pghello.cli.system.ScratchServer;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Backs up databases with pg_dump, and roles with pg_dumpall.
 *
 * @param named the names of the databases to dump; empty for all
 * @param bindir the directory of the PostgreSQL programs; null to use the programs from the
 *     system's packages
 * @param keepDays the number of days to keep backups for, counting only days with a backup
 * @param lockTimeout how long to wait for a lock of another session before a database is left out
 */
public record DumpBackupMethod(
    List<String> named, @Nullable Path bindir, int keepDays, Duration lockTimeout, Output output)
    implements BackupMethod {
  // The time between two attempts. During this time, other sessions can have the locks of the dump.
  private static final Duration PAUSE = Duration.ofSeconds(5);

  // The number of attempts if the tables change. A dump is vulnerable only until pg_dump has locked
  // all tables.
  private static final int ATTEMPTS = 5;

  // Error messages of pg_dump and Contents about a table that has changed since the snapshot.
  private static final Pattern OUTDATED =
      Pattern.compile(
          "(relation|schema) .*does not exist|could not open relation with OID|cache lookup failed"
              + "|was replaced during the read");

  // The file system of a backup with less space is full.
  private static final long MIN_BYTES = 1 << 20;

  /** A dumped database. */
  private record Dumped(
      String database,
      @Nullable String pgHello,
      int tables,
      long rows,
      long bytes,
      double seconds) {}

  /** A restored and compared database. */
  private record Compared(
      String database,
      @Nullable String pgHello,
      int tables,
      long rows,
      double seconds,
      String contents) {}

  /** Creates a backup method for reading existing backups. */
  public DumpBackupMethod(@Nullable Path bindir, Output output) {
    this(List.of(), bindir, 0, Duration.ZERO, output);
  }

  @Override
  public void checkPrograms(Connection session) throws SQLException {
    programs(session);
  }

  private Programs programs(Connection session) throws SQLException {
    return Programs.forServer(session.getMetaData().getDatabaseMajorVersion(), bindir);
  }

  @Override
  public Made make(NewBackup backup, Target target, Connection session, CleanupStack undo)
      throws SQLException, IOException {
    Instant time = Instant.now();
    Programs programs = programs(session);
    List<String> chosen = ServerDatabases.choose(session, named);
    Failure.throwIf(chosen.isEmpty(), "there is no database to dump");
    output.progress("roles");
    undo.run(
        rolesCommand(programs, target, session, backup.directory()),
        target.environment(),
        Redirect.DISCARD);
    Status status = Status.OK;
    var rows = new ArrayList<Dumped>();
    var missing = new ArrayList<String>();
    var failures = new ArrayList<Failure>();
    for (String database : chosen) {
      if (database.matches("(?s).*[\\r\\n].*")) {
        status = Status.WARNING;
        output.message(
            "database %s has a line break in its name, so pg_restore cannot restore "
                + "it: rename it",
            database);
      }
      output.progress("%s", database);
      try {
        rows.add(dump(backup, programs, target.in(database), undo));
      } catch (SQLException | Failure e) {
        Failure failure = Failure.in(database, e);
        if (isFull(backup.directory())) {
          throw failure;
        }
        // The owner of a database can make its dump fail, e.g. with a lock on a table or a setting
        // that prevents logins, so continue with the other databases.
        Files.deleteIfExists(Backup.dump(backup.directory(), database));
        Files.deleteIfExists(Backup.contents(backup.directory(), database));
        missing.add(database);
        failures.add(failure);
      }
    }
    if (rows.isEmpty()) {
      throw failures.size() == 1
          ? failures.get(0)
          : Failure.critical(
              failures.stream()
                  .map(failure -> String.valueOf(failure.getMessage()))
                  .collect(Collectors.joining("; ")));
    }
    for (Failure failure : failures) {
      status = Status.CRITICAL;
      output.message("%s", String.valueOf(failure.getMessage()));
    }
    backup.copyFiles(session);
    return new Made(time, status, Table.of(Dumped.class, rows), missing);
  }

  /** Returns whether the disk of the backup is full, so that all further dumps would fail. */
  private static boolean isFull(Path folder) throws IOException {
    return Files.getFileStore(folder).getUsableSpace() < MIN_BYTES;
  }

  /**
   * Dumps a database. If another session holds a lock for long, gives up and releases all locks of
   * the dump, so that sessions waiting for them can continue, and starts again. Also starts again
   * if a table was dropped or renamed after the dump's snapshot was taken.
   *
   * @throws Failure if a lock is not available within the lock timeout
   */
  private Dumped dump(NewBackup backup, Programs programs, Target target, CleanupStack undo)
      throws SQLException, IOException {
    Instant begin = Instant.now();
    Duration waited = Duration.ZERO;
    int attempt = 0;
    while (true) {
      attempt++;
      String name = "pghello " + UUID.randomUUID().toString().substring(0, 8);
      var watch = new LockWatch(target, name, lockTimeout);
      try (watch) {
        return dump(backup, programs, target.withApplicationName(name), begin, undo);
      } catch (SQLException | Failure e) {
        LockWatch.Blocker blocker = watch.blocker();
        if (blocker == null && attempt < ATTEMPTS && isOutdated(e)) {
          continue;
        }
        if (blocker == null) {
          throw e;
        }
        Files.deleteIfExists(Backup.dump(backup.directory(), target.database()));
        waited = waited.plus(blocker.waited()).plus(PAUSE);
        if (waited.compareTo(lockTimeout) >= 0) {
          throw Failure.critical(
              "%s, so it was not backed up: set a longer --lock-timeout, or end the session that holds the lock"
                  .formatted(blocker.what()));
        }
        output.progress("%s: %s", target.database(), blocker.what());
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  private static boolean isOutdated(Exception e) {
    return OUTDATED.matcher(String.valueOf(e.getMessage())).find();
  }

  private static Dumped dump(
      NewBackup backup, Programs programs, Target target, Instant begin, CleanupStack undo)
      throws SQLException, IOException {
    String database = target.database();
    Path file = Backup.dump(backup.directory(), database);
    try (Connection reading = target.connectForLong()) {
      reading.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      reading.setReadOnly(true);
      reading.setAutoCommit(false);
      String snapshot = String.valueOf(Query.value(reading, "SELECT pg_export_snapshot()"));
      CleanupStack.Running dump =
          undo.start(
              dumpCommand(programs, target, file, snapshot),
              target.environment(),
              Redirect.DISCARD);
      Properties contents;
      try {
        contents = Contents.of(reading, target, new Properties());
      } catch (SQLException | RuntimeException e) {
        undo.stop(dump);
        throw e;
      }
      undo.waitFor(dump);
      String version = ServerDatabases.extensionVersion(reading);
      PropertiesFile.store(contents, Backup.contents(backup.directory(), database));
      reading.rollback();
      backup.add(database, version);
      return new Dumped(
          database,
          version,
          contents.size(),
          Contents.rows(contents),
          Files.size(file),
          Durations.seconds(Duration.between(begin, Instant.now())));
    }
  }

  private static List<String> rolesCommand(
      Programs programs, Target target, Connection session, Path to) throws SQLException {
    var command =
        new ArrayList<>(
            List.of(
                programs.path("pg_dumpall"),
                "--roles-only",
                "--no-password",
                "--role=" + target.role(),
                "--database=" + target.database(),
                "--file=" + to.resolve(Backup.ROLES)));
    if (!Query.isTrue(session, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")) {
      // Only superusers can read password hashes.
      command.add("--no-role-passwords");
    }
    return command;
  }

  private static List<String> dumpCommand(
      Programs programs, Target target, Path file, String snapshot) {
    return List.of(
        programs.path("pg_dump"),
        "--format=custom",
        "--no-password",
        "--role=" + target.role(),
        "--snapshot=" + snapshot,
        "--file=" + file,
        "--dbname=" + Target.conninfo(target.database()));
  }

  @Override
  public String kind() {
    return Backup.OF_DUMPS;
  }

  /**
   * Removes the backups of other days than the last {@code keepDays} days on which a backup was
   * made.
   */
  @Override
  public Removed removeOld(Path folder, CleanupStack undo) throws IOException {
    // The age of a damaged backup's databases is unknown.
    List<Backup> backups =
        Backup.in(folder).stream().filter(backup -> !backup.isDamaged()).toList();
    String problem = Retention.problem(backups);
    List<Backup> old = problem == null ? Retention.old(backups, keepDays) : List.of();
    for (Backup backup : old) {
      backup.delete();
    }
    return new Removed(old.size(), problem);
  }

  @Override
  public String removed() {
    return "made before the last "
        + (keepDays == 1 ? "day" : keepDays + " days")
        + " with a backup";
  }

  @Override
  public Proof verify(Backup backup, List<String> databases, Trial trial, CleanupStack undo)
      throws SQLException, IOException {
    String power = trial.options().trustsOwners() ? null : ScratchServer.powerOfThisUser();
    Failure.throwIf(
        power != null,
        "this user %s, and a restore runs code of table owners: run this command as a dedicated user, or use --trust-owners"
            .formatted(power));
    Programs programs = Programs.ofServer(backup.serverMajor(), bindir);
    Instant begin = Instant.now();
    output.progress("a server");
    Target server =
        ScratchServer.start(
            programs,
            trial.temporary(),
            backup.directory().resolve(Backup.FILES),
            trial.options().preload(),
            undo);
    try (Connection session = server.connectForLong()) {
      Roles.createMissing(session, backup.directory().resolve(Backup.ROLES));
    }
    var restoration =
        new Restoration(
            programs,
            server,
            trial.options().jobs(),
            List.of(Restoration.NO_TABLESPACES, "--no-subscriptions"),
            () -> {},
            trial.options().trustsOwners(),
            undo);
    var rows = new ArrayList<Compared>();
    var wrong = new ArrayList<String>();
    var failed = new ArrayList<String>();
    for (String database : databases) {
      var deadline = new Deadline(server, trial.limit());
      try (deadline) {
        output.progress("%s", database);
        Instant started = Instant.now();
        Restoration.Restored there =
            restoration.restore(backup, restoration.list(backup, database), database, database);
        Duration took = Duration.between(started, Instant.now());
        int before = wrong.size();
        Properties contents = compare(backup, database, server, wrong);
        boolean isRight = wrong.size() == before;
        if (isRight) {
          trial.isRight(database, backup.time(), took);
        }
        rows.add(
            new Compared(
                database,
                there.extensionVersion(),
                contents.size(),
                Contents.rows(contents),
                Durations.seconds(took),
                isRight ? "as it was" : "differs"));
      } catch (SQLException | Failure e) {
        // The owner of a database can make its restore fail, so continue with the other databases.
        String message = String.valueOf(Failure.in(database, e).getMessage());
        failed.add(
            deadline.hasPassed()
                ? trial.overLimit(database)
                : message + ScratchServer.adviceOn(message));
      }
    }
    wrong.addAll(failed);
    Duration took = Duration.between(begin, Instant.now());
    if (wrong.isEmpty() && databases.equals(backup.databases())) {
      backup.setVerified(took, output);
    }
    return new Proof(backup.time(), took, Table.of(Compared.class, rows), wrong, failed);
  }

  private static Properties compare(
      Backup backup, String database, Target server, List<String> wrong) throws SQLException {
    Target target = server.in(database).withoutEventTriggers(backup.serverMajor());
    Properties expected = backup.contents(database);
    try (Connection session = target.connectForLong()) {
      Properties contents = Contents.of(session, target, expected);
      for (String difference : Contents.differences(expected, contents)) {
        wrong.add(database + ": " + difference);
      }
      if (backup.extensionVersion(database) != null) {
        checkExtension(session, database, wrong);
      }
      return contents;
    }
  }

  /** Adds a message to {@code wrong} for each problem with the extension. */
  public static void checkExtension(Connection session, String database, List<String> wrong)
      throws SQLException {
    var findings = new Findings();
    new Health(findings).checkInstallation(session);
    findings.texts(Status.CRITICAL).forEach(text -> wrong.add(database + ": " + text));
  }
}
