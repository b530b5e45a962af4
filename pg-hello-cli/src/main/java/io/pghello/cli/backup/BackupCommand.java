// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import io.pghello.cli.backup.dump.Contents;
import io.pghello.cli.backup.folder.Backup;
import io.pghello.cli.backup.pgbackrest.PgBackRest;
import io.pghello.cli.backup.pgbackrest.PgBackRestOptions;
import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.ServerDatabases;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Json;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import io.pghello.cli.system.Folders;
import io.pghello.cli.system.Programs;
import io.pghello.cli.system.PropertiesFile;
import io.pghello.cli.system.Undo;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pghello backup}. */
@Command(
    name = "backup",
    description = {
      "Dumps databases, roles and the extension's files into a new folder, with sums of all files, of all rows and",
      "of all values. A backup that is not complete does not count, and is removed.",
      "Needs pg_dump and pg_dumpall of the server's version or newer on this machine. With --pgbackrest it is one of the",
      "whole server, which can be restored to any time after: the folder then has the extension's files, which pgBackRest",
      "does not take, and the name of its backup."
    },
    sortOptions = false,
    footerHeading = "%nExit status:%n",
    footer = {
      "  1 if it has a database that cannot be restored as long as it has that name, 2 if there is no backup",
      "",
      "Example:",
      "  pghello backup --to /backup/app -h db.example.com -U postgres app shop",
      "  pghello backup --to /backup/main --pgbackrest main"
    })
public final class BackupCommand implements Callable<Integer> {
  // where the server looks for them, in its order; extension_control_path is there since PostgreSQL
  // 18
  private static final String FILES =
      """
      WITH directory (setting, system, subdirectory, default_path, pattern) AS (
        SELECT 'extension_control_path', setting, '/extension', '$system', '^pg_hello(_ops)?([.]control|--[^/]*[.]sql)$'
        FROM pg_config() WHERE name = 'SHAREDIR'
        UNION ALL
        SELECT 'dynamic_library_path', setting, '', '$libdir', '^pg_hello[.](so|dylib)$'
        FROM pg_config() WHERE name = 'PKGLIBDIR'
      ), folder (path, position, pattern) AS (
        SELECT replace(entry, default_path, system) || subdirectory, position, pattern
        FROM directory, string_to_table(coalesce(nullif(current_setting(setting, true), ''), default_path), ':')
          WITH ORDINALITY entry (entry, position)
      ), file (name, path) AS (
        SELECT DISTINCT ON (name) name, path FROM folder, pg_ls_dir(path, true, false) name
        WHERE name ~ pattern
        ORDER BY name, position
      )
      SELECT name, pg_read_binary_file(path || '/' || name) FROM file
      """;

  // hidden from who may not read it
  private static final String DATA =
      "SELECT setting FROM pg_settings WHERE name = 'data_directory'";

  @Parameters(
      paramLabel = "DATABASE",
      arity = "0..*",
      description = "Databases to dump. Default: all that are no templates.")
  private List<String> databases = List.of();

