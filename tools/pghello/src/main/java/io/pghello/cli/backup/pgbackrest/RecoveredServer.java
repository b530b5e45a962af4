// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.pgbackrest;

import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.ServerDatabases;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Failure;
import io.pghello.cli.system.CleanupStack;
import io.pghello.cli.system.Directories;
import io.pghello.cli.system.Programs;
import io.pghello.cli.system.Replacement;
import io.pghello.cli.system.ScratchServer;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A server that pgBackRest restores into a new data directory. It uses the programs of this machine
 * and the extension's files from the backup, and replays the WAL.
 *
 * <p>The restored server (the copy) never acts in place of the original. All settings of the
 * original are ignored: the copy gets a new configuration, and its {@code postgresql.auto.conf}
 * contains only the recovery settings that pgBackRest wrote. It runs no workers, archives nothing,
 * and listens only on a socket in a private directory. Its sessions load no libraries set for a
 * database or role, and fire no event triggers.
 */
public final class RecoveredServer {
  private static final String AUTO_CONF = "postgresql.auto.conf";

  private static final DateTimeFormatter TARGET =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSS'+00'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  // Limits of the original server that are required to recover its prepared transactions.
  private static final Map<String, String> LIMITS =
      Map.of(
          "max_connections setting", "max_connections",
          "max_prepared_xacts setting", "max_prepared_transactions",
          "max_locks_per_xact setting", "max_locks_per_transaction");

  // Settings written by pgBackRest, which comments out all other settings.
  private static final Pattern RECOVERY =
      Pattern.compile("(?m)^ *(?:restore_command|recovery_target(?:_[a-z]+)?) *=.*$");

  // Appended to the original's configuration if the data directory is kept. archive_mode is not
  // included, because pgBackRest writes it.
  private static final String KEPT =
      """
      # by pghello restore: remove these lines and archive_mode if this server replaces the original
      max_logical_replication_workers = 0
      shared_preload_libraries = ''
      external_pid_file = ''
      """;

  private static final String ORIGINS = "10000";

  private static final String POINT =
      "SELECT to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
  private static final String REPLAYED =
      "SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint";

  private static final String SHARED_STEPS =
      """
      SELECT step FROM (
        SELECT 1, format('in database %1$s: ALTER SUBSCRIPTION %2$I DISABLE; ALTER SUBSCRIPTION %2$I SET (slot_name = NONE);'
          ' DROP SUBSCRIPTION %2$I;', d.datname, s.subname)
        FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
        UNION ALL
        SELECT 2, format('in database %s: ROLLBACK PREPARED %L;', database, gid) FROM pg_prepared_xacts
        UNION ALL
        SELECT 3, format('%1$s loads %2$s: ALTER %1$s RESET %3$s;',
          concat_ws(' ', 'ROLE ' || CASE WHEN s.setrole = 0 THEN 'ALL' ELSE quote_ident(r.rolname) END,
            'IN DATABASE ' || quote_ident(d.datname)),
          split_part(setting, '=', 2), split_part(setting, '=', 1))
        FROM pg_db_role_setting s
          LEFT JOIN pg_roles r ON r.oid = s.setrole
          LEFT JOIN pg_database d ON d.oid = s.setdatabase
          CROSS JOIN unnest(s.setconfig) setting
        WHERE setting ~ '^(session|local)_preload_libraries='
      ) s (position, step)
      ORDER BY position, step
      """;

  // Login event triggers were added in PostgreSQL 17.
  private static final String STEPS =
      """
      SELECT step FROM (
        SELECT 1, format('the extension %I runs jobs: %s', extname, CASE extname
          WHEN 'pg_cron' THEN 'UPDATE cron.job SET active = false;'
          WHEN 'timescaledb' THEN 'SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs;'
          ELSE 'disable them' END)
        FROM pg_extension
        WHERE extname IN ('pg_cron', 'pg_partman', 'pg_timetable', 'pgagent', 'pgq', 'timescaledb')
        UNION ALL
        SELECT 2, format('the foreign server %I is also used by the original: ALTER SERVER %1$I OPTIONS (…); or'
          ' DROP SERVER %1$I CASCADE;', srvname)
        FROM pg_foreign_server
        UNION ALL
        SELECT 3, format('each login fires %I: ALTER EVENT TRIGGER %1$I DISABLE;', evtname)
        FROM pg_event_trigger WHERE evtevent = 'login' AND evtenabled <> 'D'
      ) s (position, step)
      ORDER BY position, step
      """;

