// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.pgbackrest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.cli.Run;
import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.connect.Query;
import io.pghello.cli.system.CleanupStack;
import io.pghello.cli.system.Programs;
import io.pghello.cli.system.ScratchServer;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.TestDatabase;
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
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backs up a whole server with pgBackRest, and restores it to a time and to a restore point. */
class PgBackRestIT {
  private static final Pattern WORD = Pattern.compile("'[^']*'|\\S+");

  @TempDir private Path folder;

  private ExtensionServer server;
  private TestDatabase database;
  private Connection superuser;
  private Path backups;
  private Path archive;

  @BeforeEach
  void startServer() throws Exception {
    Path socket = Files.createDirectory(folder.resolve("socket"));
    backups = folder.resolve("backups");
    archive = folder.resolve("pgbackrest.sh");
    // a script, because tests change the command while the server runs
    archiveBy("exec pgbackrest --config=" + config() + " --stanza=main archive-push \"$1\"");
    server =
        ExtensionServer.builder()
            .extension("pg_hello")
            .setting("archive_mode", "on")
            .setting("archive_command", "sh " + archive + " %p")
            .setting("unix_socket_directories", socket.toString())
            .start();
    assumeTrue(Run.hasServer(server), "no programs of this version");
    assumeTrue(
        Programs.output("pgbackrest", "version").startsWith("pgBackRest"),
        "pgbackrest is not installed");
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
        [global:restore]
        delta=y
        link-all=y
        tablespace-map=far=%1$s/mapped
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
  void recoversDeletedData() throws Exception {
    Path far = Files.createDirectory(folder.resolve("far"));
    // the server may run as another user
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
            "app",
            NativeExtension.fromClassPath("pg_hello").version(),
            "is complete after",
            "Recovery point: 20");
    Path made = Backup.in(backups).get(0).directory();
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

    assertThat(folder.resolve("mapped"))
        .as("pgBackRest's configuration is not used")
        .doesNotExist();
    assertThat(folder.resolve("before-tablespaces")).isNotEmptyDirectory();

    refuses(3, "is not empty", "--to", named.toString());
    Path data = server.logFile().resolveSibling("data");
    refuses(3, data + " is not empty", "--to", data.toString());
    Path none = folder.resolve("none");
    refuses(3, "no complete backup", "--to", none.toString(), "--at", "2020-01-01T00:00:00Z");
    refuses(3, "in the future", "--to", none.toString(), "--at", "2999-01-01T00:00:00Z");
    refuses(2, "no such restore point", "--to", none.toString(), "--name", "unheard of");
    refuses(3, "set a data directory with --to", "app");
    assertThat(none).doesNotExist();
    Run dumps = Run.pghello(environment(), "backup", "--to", backups.toString(), database.name());
    assertThat(dumps.status()).isEqualTo(3);
    assertThat(dumps.err()).contains("already contains backups by pgBackRest");
    Run other = pgBackRestBackup(environment(), "other");
    assertThat(other.status()).isEqualTo(3);
    assertThat(other.err())
        .contains("already contains backups by pgBackRest of the stanza main: choose another");

    detectsWrongValuesAndMissingWal();
  }

