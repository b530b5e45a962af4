// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.pgbackrest;

import io.pghello.cli.backup.folder.Backup;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Failure;
import io.pghello.cli.system.Folders;
import io.pghello.cli.system.Programs;
import io.pghello.cli.system.ScratchServer;
import io.pghello.cli.system.Undo;
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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A whole server that pgBackRest restores into a new data directory, and that runs until it has
 * replayed the WAL: with the programs of this machine, and the extension's files of the backup.
 * Nobody else can connect to it: its socket is in a private folder.
 */
public final class RecoveredServer {
  private static final DateTimeFormatter TARGET =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSS'+00'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  // of the original, without which prepared transactions cannot be recovered
  private static final Map<String, String> LIMITS =
      Map.of(
          "max_connections setting", "max_connections",
          "max_prepared_xacts setting", "max_prepared_transactions",
          "max_locks_per_xact setting", "max_locks_per_transaction");

  private static final String POINT =
      "SELECT to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
  private static final String REPLAYED =
      "SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint";

  /**
   * The point at which recovery ends.
   *
   * @param time null for the end of the archive, or the name
   * @param name of a restore point; null for none
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
  private final Undo undo;
  private final Undo.Step removeFolder;
  private Undo.@Nullable Running running;
  private @Nullable String gap;

  private RecoveredServer(
      Backup backup, Programs programs, Path folder, Path data, Undo undo, Undo.Step removeFolder) {
    this.backup = backup;
    this.programs = programs;
    this.folder = folder;
    this.data = data;
    this.undo = undo;
    this.removeFolder = removeFolder;
  }

  /**
   * Restores it, and returns when it has replayed all that it shall.
   *
   * @param data a folder that is not there, or empty; null for one that is removed with the server
   * @param temporary where it keeps its socket, and what is removed with it
   */
  public static RecoveredServer start(
      Backup backup,
      Programs programs,
      @Nullable Path data,
      Path temporary,
      Goal goal,
      int jobs,
      Undo undo)
      throws SQLException, IOException {
    Path folder = Files.createTempDirectory(temporary, "pghello-recover");
    Undo.Step removeFolder = () -> Folders.deleteFolder(folder);
    undo.begin(() -> {}, removeFolder);
    Path into = data == null ? folder.resolve("data") : data;
    boolean exists = Files.isDirectory(into);
    Path tablespaces = into.resolveSibling(into.getFileName() + "-tablespaces");
    undo.begin(
        () -> {
          if (!exists) {
            Files.createDirectory(into);
          }
          Files.setPosixFilePermissions(into, PosixFilePermissions.fromString("rwx------"));
        },
        () -> {
          Folders.deleteFolder(tablespaces);
          Folders.deleteContents(into);
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
                "--tablespace-map-all=" + tablespaces));
    options.addAll(goal.options());
    // before, as the archive of a server that runs goes on
    PgBackRest.Repository repository = pgBackRest.repository(undo);
    pgBackRest.run(undo, Map.of(), Redirect.DISCARD, "restore", options);
    String owner = Files.getOwner(into.resolve("PG_VERSION")).getName();
    String user = Files.getOwner(folder).getName();
    if (!owner.equals(user)) {
      throw Failure.critical("the server's files are " + owner + "'s: run this as that user");
    }
    var server = new RecoveredServer(backup, programs, folder, into, undo, removeFolder);
    server.recover(data != null);
    if (goal.equals(new Goal(null, null))) {
      server.gap = server.gap(repository.lastSegment());
    }
    return server;
  }

  private void recover(boolean forGood) throws IOException {
    Path bin =
        ScratchServer.tree(programs, folder.resolve("tree"), backup.folder().resolve(Backup.FILES));
    // whatever the server's own say, which may be elsewhere, or name what is not on this machine
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
    for (String name : List.of("ssl", "hot_standby", "archive_mode", "logging_collector")) {
      add(command, name, "off");
    }
    for (String name :
        List.of(
            "synchronous_standby_names",
            "recovery_end_command",
            "archive_cleanup_command",
            "external_pid_file")) {
      add(command, name, "");
    }
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
    Undo.Running started =
        undo.start(
            ScratchServer.asServer(command.toArray(String[]::new)), Map.of(), Redirect.DISCARD);
    undo.begin(
        () -> {},
        () -> {
          ScratchServer.tellToEnd(started);
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

  /** Returns why a server does not start, which its last messages say. */
  private static String explain(String messages) {
    if (messages.contains("recovery ended before configured recovery target was reached")) {
      return "the archive ends before that: it has no such restore point, or no transaction after that time";
    }
    List<String> fatal =
        messages
            .lines()
            .filter(line -> line.contains("FATAL: ") || line.contains("PANIC: "))
            .filter(line -> !line.contains("the database system is "))
            .toList();
    return "the restored server does not start: "
        + (fatal.isEmpty() ? messages.strip() : String.join("; ", fatal));
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

  /** Returns a sentence if the archive goes on after where the replay ended. */
  private @Nullable String gap(@Nullable String lastSegment) throws SQLException {
    String size = controlData().get("Bytes per WAL segment");
    if (lastSegment == null || size == null) {
      return null;
    }
    long bytes = Long.parseLong(size);
    long begin =
        (Long.parseLong(lastSegment.substring(8, 16), 16) << 32)
            + Long.parseLong(lastSegment.substring(16), 16) * bytes;
    String end = ask(REPLAYED);
    long replayed = end == null ? 0 : Long.parseLong(end);
    if (replayed >= begin) {
      return null;
    }
    long segment = replayed / bytes;
    long each = (1L << 32) / bytes;
    return String.format(
        Locale.ROOT,
        "the archive is not whole: it has WAL up to %s, but recovery ended in %08X%08X",
        lastSegment,
        segment / each,
        segment % each);
  }

  /** Returns what was wrong with the archive; null if nothing was. */
  public @Nullable String gap() {
    return gap;
  }

  /** Returns when the last transaction was committed that it has, or else when the backup ended. */
  public Instant point() throws SQLException {
    String time = ask(POINT);
    Instant last = time == null ? backup.time() : Instant.parse(time);
    return last.isAfter(backup.time()) ? last : backup.time();
  }

  /** Returns how to connect to it. */
  public Target target() {
    return ScratchServer.target(folder, backup.superuser(), "");
  }

  private @Nullable String ask(String sql) throws SQLException {
    try (Connection session = target().connectForLong()) {
      return Query.value(session, sql);
    }
  }

  /** Shuts it down, and keeps its data directory. */
  public void keep() {
    Undo.Running server = running;
    if (server == null) {
      throw new IllegalStateException("it does not run");
    }
    ScratchServer.tellToEnd(server);
    undo.waitFor(server);
    undo.complete(removeFolder, () -> Folders.deleteFolder(folder));
  }

  /** Fails if a server could not be restored to a folder. */
  public static void checkEmpty(Path data) {
    Path parent = data.toAbsolutePath().getParent();
    Failure.refuseIf(
        parent == null || !Files.isWritable(Files.exists(data) ? data : parent),
        "cannot create " + data + ": its folder is not there or not writable");
    for (Path path : List.of(data, data.resolveSibling(data.getFileName() + "-tablespaces"))) {
      if (Files.exists(path)) {
        try (Stream<Path> paths = Files.list(path)) {
          Failure.refuseIf(paths.findAny().isPresent(), path + " is not empty: name a new folder");
        } catch (IOException e) {
          throw Failure.unknown("cannot read the folder " + path + ": " + e.getMessage());
        }
      }
    }
  }
}