  /**
   * The point at which recovery ends.
   *
   * @param time the target time; null for the end of the archive, or if the goal is a restore point
   * @param name the name of a restore point; null for none
   */
  public record Goal(@Nullable Instant time, @Nullable String name) {
    List<String> options() {
      if (name != null) {
        return List.of("--type=name", "--target=" + name, "--target-action=promote");
      }
      return time == null
          ? List.of("--type=default")
          : List.of("--type=time", "--target=" + TARGET.format(time), "--target-action=promote");
    }
  }

  private final Backup backup;
  private final Programs programs;
  private final Path folder;
  private final Path data;
  private final CleanupStack undo;
  private final CleanupStack.Step removeFolder;
  private final String configuration;
  private CleanupStack.@Nullable Running running;
  private @Nullable String gap;

  private RecoveredServer(
      Backup backup,
      Programs programs,
      Path folder,
      Path data,
      CleanupStack undo,
      CleanupStack.Step removeFolder)
      throws IOException {
    this.backup = backup;
    this.programs = programs;
    this.folder = folder;
    this.data = data;
    this.undo = undo;
    this.removeFolder = removeFolder;
    this.configuration = Files.readString(data.resolve(AUTO_CONF));
  }

  /**
   * Restores the server, and returns once it has replayed all required WAL.
   *
   * @param data a directory that does not exist or is empty; null for a temporary directory, which
   *     is removed with the server
   * @param temporary the parent of a new directory, which holds the socket and temporary files, and
   *     is removed with the server
   * @param preload the libraries to load at startup, without their background workers
   */
  public static RecoveredServer start(
      Backup backup,
      Programs programs,
      @Nullable Path data,
      Path temporary,
      Goal goal,
      int jobs,
      List<String> preload,
      CleanupStack undo)
      throws SQLException, IOException {
    Path folder = Files.createTempDirectory(temporary, "pghello-recover");
    CleanupStack.Step removeFolder = () -> Directories.delete(folder);
    undo.begin(() -> {}, removeFolder);
    Path into = data == null ? folder.resolve("data") : data;
    boolean exists = Files.isDirectory(into);
    Path tablespaces = into.resolveSibling(into.getFileName() + "-tablespaces");
    undo.begin(
        () -> {
          if (exists) {
            Files.setPosixFilePermissions(into, PosixFilePermissions.fromString("rwx------"));
          } else {
            Directories.createPrivate(into);
          }
        },
        () -> {
          Directories.delete(tablespaces);
          Directories.deleteContents(into);
          if (!exists) {
            Files.delete(into);
          }
        });
    PgBackRest pgBackRest = PgBackRest.of(backup);
    var options =
        new ArrayList<>(
            List.of(
                "--pg1-path=" + into,
                "--set=" + backup.label(),
                "--process-max=" + jobs,
                "--archive-mode=off",
                // The configuration may refer to directories of the original. Do not replace their
                // files.
                "--no-delta",
                "--no-link-all",
                "--reset-link-map",
                "--reset-recovery-option",
                "--reset-tablespace-map",
                "--tablespace-map-all=" + tablespaces));
    options.addAll(goal.options());
    // Query the repository before the restore, because the archive of a running server grows.
    PgBackRest.Repository repository = pgBackRest.repository(undo);
    pgBackRest.run(undo, Map.of(), Redirect.DISCARD, "restore", options);
    String owner = Files.getOwner(into.resolve("PG_VERSION")).getName();
    String user = Files.getOwner(folder).getName();
    if (!owner.equals(user)) {
      throw Failure.critical("the server's files belong to " + owner + ": run this as that user");
    }
    var server = new RecoveredServer(backup, programs, folder, into, undo, removeFolder);
    server.recover(data != null, preload);
    if (goal.equals(new Goal(null, null))) {
      server.gap = server.gap(repository.lastSegment());
    }
    return server;
  }