  /** Also tests that a backup removes the directories of backups that pgBackRest has expired. */
  private void detectsWrongValuesAndMissingWal() throws Exception {
    // the stored values now differ from the function's results
    Run.execute(
        superuser,
        "CREATE TABLE other (name text, greeting text GENERATED ALWAYS AS (pg_hello(name, 2)) STORED)",
        "UPDATE pg_attrdef SET adbin = (SELECT adbin FROM pg_attrdef WHERE adrelid = 'other'::regclass)"
            + " WHERE adrelid = 'kept'::regclass AND adnum = 2");
    Run full = backup("--type", "full");
    assertThat(full.status()).as(full.err()).isZero();
    assertThat(full.out()).contains("Removed 1 expired by pgBackRest");
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
        .contains("the archive is incomplete: it has WAL up to ", "but recovery ended in ")
        .contains(
            "table public.kept has 300 values in greeting that differ from the",
            "cannot be relied on");
    Path rest = folder.resolve("rest");
    Run restore = restore("--to", rest.toString());
    assertThat(restore.status()).isEqualTo(2);
    assertThat(restore.out()).contains("the archive is incomplete");
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
    assertThat(absent.err()).contains("pgbackrest is not installed on this machine");
    assertThat(Backup.in(backups)).isEmpty();

    // the backup waits until WAL is archived
    Path waited = folder.resolve("waited");
    archiveBy("touch " + waited + "; exit 1");
    Run.Running waiting = Run.start(environment(), backupArguments("main"));
    Run.await("the server archives WAL", () -> Files.exists(waited));
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

  /** Returns settings with which the copy could act in place of the original, with such values. */
  private Map<String, String> waysOut() {
    String mark = "touch " + folder.resolve("struck");
    var ways = new TreeMap<String, String>();
    ways.put("archive_cleanup_command", mark);
    ways.put("archive_command", mark);
    ways.put("archive_library", "basic_archive");
    ways.put("archive_mode", "always");
    ways.put("autovacuum", "on");
    ways.put("autovacuum_freeze_max_age", "100000");
    ways.put("autovacuum_multixact_freeze_max_age", "10000");
    ways.put("cluster_name", "original");
    ways.put("dynamic_library_path", folder.toString());
    ways.put("event_triggers", "on");
    ways.put("external_pid_file", folder.resolve("struck.pid").toString());
    ways.put("hba_file", folder.resolve("other_hba.conf").toString());
    ways.put("hot_standby_feedback", "on");
    ways.put("huge_pages", "on");
    ways.put("ident_file", folder.resolve("other_ident.conf").toString());
    ways.put("io_method", "worker");
    ways.put("jit_provider", "unheard_of");
    ways.put("krb_server_keyfile", folder.resolve("keytab").toString());
    ways.put("listen_addresses", "*");
    ways.put("local_preload_libraries", "auto_explain");
    ways.put("log_destination", "csvlog,syslog");
    ways.put("log_directory", folder.toString());
    ways.put("log_filename", "struck.log");
    ways.put("logging_collector", "on");
    ways.put("max_logical_replication_workers", "4");
    ways.put("max_sync_workers_per_subscription", "3");
    ways.put("max_wal_senders", "11");
    ways.put("max_worker_processes", "9");
    ways.put("oauth_validator_libraries", "unheard_of");
    ways.put("port", "1");
    ways.put("primary_conninfo", "host=127.0.0.1 port=1");
    ways.put("primary_slot_name", "of_the_original");
    ways.put("recovery_end_command", mark);
    ways.put("restore_command", mark);
    ways.put("session_preload_libraries", "auto_explain");
    ways.put("shared_preload_libraries", "pg_prewarm");
    ways.put("ssl", "on");
    ways.put("ssl_passphrase_command", mark);
    ways.put("summarize_wal", "on");
    ways.put("sync_replication_slots", "on");
    ways.put("synchronous_standby_names", "*");
    ways.put("syslog_ident", "original");
    ways.put("temp_tablespaces", "far");
    ways.put("unix_socket_directories", folder.toString());
    ways.put("unix_socket_group", "unheard_of");
    ways.put("wal_receiver_create_temp_slot", "on");
    return ways;
  }

  /** These are set in the original's configuration, in an included file, and by ALTER SYSTEM. */
  @Test
  void noSettingOfTheOriginalCountsInItsCopy() throws Exception {
    Path data = server.logFile().resolveSibling("data");
    var configuration = new StringBuilder("include 'included.conf'\n");
    Map<String, String> ways = waysOut();
    ways.keySet()
        .retainAll(
            Query.values(superuser, "SELECT name FROM pg_settings WHERE context <> 'internal'"));
    for (Map.Entry<String, String> way : ways.entrySet()) {
      configuration.append("%s = '%s'\n".formatted(way.getKey(), way.getValue()));
    }
    Files.writeString(data.resolve("included.conf"), configuration.substring(24));
    Path file = data.resolve("postgresql.conf");
    String original = Files.readString(file);
    Files.writeString(file, original + configuration);
    Path automatic = data.resolve("postgresql.auto.conf");
    Files.writeString(automatic, configuration.substring(24));
    String name = database.name();
    Run.execute(
        superuser,
        "ALTER DATABASE \"%s\" SET session_preload_libraries = auto_explain".formatted(name),
        "ALTER ROLE postgres SET session_preload_libraries = auto_explain",
        "ALTER ROLE postgres IN DATABASE \"%s\" SET session_preload_libraries = auto_explain"
            .formatted(name),
        "SELECT pg_create_physical_replication_slot('of_the_original', true)");
    Run backup = backup();
    assertThat(backup.status()).as(backup.err()).isZero();

    Programs programs = Programs.ofServer(server.major(), null);
    Path temporary = Files.createDirectory(folder.resolve("temporary"));
    try (var undo = new CleanupStack()) {
      RecoveredServer copy =
          RecoveredServer.start(
              Backup.in(backups).get(0),
              programs,
              null,
              temporary,
              new RecoveredServer.Goal(null, null),
              1,
              List.of(),
              undo);
      try (Connection session = copy.target().in(name).connectForLong()) {
        assertThat(
                Query.values(
                    session, "SELECT name FROM pg_settings WHERE source = 'configuration file'"))
            .as("settings written by pgBackRest")
            .containsExactly("restore_command");
        assertThat(Run.value(session, "SHOW restore_command")).contains("archive-get");
        for (Map.Entry<String, String> way : ways.entrySet()) {
          assertThat(Run.value(session, "SHOW " + way.getKey()))
              .as(way.getKey())
              .isNotEqualTo(way.getValue());
        }
        for (String none :
            List.of(
                "listen_addresses",
                "local_preload_libraries",
                "session_preload_libraries",
                "shared_preload_libraries",
                "primary_conninfo",
                "recovery_end_command",
                "synchronous_standby_names")) {
          assertThat(Run.value(session, "SHOW " + none)).as(none).isEmpty();
        }
        for (String off :
            List.of("archive_mode", "autovacuum", "huge_pages", "logging_collector", "ssl")) {
          assertThat(Run.value(session, "SHOW " + off)).as(off).isEqualTo("off");
        }
        for (String number :
            List.of("max_logical_replication_workers", "max_wal_senders", "max_worker_processes")) {
          assertThat(Run.value(session, "SHOW " + number)).as(number).isEqualTo("0");
        }
        assertThat(Run.value(session, "SHOW unix_socket_directories"))
            .startsWith(temporary.toString());
        assertThat(
                Query.values(
                    session, "SELECT name FROM pg_settings WHERE name LIKE 'auto\\_explain.%'"))
            .as("libraries of the database and the role")
            .isEmpty();
        assertThat(Run.value(session, "SELECT count(*) FROM pg_replication_slots")).isEqualTo("0");
        assertThat(
                Query.values(
                    session,
                    "SELECT backend_type FROM pg_stat_activity WHERE backend_type NOT IN ('client backend', 'checkpointer',"
                        + " 'background writer', 'walwriter', 'io worker')"))
            .as("processes")
            .isEmpty();
        assertThat(copy.steps())
            .containsExactly(
                "ROLE ALL IN DATABASE %1$s loads auto_explain: ALTER ROLE ALL IN DATABASE %1$s RESET session_preload_libraries;"
                    .formatted(name),
                "ROLE postgres IN DATABASE %1$s loads auto_explain: ALTER ROLE postgres IN DATABASE %1$s RESET session_preload_libraries;"
                    .formatted(name),
                "ROLE postgres loads auto_explain: ALTER ROLE postgres RESET session_preload_libraries;");
      }
    }
    assertThat(folder).isDirectoryNotContaining("glob:**/struck*");

    Path kept = folder.resolve("kept");
    Run restore = restore("--to", kept.toString());
    assertThat(restore.status()).as(restore.err()).isZero();
    assertThat(restore.out())
        .contains(
            "disables archiving, subscriptions and preloaded libraries",
            "  ROLE postgres loads auto_explain");
    assertThat(kept.resolve("postgresql.auto.conf"))
        .content()
        .contains("listen_addresses = '*'")
        .endsWith(
            "max_logical_replication_workers = 0\nshared_preload_libraries = ''\nexternal_pid_file = ''\n");
    assertThat(folder).isDirectoryNotContaining("glob:**/struck*");
    Run preload =
        Run.pghello(Map.of(), "verify", "--from", backups.toString(), "--preload", "none");
    assertThat(preload.status()).isEqualTo(2);
    assertThat(preload.err()).contains("could not access file \"none\"");
  }

  /** Only a variable contains the secret. The spool directory belongs to the original server. */
  @Test
  void aCopyReadsTheArchiveAsPgBackRestIsConfiguredAndUsesNoSpoolDirectory() throws Exception {
    String configuration = Files.readString(config());
    String secret = "repo1-cipher-pass=of a test\n";
    assertThat(configuration).contains(secret);
    Run backup = backup();
    assertThat(backup.status()).as(backup.err()).isZero();
    Path spool = folder.resolve("spool");
    Files.writeString(
        config(),
        configuration.replace(secret, "archive-async=y\nspool-path=%s\n".formatted(spool)));
    Map<String, String> secretly = Map.of("PGBACKREST_REPO1_CIPHER_PASS", "of a test");
    archiveBy(
        "PGBACKREST_REPO1_CIPHER_PASS='of a test' exec pgbackrest --config=%s --stanza=main --no-archive-async archive-push \"$1\""
            .formatted(config()));
    Run.execute(superuser, "CREATE TABLE late AS SELECT 1 AS i");
    switchWal();
    Run verify = Run.pghello(secretly, "verify", "--from", backups.toString());
    assertThat(verify.status()).as(verify.out() + verify.err()).isZero();
    assertThat(spool).doesNotExist();
    Path kept = folder.resolve("kept");
    Run restore =
        Run.pghello(secretly, "restore", "--from", backups.toString(), "--to", kept.toString());
    assertThat(restore.status()).as(restore.err()).isZero();
    assertThat(spool).doesNotExist();
  }

  /**
   * The subscriber receives all rows, including rows that were inserted while the subscription was
   * disabled and a copy of the subscriber was running.
   */
  @Test
  void aCopyTakesNoChangesFromThePublisher() throws Exception {
    try (ExtensionServer publisher =
            ExtensionServer.builder()
                .extension("pg_hello")
                .setting("wal_level", "logical")
                .start();
        TestDatabase published = publisher.createDatabase("published");
        Connection there = published.superuserDataSource().getConnection()) {
      String table = "CREATE TABLE t (x text PRIMARY KEY)";
      Run.execute(there, table, "CREATE PUBLICATION p FOR TABLE t", "INSERT INTO t VALUES ('one')");
      Run.execute(
          superuser,
          table,
          "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=%d user=postgres password=%s dbname=%s' PUBLICATION p"
              .formatted(publisher.port(), publisher.password(), published.name()));
      String rows = "SELECT string_agg(x, ' ' ORDER BY x) FROM t";
      Run.await("the first row", () -> "one".equals(Run.value(superuser, rows)));
      Run.await(
          "the table is synchronized",
          () ->
              Run.value(superuser, "SELECT string_agg(srsubstate, '') FROM pg_subscription_rel")
                  .equals("r"));
      Run backup = backup();
      assertThat(backup.status()).as(backup.err()).isZero();
      // the WAL of this change is not archived, so the copy's subscription is still enabled
      Run.execute(superuser, "ALTER SUBSCRIPTION s DISABLE");
      Run.await(
          "the subscriber has disconnected",
          () ->
              Run.value(there, "SELECT count(*) FROM pg_replication_slots WHERE active")
                  .equals("0"));
      Run.execute(there, "INSERT INTO t VALUES ('two')");
      String slot = "SELECT slot_name || ' ' || confirmed_flush_lsn FROM pg_replication_slots";
      String before = Run.value(there, slot);

      Run verify = Run.pghello(Map.of(), "verify", "--from", backups.toString());
      assertThat(verify.status()).as(verify.err()).isZero();
      assertThat(Run.value(there, slot)).isEqualTo(before);
      Path kept = folder.resolve("kept");
      Run restore = restore("--to", kept.toString());
      assertThat(restore.status()).as(restore.err()).isZero();
      assertThat(restore.out())
          .contains(
              "  in database %s: ALTER SUBSCRIPTION s DISABLE; ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s;"
                  .formatted(database.name()));
      assertThat(Run.value(there, slot)).isEqualTo(before);

      Run.execute(superuser, "ALTER SUBSCRIPTION s ENABLE");
      Run.await("the second row", () -> "one two".equals(Run.value(superuser, rows)));
      Run.execute(superuser, "DROP SUBSCRIPTION s");
    }
  }

  /** Returns the commands of docs/backups.md that back up the whole server. */
  private static List<String> page() throws Exception {
    List<String> commands =
        Files.readAllLines(Path.of("../../docs/backups.md")).stream()
            .dropWhile(line -> !line.equals("## Point-in-time recovery"))
            .filter(line -> line.startsWith("$ "))
            .map(line -> line.substring(2))
            .toList();
    assertThat(commands).hasSize(5);
    return commands;
  }

  /** Runs a command of the page with the test's directories. The command must succeed. */
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

  /** Returns the number of rows in the restored table, and checks that all values are right. */
  private String rows(Path backup, Path data) throws Exception {
    Programs programs = Programs.ofServer(server.major(), null);
    try (var undo = new CleanupStack()) {
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

  /** Switches to a new WAL segment, and returns the name of the old one once it is archived. */
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