  @Option(
      names = "--to",
      paramLabel = "FOLDER",
      required = true,
      description = "Backup folder. Created if it does not exist.")
  private Path folder = Path.of("");

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Mixin private PgBackRestOptions pgBackRestOptions = new PgBackRestOptions();

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      description =
          "Kind of pgBackRest's backup: full, diff (since the last full one) or incr (since the last one). Default: incr.")
  private @Nullable String type;

  @Option(
      names = "--keep",
      paramLabel = "DAYS",
      defaultValue = "7",
      description =
          "Remove older backups when this one is complete, but never the last one of a database. Default: 7."
              + " Entries of backups that pgBackRest has expired are removed, too.")
  private int keepDays;

  @Option(
      names = "--without-files",
      description =
          "Leave out the extension's files, which a superuser or a member of pg_read_server_files may read.")
  private boolean withoutFiles;

  @Option(
      names = "--bindir",
      paramLabel = "FOLDER",
      description = "Folder of PostgreSQL's programs. Default: that of the system's packages.")
  private @Nullable Path bindir;

  @Mixin private Output output = new Output();

  private Status status = Status.OK;

  @Override
  public Integer call() throws Exception {
    Failure.refuseIf(keepDays < 1, "--keep must be at least 1 day, but is " + keepDays);
    PgBackRest pgBackRest = pgBackRestOptions.pgBackRest();
    Failure.refuseIf(
        pgBackRest != null && !databases.isEmpty(),
        "--pgbackrest takes the whole server, and not " + databases);
    Failure.refuseIf(type != null && pgBackRest == null, "--type is for --pgbackrest");
    Failure.refuseIf(
        type != null && !Set.of("full", "diff", "incr").contains(type),
        "--type must be full, diff or incr, but is " + type);
    Failure.refuseIf(folder.toString().isEmpty(), "--to is empty: name a folder");
    Target target = connection.target();
    Instant begin = Instant.now();
    try (Connection session = target.connectForLong()) {
      if (target.isOnThisMachine()) {
        mustNotBeIn(Query.value(session, DATA));
      }
      Files.createDirectories(folder);
      try (FileChannel channel =
              FileChannel.open(
                  folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = lock(channel);
          var undo = new Undo()) {
        Objects.requireNonNull(lock);
        Backup.deleteUnfinished(folder);
        checkKind(pgBackRest);
        Instant time = Instant.now();
        Path unfinished = folder.resolve(Backup.UNFINISHED + Backup.nameOf(time));
        Undo.Step remove = () -> Folders.deleteFolder(unfinished);
        undo.begin(() -> createPrivate(unfinished), remove);
        Table table;
        if (pgBackRest == null) {
          table = fill(unfinished, target.pinnedTo(session), session, time, undo);
        } else {
          table = fill(unfinished, pgBackRest, target.pinnedTo(session), session, undo);
          time = Instant.now();
        }
        Backup.seal(unfinished);
        Path finished = folder.resolve(Backup.nameOf(time));
        undo.complete(
            remove,
            () -> {
              Files.move(unfinished, finished, StandardCopyOption.ATOMIC_MOVE);
              Folders.sync(folder);
            });
        int removed =
            pgBackRest == null
                ? removeOld(time)
                : removeExpired(pgBackRest.repository(undo).labels());
        print(finished, time, Duration.between(begin, Instant.now()), table, removed);
      }
    }
    return status.exitCode();
  }

  /** Refuses a folder that is lost with the server's data. */
  private void mustNotBeIn(@Nullable String data) throws IOException {
    Path existing = folder.toAbsolutePath().normalize();
    while (!Files.exists(existing)) {
      existing = Objects.requireNonNull(existing.getParent());
    }
    // who may not look into the server's folder writes nothing there
    Failure.refuseIf(
        data != null
            && Files.isReadable(Path.of(data))
            && existing.toRealPath().startsWith(Path.of(data).toRealPath()),
        "%s is in the server's data directory, with which it would be lost: name another folder"
            .formatted(folder));
  }

  /**
   * Refuses a folder with backups of another kind: readers of a folder take its last backup, and a
   * backup of a stanza removes others.
   */
  private void checkKind(@Nullable PgBackRest pgBackRest) {
    String wanted = pgBackRest == null ? null : pgBackRest.stanza();
    for (Backup other : Backup.in(folder)) {
      String stanza = other.isOfWholeServer() ? PgBackRest.of(other).stanza() : null;
      Failure.refuseIf(
          !Objects.equals(stanza, wanted),
          "%s has backups %s: name another folder"
              .formatted(
                  folder, stanza == null ? "of dumps" : "by pgBackRest of the stanza " + stanza));
    }
  }

  private FileLock lock(FileChannel channel) throws IOException {
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      throw Failure.unknown("another backup to " + folder + " is being made");
    }
    return lock;
  }

  /**
   * Only who makes backups may read them: they have all data, and what passwords are checked by.
   */
  private static void createPrivate(Path path) throws IOException {
    Files.createDirectory(
        path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  private Table fill(Path to, Target target, Connection session, Instant time, Undo undo)
      throws SQLException, IOException {
    int major = session.getMetaData().getDatabaseMajorVersion();
    Programs programs = Programs.forServer(major, bindir);
    List<String> chosen = ServerDatabases.choose(session, databases);
    Failure.refuseIf(chosen.isEmpty(), "there is no database to dump");
    Properties about = about(target, session, time);
    output.progress("roles");
    undo.run(rolesCommand(programs, target, session, to), target.environment(), Redirect.DISCARD);

    boolean anyExtension = false;
    var rows = new ArrayList<List<@Nullable Object>>();
    for (String database : chosen) {
      if (database.matches("(?s).*[\\r\\n].*")) {
        status = Status.WARNING;
        output.say(
            "database %s has a line break in its name, with which pg_restore restores nothing: rename it",
            database);
      }
      output.progress("%s", database);
      Instant begin = Instant.now();
      Target one = target.in(database);
      Properties contents;
      try (Connection reading = one.connectForLong()) {
        reading.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        reading.setReadOnly(true);
        reading.setAutoCommit(false);
        Undo.Running dump =
            undo.start(
                dumpCommand(
                    programs,
                    one,
                    Backup.dump(to, database),
                    ask(reading, "SELECT pg_export_snapshot()")),
                one.environment(),
                Redirect.DISCARD);
        contents = Contents.of(reading);
        undo.waitFor(dump);
        String version = ServerDatabases.extensionVersion(reading);
        anyExtension |= version != null;
        note(about, rows.size() + 1, database, version);
        PropertiesFile.store(contents, Backup.contents(to, database));
        rows.add(
            Arrays.asList(
                database,
                version,
                contents.size(),
                Contents.rows(contents),
                Files.size(Backup.dump(to, database)),
                Durations.seconds(Duration.between(begin, Instant.now()))));
        reading.rollback();
      } catch (SQLException | Failure e) {
        throw Failure.in(database, e);
      }
    }
    if (anyExtension && !withoutFiles) {
      copyFiles(session, to.resolve(Backup.FILES));
    }
    about.setProperty("finished", Instant.now().toString());
    Backup.writeAbout(to, about);
    return new Table(List.of("database", "pg_hello", "tables", "rows", "bytes", "seconds"), rows);
  }

  /** Has pgBackRest copy the whole server, and keeps what that leaves out. */
  private Table fill(Path to, PgBackRest pgBackRest, Target target, Connection session, Undo undo)
      throws SQLException, IOException {
    pgBackRest.check();
    Properties about = about(target, session, Instant.now());
    about.setProperty("superuser", ask(session, "SELECT rolname FROM pg_roles WHERE oid = 10"));
    about.setProperty("pgbackrest.stanza", pgBackRest.stanza());
    if (pgBackRest.config() != null) {
      about.setProperty("pgbackrest.config", pgBackRest.config().toString());
    }
    boolean anyExtension = false;
    var rows = new ArrayList<List<@Nullable Object>>();
    for (String database : ServerDatabases.choose(session, List.of())) {
      try (Connection reading = target.in(database).connect()) {
        String version = ServerDatabases.extensionVersion(reading);
        anyExtension |= version != null;
        note(about, rows.size() + 1, database, version);
        rows.add(
            Arrays.asList(
                database,
                version,
                Long.valueOf(ask(reading, "SELECT pg_database_size(current_database())"))));
      }
    }
    if (anyExtension && !withoutFiles) {
      copyFiles(session, to.resolve(Backup.FILES));
    }
    output.progress("pgBackRest");
    pgBackRest.run(
        undo,
        target.environment(),
        Redirect.DISCARD,
        "backup",
        List.of("--type=" + (type == null ? "incr" : type), "--start-fast"));
    List<String> labels = pgBackRest.repository(undo).labels();
    about.setProperty("pgbackrest.label", labels.get(labels.size() - 1));
    about.setProperty("finished", Instant.now().toString());
    Backup.writeAbout(to, about);
    return new Table(List.of("database", "pg_hello", "bytes"), rows);
  }

  private static void note(
      Properties about, int number, String database, @Nullable String extensionVersion) {
    about.setProperty("database." + number, database);
    if (extensionVersion != null) {
      about.setProperty("extension." + number, extensionVersion);
    }
  }

  private static Properties about(Target target, Connection session, Instant time)
      throws SQLException {
    var about = new Properties();
    about.setProperty("begun", time.toString());
    about.setProperty("server", target.address());
    about.setProperty("server_version_num", ask(session, "SHOW server_version_num"));
    about.setProperty("system_identifier", ask(session, Backup.SYSTEM));
    return about;
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
      // only a superuser may read what passwords are checked by
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

  static void copyFiles(Connection session, Path to) throws SQLException, IOException {
    createPrivate(to);
    boolean control = false;
    boolean library = false;
    try (Statement statement = session.createStatement();
        ResultSet rows = statement.executeQuery(FILES)) {
      while (rows.next()) {
        String name = rows.getString(1);
        Files.write(to.resolve(name), rows.getBytes(2));
        control |= name.equals("pg_hello.control");
        library |= !name.endsWith(".control") && !name.endsWith(".sql");
      }
    } catch (SQLException e) {
      if ("42501".equals(e.getSQLState())) {
        throw Failure.critical(
            "this role may not read the extension's files on the server ("
                + SqlErrors.message(e)
                + "): be a superuser, or say --without-files");
      }
      throw e;
    }
    if (!control || !library) {
      throw Failure.critical(
          "the extension's "
              + (control ? "library" : "control file")
              + " is not where the server looks for it: say --without-files, and keep them otherwise");
    }
  }

  private static String ask(Connection session, String sql) throws SQLException {
    return Objects.requireNonNullElse(Query.value(session, sql), "");
  }

  /** Removes old ones all of whose databases are in newer ones. */
  private int removeOld(Instant now) throws IOException {
    int removed = 0;
    var kept = new HashSet<List<String>>();
    for (Backup backup : Backup.in(folder)) {
      boolean isLast = false;
      for (String database : backup.databases()) {
        isLast |= kept.add(List.of(backup.system(), database));
      }
      if (!isLast && backup.time().isBefore(now.minus(Duration.ofDays(keepDays)))) {
        backup.delete();
        removed++;
      }
    }
    return removed;
  }

  /** Removes those whose servers pgBackRest has removed. */
  private int removeExpired(List<String> labels) throws IOException {
    int removed = 0;
    for (Backup backup : Backup.in(folder)) {
      if (!labels.contains(backup.label())) {
        backup.delete();
        removed++;
      }
    }
    return removed;
  }

  private void print(Path finished, Instant time, Duration took, Table table, int removed) {
    PrintWriter out = output.out();
    if (output.isJson()) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      map.put("backup", finished.toString());
      map.put("recovery_point", time.toString());
      map.put("seconds", Durations.seconds(took));
      map.put("removed", removed);
      map.put("databases", table.toMaps());
      out.println(Json.write(map));
    } else {
      out.println(table);
      out.printf("%nBackup %s is complete after %s%n", finished, Durations.inWords(took));
      out.printf("Recovery point: %s%n", time);
      if (removed > 0) {
        out.printf(
            "Removed %d %s%n",
            removed,
            pgBackRestOptions.pgBackRest() == null
                ? "older than " + keepDays + " days"
                : "that pgBackRest no longer has");
      }
    }
    out.flush();
  }
}