  private void recover(boolean forGood, List<String> preload) throws IOException {
    Path bin =
        ScratchServer.tree(
            programs, folder.resolve("tree"), backup.directory().resolve(Backup.FILES));
    Files.deleteIfExists(data.resolve("standby.signal"));
    Replacement.write(
        data.resolve(AUTO_CONF),
        "rw-------",
        RECOVERY
            .matcher(configuration)
            .results()
            .map(line -> line.group() + "\n")
            .collect(Collectors.joining()));
    // Replace the original's configuration files, which may be in another directory.
    Path settings = Files.writeString(folder.resolve("postgresql.conf"), "");
    Path identities = Files.writeString(folder.resolve("pg_ident.conf"), "");
    Path access = Files.writeString(folder.resolve("pg_hba.conf"), "local all all trust\n");
    var command =
        new ArrayList<>(List.of(bin.resolve("postgres").toString(), "-D", data.toString()));
    add(command, "config_file", settings.toString());
    add(command, "hba_file", access.toString());
    add(command, "ident_file", identities.toString());
    add(command, "port", ScratchServer.PORT);
    add(command, "listen_addresses", "");
    add(command, "unix_socket_directories", folder.toString());
    add(command, "unix_socket_permissions", "0700");
    add(command, "shared_preload_libraries", String.join(",", preload));
    for (String name :
        List.of("ssl", "hot_standby", "archive_mode", "logging_collector", "huge_pages")) {
      add(command, name, "off");
    }
    for (String name :
        List.of("max_worker_processes", "max_logical_replication_workers", "max_wal_senders")) {
      add(command, name, "0");
    }
    // Recovery needs one replication origin for each subscription of the original.
    add(command, "max_replication_slots", ORIGINS);
    if (backup.serverMajor() >= 18) {
      add(command, "max_active_replication_origins", ORIGINS);
    }
    // Anti-wraparound vacuum runs even if autovacuum is off, and calls functions that indexes use.
    add(command, "autovacuum_freeze_max_age", "2000000000");
    add(command, "autovacuum_multixact_freeze_max_age", "2000000000");
    add(command, "log_destination", "stderr");
    add(command, "lc_messages", "C");
    add(command, "fsync", forGood ? "on" : "off");
    add(command, "autovacuum", "off");
    controlData()
        .forEach(
            (name, value) -> {
              String setting = LIMITS.get(name);
              if (setting != null) {
                add(command, setting, value);
              }
            });
    CleanupStack.Running started =
        undo.start(
            ScratchServer.asServer(command.toArray(String[]::new)),
            PgBackRest.serverEnvironment(),
            Redirect.DISCARD);
    undo.begin(
        () -> {},
        () -> {
          ScratchServer.requestShutdown(started);
          started.process().waitFor(20, TimeUnit.SECONDS);
        });
    running = started;
    while (true) {
      try {
        target().connect().close();
        return;
      } catch (SQLException e) {
        if (!started.process().isAlive()) {
          throw Failure.critical(explain(Files.readString(started.messages())));
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
    }
  }

  private static void add(List<String> command, String setting, String value) {
    command.addAll(List.of("-c", setting + "=" + value));
  }

  /** Extracts from the log the reason why a server did not start. */
  private static String explain(String messages) {
    if (messages.contains("recovery ended before configured recovery target was reached")) {
      return "the archive ends before the target: it contains no such restore point, or no "
          + "transaction after that time";
    }
    List<String> fatal =
        messages
            .lines()
            .filter(line -> line.contains("FATAL: ") || line.contains("PANIC: "))
            .filter(line -> !line.contains("the database system is "))
            .toList();
    return "the restored server does not start: "
        + (fatal.isEmpty() ? messages.strip() : String.join("; ", fatal))
        + ScratchServer.adviceOn(messages);
  }

  private Map<String, String> controlData() {
    var values = new HashMap<String, String>();
    for (String line :
        Programs.output("env", "LC_ALL=C", programs.path("pg_controldata"), data.toString())
            .lines()
            .toList()) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        values.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    return values;
  }

  /**
   * Returns a message if the archive contains WAL after the point at which the replay ended;
   * otherwise null.
   */
  private @Nullable String gap(@Nullable String lastSegment) throws SQLException {
    String size = controlData().get("Bytes per WAL segment");
    if (lastSegment == null || size == null) {
      return null;
    }
    long bytes = Long.parseLong(size);
    long begin =
        (Long.parseLong(lastSegment.substring(8, 16), 16) << 32)
            + Long.parseLong(lastSegment.substring(16), 16) * bytes;
    String end = query(REPLAYED);
    long replayed = end == null ? 0 : Long.parseLong(end);
    if (replayed >= begin) {
      return null;
    }
    long segment = replayed / bytes;
    long each = (1L << 32) / bytes;
    return String.format(
        Locale.ROOT,
        "the archive is incomplete: it has WAL up to %s, but recovery ended in %08X%08X",
        lastSegment,
        segment / each,
        segment % each);
  }

  /** Returns the problem with the archive; null if there is none. */
  public @Nullable String gap() {
    return gap;
  }

  /**
   * Returns the time of the last committed transaction, or the end of the backup if that is later.
   */
  public Instant point() throws SQLException {
    String time = query(POINT);
    Instant last = time == null ? backup.time() : Instant.parse(time);
    return last.isAfter(backup.time()) ? last : backup.time();
  }

  /** Returns the connection target. */
  public Target target() {
    // These options take precedence over settings of databases and roles.
    return ScratchServer.target(
            folder,
            backup.superuser(),
            "",
            "-c session_preload_libraries= -c local_preload_libraries=")
        .withoutEventTriggers(backup.serverMajor());
  }

  private @Nullable String query(String sql) throws SQLException {
    try (Connection session = target().connectForLong()) {
      return Query.value(session, sql);
    }
  }

  /**
   * Shuts down the server and keeps its data directory with the configuration of the original,
   * except that archiving, subscriptions and preloaded libraries are disabled.
   */
  public void keep() throws IOException {
    CleanupStack.Running server = running;
    if (server == null) {
      throw new IllegalStateException("the server is not running");
    }
    ScratchServer.requestShutdown(server);
    undo.waitFor(server);
    Replacement.write(data.resolve(AUTO_CONF), "rw-------", configuration + "\n" + KEPT);
    undo.complete(removeFolder, () -> Directories.delete(folder));
  }

  /**
   * Returns the manual steps that are necessary before the copy can run next to the original
   * without the settings that {@link #keep} adds.
   */
  public List<String> steps() throws SQLException {
    var steps = new ArrayList<String>();
    List<String> databases;
    try (Connection session = target().connectForLong()) {
      databases = ServerDatabases.choose(session, List.of());
      steps.addAll(Query.values(session, SHARED_STEPS));
    }
    for (String database : databases) {
      try (Connection session = target().in(database).connectForLong()) {
        for (String step : Query.values(session, STEPS)) {
          steps.add("in database " + database + ": " + step);
        }
      }
    }
    return steps;
  }

  /** Throws if a server cannot be restored into this directory. */
  public static void checkEmpty(Path data) {
    Path parent = data.toAbsolutePath().getParent();
    Failure.throwIf(
        parent == null || !Files.isWritable(Files.exists(data) ? data : parent),
        "cannot create " + data + ": its directory does not exist or is not writable");
    for (Path path : List.of(data, data.resolveSibling(data.getFileName() + "-tablespaces"))) {
      if (Files.exists(path)) {
        try (Stream<Path> paths = Files.list(path)) {
          Failure.throwIf(
              paths.findAny().isPresent(), path + " is not empty: choose a new directory");
        } catch (IOException e) {
          throw Failure.unknown("cannot read the directory " + path + ": " + e.getMessage());
        }
      }
    }
  }
}
