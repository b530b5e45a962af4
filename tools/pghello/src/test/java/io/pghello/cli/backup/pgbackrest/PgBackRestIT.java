// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.pgbackrest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.cli.Run;
import io.pghello.cli.backup.folder.Backup;
import io.pghello.cli.system.Programs;
import io.pghello.cli.system.ScratchServer;
import io.pghello.cli.system.Undo;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole servers by pgBackRest, restored to a time and to a restore point. */
class PgBackRestIT {
  private static final Pattern WORD = Pattern.compile("'[^']*'|\\S+");

  @TempDir private Path folder;

  private PgHelloServer server;
  private TestDatabase database;
  private Connection superuser;
  private Path backups;
  private Path archive;

  @BeforeEach
  void startServer() throws Exception {
    Path socket = Files.createDirectory(folder.resolve("socket"));
    backups = folder.resolve("backups");
    archive = folder.resolve("pgbackrest.sh");
    // the command of a server that runs cannot be changed
    archiveBy("exec pgbackrest --config=" + config() + " --stanza=main archive-push \"$1\"");
    server =
        PgHelloServer.builder()
            .setting("archive_mode", "on")
            .setting("archive_command", "sh " + archive + " %p")
            .setting("unix_socket_directories", socket.toString())
            .start();
    assumeTrue(Run.hasServer(server), "no programs of this version");
    assumeTrue(
        Programs.output("pgbackrest", "version").startsWith("pgBackRest"), "no pgbackrest here");
    database = server.createDatabase("app");
    superuser = database.superuserDataSource().getConnection();
    Path data = server.logFile().resolveSibling("data");
    Path access = data.resolve("pg_hba.conf");
    Files.writeString(access, "local all all password\n" + Files.readString(access));
    Run.execute(superuser, "SELECT pg_reload_conf()");
    Files.writeString(
        config(),
        """
        [global]
        repo1-path=%1$s/repo
        repo1-retention-full=1
        repo1-cipher-type=aes-256-cbc
        repo1-cipher-pass=of a test
        lock-path=%1$s/lock
        log-path=%1$s
        log-level-file=off
        [main]
        pg1-path=%2$s
        pg1-port=%3$d
        pg1-socket-path=%4$s
        pg1-user=postgres
        """
            .formatted(folder, data, server.port(), socket));
    Run created =
        Run.start(
                environment(),
                List.of(
                    "pgbackrest",
                    "--config=" + config(),
                    "--stanza=main",
                    "--log-level-console=off",
                    "--log-level-stderr=error",
                    "stanza-create"))
            .end();
    assertThat(created.status()).as(created.err()).isZero();
  }

  @AfterEach
  void stopServer() throws Exception {
    if (superuser != null) {
      superuser.close();
    }
    if (server != null) {
      server.close();
    }
  }

  @Test
  void bringsBackWhatWasDeleted() throws Exception {
    Path far = Files.createDirectory(folder.resolve("far"));
    // the server may run as somebody else
    far.toFile().setWritable(true, false);
    Run.execute(
        superuser,
        "CREATE TABLESPACE far LOCATION '" + far + "'",
        "CREATE TABLE big (name text, greeting text GENERATED ALWAYS AS (pg_hello(name, 2)) STORED)",
        "INSERT INTO big SELECT 'person ' || i FROM generate_series(1, 20000) i",
        "CREATE FUNCTION mine(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1'",
        "CREATE TABLE kept (name text, greeting text GENERATED ALWAYS AS (pg_hello(name, 3)) STORED,"
            + " copy text GENERATED ALWAYS AS (public.mine(name)) STORED) TABLESPACE far",
        "INSERT INTO kept SELECT 'friend ' || i FROM generate_series(1, 300) i");
    List<String> page = page();
    Run backup = ofPage(page.get(0), "", "--config", config().toString());
    assertThat(backup.out())
        .contains(
            "app", PgHelloServer.extensionVersion(), "is complete after", "Recovery point: 20");
    Path made = Backup.in(backups).get(0).folder();
    assertThat(made.resolve("extension")).isDirectoryContaining("glob:**/pg_hello.so");

    Run.execute(superuser, "INSERT INTO big SELECT 'late ' || i FROM generate_series(1, 1000) i");
    assertThat(page.get(2))
        .startsWith("psql -c \"SELECT pg_create_restore_point('before the release')");
    Run.execute(superuser, page.get(2).substring(9, page.get(2).length() - 1));
    String time =
        Run.value(
            superuser,
            "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
    Run.execute(superuser, "DELETE FROM big", "UPDATE kept SET name = name || '!'");
    switchWal();

    Path named = folder.resolve("before");
    Run byName = ofPage(page.get(3), "");
    assertThat(byName.out()).contains("shut down", "Recovery point: 20", "Recovery time: ");
    assertThat(rows(made, named)).isEqualTo("21000");
    Path timed = Files.createDirectory(folder.resolve("at"));
    Run byTime = ofPage(page.get(4), time, "--json");
    assertThat(Run.json(superuser, byTime.out(), "$.data_directory")).isEqualTo(timed.toString());
    assertThat(Run.json(superuser, byTime.out(), "$.recovery_point")).isLessThanOrEqualTo(time);
    assertThat(rows(made, timed)).isEqualTo("21000");

    Path metric = folder.resolve("pg_hello.prom");
    Run verify = ofPage(page.get(1), "", "--metric", metric.toString());
    assertThat(verify.out()).contains("can be restored", "can be read", " 300 ");
    assertThat(metric)
        .content()
        .contains(
            "\npg_hello_base_backup_verified_timestamp_seconds 1",
            "\npg_hello_backup_verified_timestamp_seconds{database=\"" + database.name() + "\"} ",
            "\npg_hello_restore_seconds{database=\"postgres\"} ");
    assertThat(made.resolve("verified.properties")).exists();

    refuses(3, "is not empty", "--to", named.toString());
    Path data = server.logFile().resolveSibling("data");
    refuses(3, data + " is not empty", "--to", data.toString());
    Path none = folder.resolve("none");
    refuses(3, "no complete backup", "--to", none.toString(), "--at", "2020-01-01T00:00:00Z");
    refuses(3, "in the future", "--to", none.toString(), "--at", "2999-01-01T00:00:00Z");
    refuses(2, "no such restore point", "--to", none.toString(), "--name", "unheard of");
    refuses(3, "name a data directory by --to", "app");
    assertThat(none).doesNotExist();
    Run dumps = Run.pghello(environment(), "backup", "--to", backups.toString(), database.name());
    assertThat(dumps.status()).isEqualTo(3);
    assertThat(dumps.err()).contains("has backups by pgBackRest");
    Run other = pgBackRestBackup(environment(), "other");
    assertThat(other.status()).isEqualTo(3);
    assertThat(other.err()).contains("has backups by pgBackRest of the stanza main: name another");

    findsWhatIsWrong();
  }

  /** Also, a backup removes entries of what pgBackRest has removed. */
  private void findsWhatIsWrong() throws Exception {
    // the values that are stored are no more those that the function answers
    Run.execute(
        superuser,
        "CREATE TABLE other (name text, greeting text GENERATED ALWAYS AS (pg_hello(name, 2)) STORED)",
        "UPDATE pg_attrdef SET adbin = (SELECT adbin FROM pg_attrdef WHERE adrelid = 'other'::regclass)"
            + " WHERE adrelid = 'kept'::regclass AND adnum = 2");
    Run full = backup("--type", "full");
    assertThat(full.status()).as(full.err()).isZero();
    assertThat(full.out()).contains("Removed 1 that pgBackRest no longer has");
    assertThat(Backup.in(backups)).hasSize(1);
    switchWal();
    String missing = switchWal();
    switchWal();
    try (Stream<Path> paths = Files.walk(folder.resolve("repo/archive"))) {
      for (Path path : paths.toList()) {
        if (path.getFileName().toString().startsWith(missing)) {
          Files.delete(path);
        }
      }
    }
    Run verify = Run.pghello(Map.of(), "verify", "--from", backups.toString());
    assertThat(verify.status()).as(verify.err()).isEqualTo(2);
    assertThat(verify.out())
        .contains("the archive is not whole: it has WAL up to ", "but recovery ended in ")
        .contains(
            "table public.kept has 300 values in greeting that are not what",
            "cannot be relied on");
    Path rest = folder.resolve("rest");
    Run restore = restore("--to", rest.toString());
    assertThat(restore.status()).isEqualTo(2);
    assertThat(restore.out()).contains("the archive is not whole");
    assertThat(rest.resolve("PG_VERSION")).exists();
  }

  @Test
  void leavesNothingHalfDone() throws Exception {
    Run stanza = pgBackRestBackup(environment(), "other");
    assertThat(stanza.status()).isEqualTo(2);
    assertThat(stanza.err()).contains("other");
    Map<String, String> without = environment();
    without.put("PATH", folder.toString());
    Run absent = pgBackRestBackup(without, "main");
    assertThat(absent.status()).isEqualTo(3);
    assertThat(absent.err()).contains("needs pgbackrest on this machine");
    assertThat(Backup.in(backups)).isEmpty();

    // it waits for WAL to be archived
    Path waited = folder.resolve("waited");
    archiveBy("touch " + waited + "; exit 1");
    Run.Running waiting = Run.start(environment(), backupArguments("main"));
    Run.await("WAL is to be archived", () -> Files.exists(waited));
    assertThat(waiting.interrupt().status()).isEqualTo(143);
    assertThat(backups).isDirectoryNotContaining("glob:**/{.incomplete-*,2*}");

    archiveBy("exec pgbackrest --config=" + config() + " --stanza=main archive-push \"$1\"");
    Run backup = backup();
    assertThat(backup.status()).as(backup.err()).isZero();

    Path programs = Files.createDirectory(folder.resolve("programs"));
    Path slow = programs.resolve("pgbackrest");
    Path half = folder.resolve("half");
    Files.writeString(
        slow,
        """
        #!/bin/sh
        case "$*" in *" restore") touch "%s/half"; exec sleep 3600 ;; esac
        exec %s "$@"
        """
            .formatted(half, Programs.output("sh", "-c", "command -v pgbackrest")));
    assertThat(slow.toFile().setExecutable(true)).isTrue();
    Map<String, String> environment = environment();
    environment.put("PATH", programs + ":" + System.getenv("PATH"));
    Run.Running restoring =
        Run.start(environment, "restore", "--from", backups.toString(), "--to", half.toString());
    Run.await("it restores", () -> Files.exists(half.resolve("half")));
    assertThat(restoring.interrupt().status()).isEqualTo(143);
    assertThat(half).doesNotExist();
  }

  /** Returns the commands of the section of docs/operations.md. */
  private static List<String> page() throws Exception {
    String page = Files.readString(Path.of("../../docs/operations.md"));
    String section = page.substring(page.indexOf("### To any point in time"));
    List<String> commands =
        section
            .substring(0, section.indexOf("\n## "))
            .lines()
            .filter(line -> line.startsWith("$ "))
            .map(line -> line.substring(2))
            .toList();
    assertThat(commands).hasSize(5);
    return commands;
  }

  /** Runs a command of the page in the folders of the test, which has to succeed. */
  private Run ofPage(String command, String time, String... more) {
    assertThat(command).startsWith("pghello ");
    var words = new ArrayList<String>();
    WORD.matcher(command.substring(8))
        .results()
        .map(result -> result.group().replace("'", ""))
        .map(word -> word.replace("/var/backups/main", backups.toString()))
        .map(word -> word.replace("/var/lib/postgresql/15", folder.toString()))
        .map(word -> word.matches("20.*Z") ? time : word)
        .forEach(words::add);
    words.addAll(List.of(more));
    Run run = Run.pghello(environment(), words.toArray(String[]::new));
    assertThat(run.err()).as(command).isEmpty();
    assertThat(run.status()).as(command + run.out()).isZero();
    return run;
  }

  private Run backup(String... more) {
    var arguments = new ArrayList<>(List.of(backupArguments("main")));
    arguments.addAll(List.of(more));
    return Run.pghello(environment(), arguments.toArray(String[]::new));
  }

  private Run pgBackRestBackup(Map<String, String> environment, String stanza) {
    return Run.pghello(environment, backupArguments(stanza));
  }

  private String[] backupArguments(String stanza) {
    return new String[] {
      "backup", "--to", backups.toString(), "--pgbackrest", stanza, "--config", config().toString()
    };
  }

  private Run restore(String... more) {
    var arguments = new ArrayList<>(List.of("restore", "--from", backups.toString()));
    arguments.addAll(List.of(more));
    return Run.pghello(Map.of(), arguments.toArray(String[]::new));
  }

  private void refuses(int status, String why, String... arguments) {
    Run run = restore(arguments);
    assertThat(run.err()).contains(why);
    assertThat(run.status()).isEqualTo(status);
  }

  /** Returns how many rows of the table in a restored data directory have the right value. */
  private String rows(Path backup, Path data) throws Exception {
    Programs programs = Programs.ofServer(server.major(), null);
    try (var undo = new Undo()) {
      Path tree = Files.createTempDirectory(folder, "tree");
      Path bin = ScratchServer.tree(programs, tree, backup.resolve(Backup.FILES));
      int port;
      try (var socket = new ServerSocket(0)) {
        port = socket.getLocalPort();
      }
      undo.start(
          ScratchServer.asServer(
              bin.resolve("postgres").toString(),
              "-D",
              data.toString(),
              "-p",
              String.valueOf(port),
              "-c",
              "unix_socket_directories="),
          Map.of(),
          ProcessBuilder.Redirect.DISCARD);
      String url = "jdbc:postgresql://127.0.0.1:" + port + "/" + database.name();
      Connection[] connection = new Connection[1];
      Run.await(
          "the restored server starts",
          () -> {
            try {
              connection[0] = DriverManager.getConnection(url, "postgres", server.password());
              return true;
            } catch (SQLException e) {
              return false;
            }
          });
      try (Connection there = connection[0]) {
        assertThat(Run.value(there, "SHOW archive_mode")).isEqualTo("off");
        assertThat(Run.value(there, "SELECT count(*) FROM big"))
            .isEqualTo(
                Run.value(there, "SELECT count(*) FROM big WHERE greeting = pg_hello(name, 2)"));
        return Run.value(there, "SELECT count(*) FROM big");
      }
    }
  }

  /** Returns the name of a segment that is archived then. */
  private String switchWal() throws Exception {
    Run.execute(
        superuser, "CREATE TABLE IF NOT EXISTS filler (i int)", "INSERT INTO filler VALUES (1)");
    String segment = Run.value(superuser, "SELECT pg_walfile_name(pg_switch_wal())");
    Run.await(
        segment + " is archived",
        () ->
            Run.value(
                    superuser,
                    "SELECT coalesce(last_archived_wal, '') >= '"
                        + segment
                        + "' FROM pg_stat_archiver")
                .equals("t"));
    return segment;
  }

  private void archiveBy(String command) throws Exception {
    Path written = folder.resolve("archive.new");
    Files.writeString(written, command + "\n");
    Files.move(written, archive, StandardCopyOption.REPLACE_EXISTING);
  }

  private Path config() {
    return folder.resolve("pgbackrest.conf");
  }

  private Map<String, String> environment() {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", "postgres");
    return environment;
  }
}
