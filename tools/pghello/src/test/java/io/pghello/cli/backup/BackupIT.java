// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.cli.Run;
import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.backup.directory.NewBackup;
import io.pghello.cli.system.Programs;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Backup, restore and verification with real servers. If this machine has no programs of the
 * server's version, the commands must report that.
 */
@PgHelloTest
class BackupIT {
  private static final int LIMIT_MILLIS = 700;

  @TempDir private Path folder;

  @Test
  void restoresDeletedRows(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    String name = database.name();
    String copy = name + "_copy";
    Map<String, String> environment = environment(server, database);
    Run.execute(
        superuser,
        "CREATE EXTENSION pg_hello_ops",
        "SELECT hello_ops.take_snapshot()",
        "CREATE TABLE people (name text, greeting text GENERATED ALWAYS AS (pg_hello(name, 2)) STORED)",
        "INSERT INTO people SELECT 'person ' || i FROM generate_series(1, 5000) i",
        "CREATE INDEX ON people (pg_hello(name, 3))",
        "CREATE TABLE \"odd \"\"name\"\" = 1\" (t text, number float)",
        "INSERT INTO \"odd \"\"name\"\" = 1\" VALUES (E'a\\\\b\\nc', 0.1), (NULL, 'NaN')",
        "ALTER DATABASE " + name + " SET track_functions = 'all'",
        "ALTER DATABASE " + name + " SET maintenance_work_mem = '77MB'",
        "CREATE MATERIALIZED VIEW memory AS SELECT current_setting('maintenance_work_mem') AS memory",
        "ALTER ROLE app IN DATABASE " + name + " SET search_path = public, \"A b\"",
        "REVOKE CONNECT ON DATABASE " + name + " FROM PUBLIC",
        "COMMENT ON DATABASE " + name + " IS 'the shop''s'");
    Run backup = backup(environment, name);
    if (!Run.hasClient(server)) {
      assertThat(backup.status()).isEqualTo(3);
      assertThat(backup.err())
          .contains("needs PostgreSQL's client programs of version " + server.major());
      assertThat(backups()).isEmpty();
      return;
    }
    assertThat(backup.err()).isEmpty();
    assertThat(backup.status()).isZero();
    assertThat(backup.out()).contains("Recovery point: 20", "is complete after");
    assertThat(backups())
        .hasSize(1)
        .allMatch(made -> made.matches("[0-9]{8}T[0-9]{6}\\.[0-9]{3}Z"));
    Path made = folder.resolve(backups().get(0));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
        .isEqualTo("rwx------");
    try (Stream<Path> files = Files.list(made)) {
      assertThat(files.filter(Files::isRegularFile).toList())
          .hasSizeGreaterThan(3)
          .allSatisfy(
              file ->
                  assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                      .isEqualTo("rw-------"));
    }
    assertThat(made.resolve("extension")).isDirectoryContaining("glob:**/pg_hello.control");
    assertThat(made.resolve("extension")).isDirectoryContaining("glob:**/pg_hello_ops--1.0.sql");
    assertThat(made.resolve("extension")).isDirectoryContaining("glob:**/pg_hello.so");
    assertThat(
            Programs.output(
                "sh", "-c", "cd " + made + " && sha256sum -c --quiet SHA256SUMS; echo $?"))
        .isEqualTo("0");

    if (Run.hasServer(server)) {
      Path metric = folder.resolve("pg_hello.prom");
      Run verify = verify(Map.of("PGHELLO_METRIC", metric.toString()), "--from", folder.toString());
      assertThat(verify.err()).isEmpty();
      assertThat(verify.status()).as(verify.out()).isZero();
      assertThat(metric)
          .content()
          .contains(
              String.format(
                  Locale.ROOT,
                  "\npg_hello_backup_verified_timestamp_seconds{database=\"%s\"} %.3f\n",
                  name,
                  Backup.find(folder, List.of(), null, null).time().toEpochMilli() / 1e3))
          .contains("\npg_hello_restore_seconds{database=\"" + name + "\"} ");
      assertThat(verify.out()).contains("as it was", "can be restored", "Recovery time: ");
      assertThat(made.resolve("verified.properties")).exists();
    }

    Run.execute(
        superuser,
        "DELETE FROM people WHERE name > 'person 2'",
        "UPDATE hello_ops.snapshot SET calls = 1");
    String left = Run.value(superuser, "SELECT count(*) FROM people");
    Run occupied = restore(environment, name);
    assertThat(occupied.status()).isEqualTo(3);
    assertThat(occupied.err()).contains("database \"" + name + "\" already exists: use --replace");

    Run beside = restore(environment, name, "--as", copy);
    assertThat(beside.status()).as(beside.err()).isZero();
    assertThat(
            Run.value(
                superuser, "SELECT has_database_privilege('public', '" + copy + "', 'CONNECT')"))
        .isEqualTo("f");

    assertThat(
            Run.value(
                superuser,
                "SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON setdatabase = d.oid WHERE datname = '"
                    + copy
                    + "'"))
        .isEqualTo("0");

    Run restore = restore(environment, name, "--replace", "--json");
    assertThat(restore.err()).isEmpty();
    assertThat(restore.status()).isZero();
    String before;
    try (Connection again = database.superuserDataSource().getConnection()) {
      assertThat(Run.json(again, restore.out(), "$.recovery_seconds")).isNotEmpty();
      before = Run.json(again, restore.out(), "$.databases[0].before");
      assertThat(Run.value(again, "SELECT count(*) FROM people WHERE greeting = pg_hello(name, 2)"))
          .isEqualTo("5000");
      assertThat(Run.value(again, "SELECT count(*) FROM hello_ops.snapshot WHERE calls = 1"))
          .isEqualTo("0");
      assertThat(Run.value(again, "SHOW track_functions")).isEqualTo("all");
      assertThat(Run.value(again, "SHOW maintenance_work_mem")).isEqualTo("77MB");
      // During the restore.
      assertThat(Run.value(again, "SELECT memory FROM memory")).isEqualTo("256MB");
      assertThat(
              Run.value(
                  again,
                  "SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d ON setdatabase = d.oid"
                      + " WHERE datname = current_database() AND setrole = 'app'::regrole"))
          .isEqualTo("{\"search_path=public, \\\"A b\\\"\"}");
      assertThat(
              Run.value(
                  again, "SELECT has_database_privilege('public', current_database(), 'CONNECT')"))
          .isEqualTo("f");
      assertThat(
              Run.value(
                  again,
                  "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"))
          .isEqualTo("the shop's");
      assertThat(
              Run.value(
                  again,
                  "SELECT datdba::regrole FROM pg_database WHERE datname = current_database()"))
          .isEqualTo("app");
      assertThat(
              Run.value(
                  again, "SELECT datallowconn FROM pg_database WHERE datname = '" + before + "'"))
          .isEqualTo("f");
      Run.execute(again, "ALTER DATABASE " + before + " ALLOW_CONNECTIONS true");
      try (Connection old =
          DriverManager.getConnection(database.superuserJdbcUrl().replace(name, before))) {
        assertThat(Run.value(old, "SELECT count(*) FROM people")).isEqualTo(left);
      }
      Run.execute(again, "DROP DATABASE " + before, "DROP DATABASE " + copy);
      assertNothingLeft(again);
    }
  }

  /** A dump contains CREATE EXTENSION without a version, so the server's files determine it. */
  @Test
  void reportsExtensionVersion(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    String name = database.name();
    Run.execute(superuser, "DROP EXTENSION pg_hello", "CREATE EXTENSION pg_hello VERSION '1.0'");
    assertThat(backup(environment, name).out()).contains(" 1.0 ");
    Path made = folder.resolve(backups().get(0));
    Path about = made.resolve("backup.properties");
    Files.writeString(about, Files.readString(about).replace("extension.1=1.0", "extension.1=0.9"));
    Files.delete(made.resolve("SHA256SUMS"));
    Backup.seal(made);
    Run copy = restore(environment, name, "--as", name + "_copy", "--json");
    assertThat(copy.status()).as(copy.err()).isZero();
    assertThat(Run.json(superuser, copy.out(), "$.databases[0].pg_hello"))
        .isEqualTo(NativeExtension.fromClassPath("pg_hello").version());
    Run.execute(superuser, "DROP DATABASE " + name + "_copy");
    assumeTrue(Run.hasServer(server), "no programs of this version");
    // A duplicate name counts once.
    Run verify = verify(Map.of(), "--json", "--from", folder.toString(), name, name);
    assertThat(verify.status()).as(verify.out() + verify.err()).isZero();
    assertThat(Run.json(superuser, verify.out(), "$.databases[0].pg_hello"))
        .isEqualTo(NativeExtension.fromClassPath("pg_hello").version());
    assertThat(Run.json(superuser, verify.out(), "$.databases.size()")).isEqualTo("1");
  }

  @Test
  void restoresAllDatabasesAndRoles() throws Exception {
    try (ExtensionServer source = ExtensionServer.start("pg_hello");
        TestDatabase shop = source.createDatabase("shop");
        TestDatabase plain = source.createDatabase("plain 'p'");
        Connection superuser = shop.superuserDataSource().getConnection()) {
      assumeTrue(Run.hasClient(source) && Run.hasServer(source), "no programs of this version");
      Run.execute(
          superuser,
          "CREATE ROLE \"o'brien\" LOGIN PASSWORD 'secret; --' IN ROLE pg_monitor",
          "COMMENT ON ROLE \"o'brien\" IS E'two\\nlines; '",
          "ALTER ROLE \"o'brien\" SET search_path = 'x'",
          "GRANT app TO \"o'brien\"",
          "CREATE TABLE mine (i int)",
          "ALTER TABLE mine OWNER TO \"o'brien\"");
      try (Connection other = plain.superuserDataSource().getConnection()) {
        Run.execute(
            other, "DROP EXTENSION pg_hello", "CREATE TABLE rows AS SELECT generate_series(1, 10)");
      }
      Run backup = backup(environment(source, shop));
      assertThat(backup.status()).as(backup.err()).isZero();
      assertThat(verify(Map.of(), "--from", folder.toString()).status()).isZero();

      try (ExtensionServer goal = ExtensionServer.start("pg_hello");
          TestDatabase any = goal.createDatabase("any");
          Connection there = any.superuserDataSource().getConnection()) {
        Map<String, String> environment = environment(goal, any);
        Run missing = restore(environment, "shop");
        assertThat(missing.status()).isEqualTo(3);
        assertThat(missing.err())
            .contains(
                "role \"o'brien\" does not exist: use --roles to create the roles of the backup");
        assertNothingLeft(there);
        Run restore = restore(environment, "shop", "plain 'p'", "--roles");
        assertThat(restore.status()).as(restore.err()).isZero();
        assertThat(restore.out()).contains("Created roles: \"o'brien\"");
        assertThat(
                Run.value(
                    there,
                    "SELECT pg_has_role('o''brien', 'app', 'MEMBER') AND pg_has_role('o''brien', 'pg_monitor', 'MEMBER')"))
            .isEqualTo("t");
        assertThat(Run.value(there, "SELECT rolconfig FROM pg_roles WHERE rolname = 'o''brien'"))
            .isEqualTo("{search_path=x}");
        try (Connection asBrien =
            DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + goal.port() + "/shop", "o'brien", "secret; --")) {
          assertThat(Run.value(asBrien, "SELECT count(*) FROM public.mine")).isEqualTo("0");
        }
      }
    }
  }

  /**
   * The restored database is identical to the last privilege and row, on this server and another
   * one.
   */
  @Test
  void restoresObjectsOfSeveralOwners(ExtensionServer server) throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    try (ExtensionServer source = ExtensionServer.builder().extension("pg_hello").start();
        TestDatabase shop = source.createDatabase("shop");
        ExtensionServer goal = ExtensionServer.builder().extension("pg_hello").start();
        TestDatabase any = goal.createDatabase("any");
        Connection superuser = shop.superuserDataSource().getConnection()) {
      Run.execute(superuser, Files.readString(Path.of("src/test/resources/several-owners.sql")));
      Map<String, String> here = environment(source, shop);
      assertThat(backup(here).status()).isZero();
      String before = dump(source, here, "shop");
      assertThat(before).contains("alice", "\"x bob\"", "the audit''s");

      Run.execute(superuser, "DELETE FROM shop.reviews", "DROP TABLE shop.audit");
      Instant begin = Instant.now();
      Run restore = restore(here, "--replace", "shop");
      assertThat(restore.status()).as(restore.err()).isZero();
      assertThat(restore.out()).contains("Recovery time: ");
      assertThat(dump(source, here, "shop")).isEqualTo(before);
      assertThat(Duration.between(begin, Instant.now())).isLessThan(Duration.ofMinutes(5));
      Map<String, String> there = environment(goal, any);
      restore = restore(there, "--roles", "shop");
      assertThat(restore.status()).as(restore.err()).isZero();
      assertThat(dump(goal, there, "shop")).isEqualTo(before);
      if (Run.hasServer(source)) {
        Run verify = verify(Map.of(), "--from", folder.toString(), "shop");
        assertThat(verify.status()).as(verify.out() + verify.err()).isZero();
      }

      // Only a superuser creates that, regardless of the owner.
      try (Connection again = shop.superuserDataSource().getConnection()) {
        Run.execute(
            again,
            "DROP EVENT TRIGGER log",
            "CREATE FUNCTION shop.leaks() RETURNS int LEAKPROOF LANGUAGE sql AS 'SELECT 1'",
            "ALTER FUNCTION shop.leaks() OWNER TO alice");
        assertThat(backup(here, "shop").status()).isZero();
        Run refused = restore(here, "--as", "copy", "shop");
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.err()).contains("only superuser can define a leakproof function");
        assertThat(refused.err()).contains("--trust-owners").hasLineCount(1);
        assertThat(
                Run.value(
                    again,
                    "SELECT string_agg(name, ' ') FROM (SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles) n (name)"
                        + " WHERE name LIKE 'pghello%' OR name = 'copy'"))
            .isNull();
        Run.execute(again, "CREATE ROLE dba LOGIN CREATEDB PASSWORD 'dba' IN ROLE postgres");
        var asDba = new HashMap<>(here);
        asDba.putAll(Map.of("PGUSER", "dba", "PGPASSWORD", "dba"));
        Run powerful = restore(asDba, "--as", "copy", "shop");
        assertThat(powerful.status()).isEqualTo(3);
        assertThat(powerful.err()).contains("code of object owners could gain superuser rights");
        Run trusted = restore(here, "--as", "copy", "--trust-owners", "shop");
        assertThat(trusted.status()).as(trusted.err()).isZero();
        assertThat(dump(source, here, "copy")).isEqualTo(dump(source, here, "shop"));
      }
    }
  }

  /** Returns pg_dump's output for a database: catalogs, privileges and rows. */
  private static String dump(
      ExtensionServer server, Map<String, String> environment, String database) {
    Programs programs = Programs.forServer(server.major(), null);
    Run run =
        Run.start(environment, List.of(programs.path("pg_dump"), "--no-password", database)).end();
    assertThat(run.status()).as(run.err()).isZero();
    return run.out().replaceAll("(?m)^.(un)?restrict .*$", "");
  }

  @Test
  void rejectsDamagedBackups(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    assumeTrue(Run.hasClient(server) && Run.hasServer(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    Run.execute(superuser, "CREATE TABLE numbers AS SELECT generate_series(1, 3) i");
    assertThat(backup(environment, database.name()).status()).isZero();
    Path made = folder.resolve(backups().get(0));
    Path contents = made.resolve("db-" + database.name() + ".contents");
    Path sums = made.resolve("SHA256SUMS");

    String right = Files.readString(contents);
    Files.writeString(contents, right.replace("public.numbers=3 ", "public.numbers=4 "));
    Run verify = verify(Map.of(), "--from", folder.toString());
    assertThat(verify.status()).isEqualTo(2);
    assertThat(verify.err())
        .contains(contents.getFileName() + " has changed since the backup")
        .hasLineCount(1);
    // A restore waits until the checksums are verified.
    Path large = large(made, 1 << 28);
    assertThat(restore(environment, database.name(), "--replace").status()).isEqualTo(2);
    assertNothingLeft(superuser);

    String whole = Files.readString(sums);
    for (String nothing : List.of("", "no sums")) {
      Files.writeString(sums, nothing);
      verify = verify(Map.of(), "--from", folder.toString());
      assertThat(verify.status()).isEqualTo(2);
      assertThat(verify.err()).contains("is damaged: SHA256SUMS is incomplete").hasLineCount(1);
    }
    Files.writeString(sums, whole);
    Files.writeString(contents, right);
    Path dump = made.resolve("db-" + database.name() + ".dump");
    byte[] sound = Files.readAllBytes(dump);
    byte[] damaged = sound.clone();
    damaged[0] ^= 1;
    Files.write(dump, damaged);
    // This file is small enough that its checksum is verified while a failed restore waits, even on
    // a busy machine.
    large(made, 1 << 26);
    // pg_restore detects it earlier, but does not report the file.
    assertThat(restore(environment, database.name(), "--replace").err())
        .contains(dump.getFileName() + " has changed since the backup")
        .hasLineCount(1);
    Files.write(dump, sound);
    Files.delete(large);

    // A backup with matching checksums that still differs.
    Files.writeString(contents, right.replace("public.numbers=3 ", "public.numbers=4 "));
    Files.delete(sums);
    Backup.seal(made);
    Path metric = folder.resolve("pg_hello.prom");
    verify = verify(Map.of(), "--from", folder.toString(), "--metric", metric.toString());
    assertThat(metric).doesNotExist();
    assertThat(verify.status()).isEqualTo(2);
    assertThat(verify.out())
        .contains("table public.numbers has 3 rows instead of 4", "cannot be relied on");
    assertThat(made.resolve("verified.properties")).doesNotExist();

    Files.writeString(contents, right);
    Files.delete(sums);
    Backup.seal(made);
    Files.delete(made.resolve("extension/pg_hello.so"));
    assertThat(verify(Map.of(), "--from", folder.toString()).err()).contains(" is missing");
    Files.delete(sums);
    Backup.seal(made);
    verify = verify(Map.of(), "--from", folder.toString());
    assertThat(verify.status()).isEqualTo(2);
    assertThat(verify.err()).contains("pg_hello");

    Files.delete(sums);
    verify = verify(Map.of(), "--from", folder.toString());
    assertThat(verify.status()).isEqualTo(3);
    assertThat(verify.err()).contains("there is no complete backup in");
  }

  @Test
  void cleansUpAfterInterruption(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    String name = database.name();
    Run.execute(
        superuser,
        "CREATE FUNCTION slow(i int) RETURNS boolean LANGUAGE sql AS $$"
            + " SELECT pg_sleep(CASE WHEN current_database() LIKE 'pghello_restore%' THEN 3600 ELSE 0 END) IS NOT NULL $$",
        "CREATE TABLE numbers (i int CHECK (public.slow(i)))",
        "INSERT INTO numbers SELECT generate_series(1, 3)");
    assertThat(backup(environment, name).status()).isZero();

    try (Connection holder = database.superuserDataSource().getConnection()) {
      holder.setAutoCommit(false);
      Run.execute(holder, "LOCK TABLE numbers");
      Run.Running waits = startBackup(environment, name);
      Run.await(
          "pg_dump and pghello are waiting",
          () ->
              Run.value(
                      superuser,
                      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
                  .equals("2"));
      Run second = backup(environment, name);
      assertThat(second.status()).isEqualTo(3);
      assertThat(second.err()).contains("another backup to");
      Run ended = waits.interrupt();
      assertThat(ended.status()).isEqualTo(143);
    }
    assertThat(backups()).hasSize(1);
    Run.await(
        "sessions end",
        () ->
            Run.value(
                    superuser,
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('pghello', 'pg_dump')")
                .equals("0"));

    Run.Running restoring =
        Run.start(environment, "restore", "--from", folder.toString(), "--replace", name);
    Run.await(
        "pg_restore is waiting",
        () ->
            Run.value(
                    superuser,
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname LIKE 'pghello_restore%'")
                .equals("1"));
    assertThat(restoring.interrupt().status()).isEqualTo(143);
    assertNothingLeft(superuser);

    // Its checksums are read within two seconds, when pg_restore is running.
    Path made = folder.resolve(backups().get(0));
    large(made, 1 << 27);
    Files.writeString(made.resolve("db-" + name + ".contents"), "damaged");
    Run damaged = restore(environment, name, "--replace");
    assertThat(damaged.err()).contains("is damaged: ", "has changed since the backup");
    assertThat(damaged.status()).isEqualTo(2);
    assertNothingLeft(superuser);
    assertThat(Run.value(superuser, "SELECT count(*) FROM numbers")).isEqualTo("3");
  }

  /** Users with write access to the directory could swap backups. */
  @Test
  void protectsDirectoryUnderAnyUmask(ExtensionServer server, TestDatabase database)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Path deep = folder.resolve("missing/backups");
    var command = new ArrayList<>(List.of("sh", "-c", "umask 000 && exec \"$@\"", "sh"));
    command.addAll(Run.command("backup", "--to", deep.toString(), database.name()));
    Run backup = Run.start(environment(server, database), command).end();
    assertThat(backup.status()).as(backup.err()).isZero();
    try (Stream<Path> paths = Files.walk(folder.resolve("missing"))) {
      for (Path path : paths.toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
            .as(path.toString())
            .matches(
                Files.isDirectory(path)
                    ? "rwx------"
                    : path.toString().contains("/extension/") ? "rw-r--r--" : "rw-------");
      }
    }
  }

  /** The dump is read in parallel with the checks, which may fail first. */
  @Test
  void leavesNoTemporaryFiles(
      ExtensionServer server,
      TestDatabase database,
      @TempDir Path temporary,
      @TempDir Path programs)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    String name = database.name();
    assertThat(backup(environment, name).status()).isZero();
    environment.put("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + temporary);
    write(programs.resolve("pg_dump"), "echo 'pg_dump (PostgreSQL) %d'".formatted(server.major()));
    String bindir = "--bindir=" + programs;

    assertThat(restore(environment, name, bindir).err()).contains("already exists");
    assertThat(temporary).isEmptyDirectory();
    Run missing = restore(environment, name, "--as=copy", bindir);
    assertThat(missing.err()).contains("cannot run " + programs.resolve("pg_restore"));
    assertThat(missing.status()).isEqualTo(3);
    assertThat(temporary).isEmptyDirectory();

    Path began = programs.resolve("began");
    write(programs.resolve("pg_restore"), ": >'" + began + "'\nexec sleep 3600");
    assertThat(restore(environment, name, bindir).err()).contains("already exists");
    assertThat(temporary).isEmptyDirectory();
    Files.deleteIfExists(began);
    Run.Running reading =
        Run.start(environment, "restore", "--from", folder.toString(), name, "--as=copy", bindir);
    Run.await("it is reading the dump", () -> Files.exists(began));
    assertThat(reading.interrupt().status()).isEqualTo(143);
    assertThat(temporary).isEmptyDirectory();
  }

  private static void write(Path program, String script) throws IOException {
    Files.writeString(program, "#!/bin/sh\n" + script + "\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "backup --to none --type full, --type requires --pgbackrest",
    "backup --to none --pgbackrest main --type all, '--type must be full, diff or incr'",
    "backup --to none --config conf, --config requires --pgbackrest",
    "backup --to none --pgbackrest main app, --pgbackrest backs up the whole server",
    "maintain --daily --backups none --config conf, --config requires --pgbackrest"
  })
  void rejectsIncompatibleOptions(String command, String why) {
    Run run = Run.pghello(Map.of(), command.split(" "));
    assertThat(run.err()).contains(why).hasLineCount(1);
    assertThat(run.status()).isEqualTo(3);
    assertThat(Path.of("none")).doesNotExist();
  }

  /** Leftovers of {@code kill -9} are reported, but not while a session uses them. */
  @Test
  void reportsLeftoversOfKilledRestore(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    String name = database.name();
    String left = "pghello_restore_0123abcd";
    assertThat(backup(environment, name).status()).isZero();
    Run.execute(superuser, "CREATE DATABASE " + left);
    try {
      Run restore = restore(environment, name, "--as", name + "_copy");
      assertThat(restore.status()).isZero();
      assertThat(restore.err()).contains("DROP DATABASE " + left + ";").hasLineCount(1);
      try (Connection other =
          DriverManager.getConnection(
              database.superuserJdbcUrl().replace("/" + name, "/" + left))) {
        assertThat(restore(environment, name, "--as", name + "_other").err()).isEmpty();
        assertThat(Run.value(other, "SELECT current_database()")).isEqualTo(left);
      }
    } finally {
      Run.execute(
          superuser,
          "DROP DATABASE " + left + " WITH (FORCE)",
          "DROP DATABASE IF EXISTS " + name + "_copy",
          "DROP DATABASE IF EXISTS " + name + "_other");
    }
  }

  /**
   * The database is closed while its sessions are terminated, and a session that hangs in the
   * kernel does not end.
   */
  @Test
  void reportsDatabaseClosedByKilledRestore(ExtensionServer server, TestDatabase database)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    String name = database.name();
    assertThat(backup(environment, name).status()).isZero();
    try (Connection session = database.superuserDataSource().getConnection();
        Connection superuser =
            DriverManager.getConnection(
                database.superuserJdbcUrl().replace("/" + name, "/postgres"))) {
      String closed = "SELECT NOT datallowconn FROM pg_database WHERE datname = '" + name + "'";
      String process = Run.value(session, "SELECT pg_backend_pid()");
      Programs.output("kill", "-STOP", process);
      try {
        Run.Running restoring =
            Run.start(environment, "restore", "--from", folder.toString(), "--replace", name);
        Run.await("it is closed", () -> Run.value(superuser, closed).equals("t"));
        restoring.process().toHandle().destroyForcibly();
        restoring.end();
      } finally {
        Programs.output("kill", "-CONT", process);
      }
      String left =
          Run.value(
              superuser, "SELECT datname FROM pg_database WHERE datname LIKE 'pghello_restore%'");
      Run.await(
          "its sessions have ended",
          () ->
              Run.value(
                      superuser,
                      "SELECT count(*) FROM pg_stat_activity WHERE datname = '" + left + "'")
                  .equals("0"));
      environment.put("PGDATABASE", "postgres");
      Run restore = restore(environment, name, "--as", name + "_copy");
      assertThat(restore.status()).as(restore.err()).isZero();
      String open = "ALTER DATABASE " + name + " ALLOW_CONNECTIONS true;";
      assertThat(restore.err()).contains(open + " DROP DATABASE " + left + ";").hasLineCount(1);
      Run.execute(superuser, open, "DROP DATABASE " + left, "DROP DATABASE " + name + "_copy");
      assertNothingLeft(superuser);
    }
  }

  /** No session can connect to an incomplete database, nor can attempts make the restore fail. */
  @Test
  void blocksConnectionsToIncompleteDatabase(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    String name = database.name();
    String stranger = name + "_stranger";
    String goOn = name + "_go_on";
    Run.execute(
        superuser,
        "CREATE FUNCTION slow(i int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN"
            + " WHILE current_database() LIKE 'pghello_restore%' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '"
            + goOn
            + "') LOOP PERFORM pg_sleep(0.02); END LOOP; RETURN true; END$$",
        "CREATE TABLE numbers (i int CHECK (public.slow(i)))",
        "INSERT INTO numbers SELECT generate_series(1, 3)",
        "CREATE ROLE " + stranger + " LOGIN PASSWORD 'x'");
    try {
      assertThat(backup(environment, name).status()).isZero();
      Run.Running restoring =
          Run.start(environment, "restore", "--from", folder.toString(), "--replace", name);
      Run.await(
          "pg_restore is waiting",
          () ->
              Run.value(
                      superuser,
                      "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname LIKE 'pghello_restore%'")
                  .equals("1"));
      String passing =
          Run.value(
              superuser, "SELECT datname FROM pg_database WHERE datname LIKE 'pghello_restore%'");
      String url = "jdbc:postgresql://127.0.0.1:" + server.port() + "/" + passing;
      assertThatThrownBy(() -> DriverManager.getConnection(url, stranger, "x"))
          .hasMessageContaining("permission denied for database");
      // The owner of the database, who could call functions before they are revoked from PUBLIC.
      assertThatThrownBy(() -> DriverManager.getConnection(url, "app", server.password()))
          .hasMessageContaining("permission denied for database");
      try (Connection maintenance =
          DriverManager.getConnection(
              database.superuserJdbcUrl().replace("/" + name, "/postgres"))) {
        Run.execute(maintenance, "CREATE ROLE " + goOn);
        Run restore = restoring.end();
        assertThat(restore.err()).isEmpty();
        assertThat(restore.status()).isZero();
        assertThat(
                Run.value(
                    maintenance,
                    "SELECT datdba::regrole FROM pg_database WHERE datname = '" + name + "'"))
            .isEqualTo("app");
        assertThat(
                Run.value(
                    maintenance,
                    "SELECT has_database_privilege('public', '"
                        + name
                        + "', 'CONNECT') AND has_database_privilege('public', '"
                        + name
                        + "', 'TEMPORARY') AND datallowconn FROM pg_database WHERE datname = '"
                        + name
                        + "'"))
            .isEqualTo("t");
        String before =
            Run.value(
                maintenance,
                "SELECT datname FROM pg_database WHERE datname LIKE '" + name + "_before_%'");
        Run.execute(maintenance, "DROP DATABASE " + before);
      }
    } finally {
      try (Connection again = database.superuserDataSource().getConnection()) {
        Run.execute(again, "DROP ROLE IF EXISTS " + goOn, "DROP ROLE " + stranger);
      }
    }
  }

  @Test
  void reportsFailures(ExtensionServer server, TestDatabase database, WireProxy proxy)
      throws Exception {
    // A direct connection, because the test's own ones use the proxy.
    try (Connection superuser = database.superuserDataSource().getConnection()) {
      assumeTrue(Run.hasClient(server), "no programs of this version");
      Map<String, String> environment = environment(server, database);
      String name = database.name();
      environment.put("PGUSER", "app");
      Run run = backup(environment, name);
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.err()).contains("may not read the extension's files", "--without-files");
      assertThat(backups()).isEmpty();
      run = backup(environment, name, "--without-files");
      assertThat(run.status()).as(run.err()).isZero();

      Run.execute(superuser, "CREATE TABLE secrets (i int)");
      run = backup(environment, name, "--without-files");
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.err()).startsWith("pghello backup: " + name + ": ").contains("secrets");
      Run.execute(superuser, "DROP TABLE secrets");

      String odd = name + "\nline";
      try (TestDatabase lines = server.createDatabase(odd)) {
        Run named = backup(environment, "--without-files", lines.name());
        assertThat(named.err()).contains("database " + name + "\\u000aline has a line break");
        assertThat(named.status()).isEqualTo(1);
      }
      Path file = Files.createFile(folder.resolve("file"));
      Path data = Path.of(Run.value(superuser, "SHOW data_directory"));
      Path link = Files.createSymbolicLink(folder.resolve("link"), data);
      for (Path wrong :
          List.of(file, Path.of(""), data.resolve("backups/app"), link.resolve("backups"))) {
        Run refused =
            Run.pghello(environment(server, database), "backup", "--to", wrong.toString(), name);
        assertThat(refused.status()).as(refused.out()).isIn(2, 3);
        assertThat(refused.err())
            .containsPattern("the file already exists|--to must name a directory|data directory")
            .doesNotContain("Exception")
            .hasLineCount(1);
      }
      Files.delete(file);
      Files.delete(link);

      run = backup(environment, "unheard-of");
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.err()).contains("there is no database \"unheard-of\"");
      environment.put("PGPASSWORD", "wrong");
      run = backup(environment, name);
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.err()).contains("SQLSTATE 28P01").hasLineCount(1);

      environment = environment(server, database);
      environment.put("PGPORT", String.valueOf(proxy.port()));
      Run.execute(superuser, "CREATE TABLE numbers (i int)");
      try (Connection holder = database.superuserDataSource().getConnection()) {
        holder.setAutoCommit(false);
        Run.execute(holder, "LOCK TABLE numbers");
        Run.Running waits = startBackup(environment, name);
        Run.await(
            "pg_dump and pghello are waiting",
            () ->
                Run.value(
                        superuser,
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
                    .equals("2"));
        proxy.resetConnections();
        Run ended = waits.end();
        assertThat(ended.status()).isEqualTo(2);
        assertThat(ended.err()).contains("pghello backup: ");
      }
      assertThat(backups()).as("only backups without files").hasSize(2);
    }
  }

  /** The owner of an object can lock it as long as the owner likes. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "LOCK TABLE mine.t IN ACCESS EXCLUSIVE MODE | mine.t is locked by session",
        "ALTER SEQUENCE mine.s RENAME TO r | mine.s is locked by session",
        "ALTER VIEW mine.v RENAME TO w | mine.v is locked by session",
        "ALTER SCHEMA mine RENAME TO yours | is locked by session"
      })
  void leavesOutDatabasesThatAreLocked(
      String lock, String locked, ExtensionServer server, TestDatabase database) throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    try (TestDatabase other = server.createDatabase();
        Connection owner = database.dataSource().getConnection()) {
      Run.execute(
          owner,
          "CREATE SCHEMA mine",
          "CREATE TABLE mine.t (i int)",
          "CREATE SEQUENCE mine.s",
          "CREATE VIEW mine.v AS SELECT i FROM mine.t");
      String process = Run.value(owner, "SELECT pg_backend_pid()");
      owner.setAutoCommit(false);
      Run.execute(owner, lock);
      Run run = backup(environment, "--lock-timeout=1s", database.name(), other.name());
      assertThat(run.status()).as(run.out() + run.err()).isEqualTo(2);
      assertThat(run.err())
          .startsWith(database.name() + ": ")
          .contains(locked + " " + process + " of role app", "--lock-timeout")
          .hasLineCount(1);
      assertThat(run.out()).contains(other.name(), ", without " + database.name());
      Path made = folder.resolve(backups().get(0));
      assertThat(backups()).hasSize(1);
      assertThat(Backup.dump(made, other.name())).exists();
      assertThat(Backup.dump(made, database.name())).doesNotExist();
      assertThat(Backup.find(folder, List.of(), null, null).databases())
          .containsExactly(other.name());

      Run alone = backup(environment, "--lock-timeout=1s", database.name());
      assertThat(alone.status()).isEqualTo(2);
      assertThat(alone.err()).contains(locked + " " + process).hasLineCount(1);
      assertThat(backups()).hasSize(1);
      owner.rollback();
      Run restore = restore(environment, "--as", other.name() + "_copy", other.name());
      assertThat(restore.status()).as(restore.err()).isZero();
      try (Connection superuser = other.superuserDataSource().getConnection()) {
        Run.execute(superuser, "DROP DATABASE " + other.name() + "_copy");
      }
    }
  }

  /** The time limit includes the waits of all attempts. */
  @Test
  void stopsTryingAfterLockTimeout(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Run.execute(superuser, "CREATE TABLE locked (i int)");
    try (Connection holder = database.superuserDataSource().getConnection()) {
      holder.setAutoCommit(false);
      Run.execute(holder, "LOCK TABLE locked");
      // Each attempt takes ten seconds.
      Run run = backup(environment(server, database), "--lock-timeout=11s", database.name());
      assertThat(run.err()).contains("locked is locked by session", "--lock-timeout");
      assertThat(run.status()).isEqualTo(2);
    }
  }

  /** Such a file would be incomplete. */
  @Test
  void leavesNoFilesOfAFailedDump(ExtensionServer server, TestDatabase database) throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    try (TestDatabase other = server.createDatabase();
        Connection superuser = other.superuserDataSource().getConnection()) {
      // pg_dump reads it after it has created the file.
      Run.execute(superuser, "CREATE SEQUENCE secrets");
      Map<String, String> environment = Run.environment(server, database);
      Run run = backup(environment, "--without-files", database.name(), other.name());
      assertThat(run.err()).startsWith(other.name() + ": ").contains("secrets").hasLineCount(1);
      assertThat(run.status()).isEqualTo(2);
      try (Stream<Path> files = Files.list(folder.resolve(backups().get(0)))) {
        assertThat(files.map(file -> file.getFileName().toString()))
            .containsExactlyInAnyOrder(
                "SHA256SUMS",
                "backup.properties",
                "db-" + database.name() + ".contents",
                "db-" + database.name() + ".dump",
                "roles.sql");
      }
    }
  }

  /** The owner of a database can change what happens when a session logs in. */
  @Test
  void leavesOutDatabasesThatCannotBeDumped() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase first = server.createDatabase("first");
        TestDatabase second = server.createDatabase("second");
        TestDatabase unusable = server.createDatabase("unusable");
        Connection superuser = first.superuserDataSource().getConnection();
        Connection owner = first.dataSource().getConnection()) {
      assumeTrue(Run.hasClient(server), "no programs of this version");
      Map<String, String> environment = environment(server, first);
      Run.execute(
          owner, "ALTER DATABASE " + second.name() + " SET local_preload_libraries = 'gone'");
      // Like after an interrupted DROP DATABASE.
      Run.execute(
          superuser,
          "UPDATE pg_database SET datconnlimit = -2 WHERE datname = '" + unusable.name() + "'");
      Run all = backup(environment);
      assertThat(all.status()).as(all.out() + all.err()).isEqualTo(2);
      assertThat(all.err())
          .startsWith("second: ")
          .contains("could not access file")
          .hasLineCount(1);
      assertThat(all.out()).contains(", without second");
      assertThat(Backup.find(folder, List.of("first"), null, null).databases())
          .contains("postgres")
          .doesNotContain("second", "unusable");
      Run alone = backup(environment, "second");
      assertThat(alone.status()).isEqualTo(2);
      assertThat(alone.err()).startsWith("pghello backup: second: ").hasLineCount(1);
      assertThat(backups()).hasSize(1);
      Run.execute(superuser, "ALTER DATABASE second RESET ALL");
      Run.execute(superuser, "UPDATE pg_database SET datconnlimit = -1");
    }
  }

  /** An application may drop a table after the snapshot, before pg_dump has locked all tables. */
  @Test
  void startsAgainIfATableIsDropped(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Run.execute(superuser, "CREATE TABLE first (i int)", "CREATE TABLE second (i int)");
    try (Connection holder = database.superuserDataSource().getConnection()) {
      holder.setAutoCommit(false);
      Run.execute(holder, "LOCK TABLE first");
      Run.Running backup = startBackup(environment(server, database), database.name());
      Run.await(
          "pg_dump and pghello are waiting",
          () ->
              Run.value(
                      superuser,
                      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
                  .equals("2"));
      Run.execute(superuser, "DROP TABLE second");
      holder.rollback();
      Run ended = backup.end();
      assertThat(ended.err()).isEmpty();
      assertThat(ended.status()).isZero();
    }
  }

  /** Otherwise, a damaged file would stop all later backups, or remove a backup with good dumps. */
  @Test
  void keepsAndReportsDamagedBackups(ExtensionServer server, TestDatabase database)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    assertThat(backup(environment, database.name()).status()).isZero();
    Path old = folder.resolve("20010101T000000.000Z");
    Files.move(folder.resolve(backups().get(0)), old);
    Path about = old.resolve("backup.properties");
    for (boolean isMissing : new boolean[] {false, true}) {
      if (isMissing) {
        Files.delete(about);
      } else {
        Files.writeString(about, "server_version_num=150000\n");
      }
      Run next = backup(environment, database.name());
      assertThat(next.status()).as(next.out() + next.err()).isEqualTo(1);
      assertThat(next.err()).contains("backup " + old + " is damaged").hasLineCount(1);
      assertThat(old).exists();
    }
    assertThat(backups()).hasSize(3);
  }

  /** Between two attempts, sessions that wait for the backup can continue. */
  @Test
  void releasesItsLocksWhileATableIsLocked(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    Run.execute(superuser, "CREATE TABLE first (i int)", "CREATE TABLE second (i int)");
    try (Connection holder = database.superuserDataSource().getConnection()) {
      holder.setAutoCommit(false);
      Run.execute(holder, "LOCK TABLE second");
      Run.Running backup = startBackup(environment, database.name());
      Run.await(
          "pg_dump and pghello are waiting",
          () ->
              Run.value(
                      superuser,
                      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
                  .equals("2"));
      Run.execute(superuser, "SET lock_timeout = '1min'", "ALTER TABLE first ADD j int");
      holder.rollback();
      Run ended = backup.end();
      assertThat(ended.err()).isEmpty();
      assertThat(ended.status()).isZero();
    }
    if (Run.hasServer(server)) {
      Run verify = verify(Map.of(), "--from", folder.toString());
      assertThat(verify.status()).as(verify.out() + verify.err()).isZero();
    }
  }

  @Test
  void rejectsLockTimeoutOfZero() {
    for (String command : List.of("backup --to none", "maintain --daily --backups none")) {
      Run run = Run.pghello(Map.of(), (command + " --lock-timeout 0s").split(" "));
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.err()).contains("--lock-timeout must be greater than 0").hasLineCount(1);
    }
  }

  /** The backup waits for a lock until all these statements are running or have ended. */
  @Test
  void doesNotDeadlockWithMaintenance(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    List<String> statements =
        List.of(
            "CREATE INDEX CONCURRENTLY ON indexed (i)",
            "REINDEX TABLE CONCURRENTLY reindexed",
            "ALTER TABLE parent DETACH PARTITION part CONCURRENTLY",
            "VACUUM vacuumed",
            "ANALYZE analyzed",
            "ALTER TABLE altered ALTER i SET NOT NULL",
            "ALTER TABLE validated VALIDATE CONSTRAINT c");
    Run.execute(
        superuser,
        "CREATE TABLE parent (i int) PARTITION BY LIST (i)",
        "CREATE TABLE part PARTITION OF parent FOR VALUES IN (1)");
    for (String table :
        List.of("altered", "aaa", "indexed", "reindexed", "vacuumed", "analyzed", "validated")) {
      Run.execute(
          superuser, "CREATE TABLE %s AS SELECT generate_series(1, 1000) i".formatted(table));
    }
    Run.execute(
        superuser,
        "CREATE INDEX ON reindexed (i)",
        "ALTER TABLE validated ADD CONSTRAINT c CHECK (i > 0) NOT VALID");
    var changes = new ArrayList<CompletableFuture<Void>>();
    Run.Running backup;
    try (Connection holder = database.superuserDataSource().getConnection()) {
      holder.setAutoCommit(false);
      Run.execute(holder, "LOCK TABLE aaa");
      backup = startBackup(environment(server, database), database.name());
      Run.await(
          "pg_dump and pghello are waiting",
          () ->
              Run.value(
                      superuser,
                      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
                  .equals("2"));
      for (String statement : statements) {
        changes.add(
            CompletableFuture.runAsync(
                () -> {
                  try (Connection session = database.superuserDataSource().getConnection()) {
                    Run.execute(session, statement);
                  } catch (SQLException e) {
                    throw new AssertionError(statement, e);
                  }
                },
                task -> new Thread(task).start()));
      }
      Run.await(
          "each statement waits or has ended",
          () ->
              Integer.parseInt(
                          Run.value(
                              superuser,
                              "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                  + " AND datname = current_database() AND application_name NOT LIKE 'pghello%'"))
                      + changes.stream().filter(CompletableFuture::isDone).count()
                  == statements.size());
      holder.rollback();
    }
    Run ended = backup.end();
    assertThat(ended.err()).isEmpty();
    assertThat(ended.status()).isZero();
    for (CompletableFuture<Void> change : changes) {
      change.get(1, TimeUnit.MINUTES);
    }
    assertThat(Run.value(superuser, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"))
        .isEqualTo("0");
    if (Run.hasServer(server)) {
      Run verify = verify(Map.of(), "--from", folder.toString());
      assertThat(verify.status()).as(verify.out() + verify.err()).isZero();
    }
  }

  /** Production servers have these settings, and a dump takes longer than they allow. */
  @Test
  void ignoresServerTimeouts(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Run.execute(superuser, "CREATE TABLE numbers (i int)");
    // Connected before the limits were set, like the other one.
    try (Connection holder = database.superuserDataSource().getConnection()) {
      for (String setting :
          List.of(
              "idle_in_transaction_session_timeout",
              "idle_session_timeout",
              "lock_timeout",
              "statement_timeout",
              "transaction_timeout")) {
        if (server.major() >= 17 || !setting.equals("transaction_timeout")) {
          Run.execute(
              superuser,
              "ALTER DATABASE " + database.name() + " SET " + setting + " = " + LIMIT_MILLIS);
        }
      }
      // This role cannot read the table.
      Run.execute(superuser, "ALTER DATABASE " + database.name() + " SET role = 'app'");
      holder.setAutoCommit(false);
      Run.execute(holder, "LOCK TABLE numbers");
      Run.Running backup = startBackup(environment(server, database), database.name());
      Run.await(
          "pg_dump and pghello are waiting",
          () ->
              Run.value(
                      superuser,
                      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
                  .equals("2"));
      // Each of the limits would have expired by then.
      Run.value(superuser, "SELECT pg_sleep(" + 2 * LIMIT_MILLIS / 1e3 + ")");
      holder.rollback();
      Run ended = backup.end();
      assertThat(ended.err()).isEmpty();
      assertThat(ended.status()).isZero();
    }
  }

  /** Extensions such as citus reject sessions of a server that does not preload their library. */
  @Test
  void verifiesWithPreloadedLibraries(ExtensionServer server, TestDatabase database)
      throws Exception {
    assumeTrue(Run.hasServer(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    assertThat(backup(environment, database.name()).status()).isZero();
    Run verified =
        verify(environment, "--from", folder.toString(), "--preload", "auto_explain,passwordcheck");
    assertThat(verified.status()).as(verified.err()).isZero();
    Run missing = verify(environment, "--from", folder.toString(), "--preload", "no_such_library");
    assertThat(missing.status()).as(missing.out()).isEqualTo(2);
    assertThat(missing.err()).contains("could not access file \"no_such_library\"");
  }

  /** As a user with read-only access to the backups, or if the disk is mounted read-only. */
  @Test
  void verifiesReadOnlyBackups(ExtensionServer server, TestDatabase database) throws Exception {
    assumeTrue(Run.hasServer(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    assertThat(backup(environment, database.name()).status()).isZero();
    Path made = folder.resolve(backups().get(0));
    Files.createDirectories(made.resolve("verified.properties/in the way"));
    Run verified = verify(environment, "--from", folder.toString());
    assertThat(verified.status()).as(verified.err()).isZero();
    assertThat(verified.out()).contains("can be restored");
    assertThat(verified.err())
        .contains("cannot record in backup " + made.getFileName())
        .hasLineCount(1);
    Files.move(made, folder.resolve("moved"));
    Files.createSymbolicLink(made, folder.resolve("gone"));
    Run unreadable = verify(environment, "--from", folder.toString());
    assertThat(unreadable.status()).isEqualTo(3);
    assertThat(unreadable.err()).contains("; " + made + " cannot be read").hasLineCount(1);
  }

  /** Production servers use this setting as a protection, but a restore is meant to write. */
  @Test
  void restoresWithReadOnlyDefault() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        Connection superuser = database.superuserDataSource().getConnection()) {
      assumeTrue(Run.hasClient(server), "no programs of this version");
      Map<String, String> environment = environment(server, database);
      assertThat(backup(environment, database.name()).status()).isZero();
      Run.execute(superuser, "ALTER ROLE postgres SET default_transaction_read_only = on");
      Run restored = restore(environment, database.name(), "--as", "copy");
      assertThat(restored.err()).isEmpty();
      assertThat(restored.status()).isZero();
    }
  }

  /** A clock that was wrong once must not affect which backups are restored or removed. */
  @Test
  void ignoresBackupsOfTheFuture(ExtensionServer server, TestDatabase database) throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    assertThat(backup(environment, database.name()).status()).isZero();
    Path made = folder.resolve(backups().get(0));
    Path future = folder.resolve("23370101T000000.000Z");
    Files.move(made, future);
    Run none = restore(environment, database.name(), "--as", database.name() + "_copy");
    assertThat(none.status()).isEqualTo(3);
    assertThat(none.err())
        .contains("there is no complete backup")
        .contains("23370101T000000.000Z is ignored because its time is in the future");
    Run required =
        Run.pghello(
            environment,
            "update",
            "--require-backup",
            "1h",
            "--backups",
            folder.toString(),
            database.name());
    assertThat(required.status()).as(required.out()).isEqualTo(3);
    assertThat(required.err()).contains("in the future");
    Run next = backup(environment, database.name());
    assertThat(next.status()).as(next.out()).isEqualTo(1);
    assertThat(next.err())
        .contains("backup " + future + " has a time in the future")
        .hasLineCount(1);
    Path old = folder.resolve("20010101T000000.000Z");
    Files.move(folder.resolve(backups().get(0)), old);
    assertThat(backup(environment, "postgres").status()).isEqualTo(1);
    assertThat(old).as("last backup of " + database.name()).exists();
    Run last = restore(environment, database.name(), "--as", database.name() + "_copy");
    assertThat(last.status()).as(last.err()).isZero();
    assertThat(last.err()).contains(future + " is ignored", "--at 2337").hasLineCount(1);
    assertThat(last.out()).contains("Recovery point: 2001-01-01T");
    Run chosen =
        restore(
            environment,
            database.name(),
            "--as",
            database.name() + "_future",
            "--at",
            "2337-01-01T00:00:00Z");
    assertThat(chosen.status()).as(chosen.err()).isZero();
    assertThat(chosen.err()).isEmpty();
    assertThat(chosen.out()).contains("Recovery point: 2337-01-01T");
    try (Connection superuser = database.superuserDataSource().getConnection()) {
      Run.execute(
          superuser,
          "DROP DATABASE " + database.name() + "_copy",
          "DROP DATABASE " + database.name() + "_future");
    }
  }

  /** A new backup is far newer than the one before, as if the clock were wrong. */
  @Test
  void removesNothingAfterALongPause(ExtensionServer server, TestDatabase database)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    assertThat(backup(environment, database.name()).status()).isZero();
    Path made = folder.resolve(backups().get(0));
    for (int i = 1; i <= 9; i++) {
      copy(made, folder.resolve("2001010%dT000000.000Z".formatted(i)));
    }
    Files.move(made, folder.resolve("20010110T000000.000Z"));
    Run first = backup(environment, database.name(), "--keep", "5");
    assertThat(first.status()).as(first.err()).isEqualTo(1);
    assertThat(first.out()).contains("is complete after").doesNotContain("Removed");
    assertThat(first.err()).contains("no old backup was removed").hasLineCount(1);
    assertThat(backups()).hasSize(11);
    Run second = backup(environment, database.name(), "--keep", "5");
    assertThat(second.err()).isEmpty();
    assertThat(second.status()).isZero();
    // 7 if a day has begun between the two backups
    assertThat(second.out())
        .containsPattern("Removed [67] made before the last 5 days with a backup");
    assertThat(backups()).hasSizeBetween(5, 6).contains("20010108T000000.000Z");
  }

  private static void copy(Path backup, Path to) throws IOException {
    try (Stream<Path> paths = Files.walk(backup)) {
      for (Path path : paths.toList()) {
        Files.copy(path, to.resolve(backup.relativize(path).toString()));
      }
    }
  }

  /** A dump made by a newer pg_dump cannot be restored into the server. */
  @Test
  void rejectsClientProgramsOfAnotherVersion(
      ExtensionServer server, TestDatabase database, @TempDir Path programs) throws Exception {
    Map<String, String> environment = environment(server, database);
    Path to = folder.resolve("none");
    for (int version : List.of(server.major() - 1, server.major() + 1)) {
      write(programs.resolve("pg_dump"), "echo 'pg_dump (PostgreSQL) %d.1'".formatted(version));
      Run run = Run.pghello(environment, "backup", "--to", to.toString(), "--bindir=" + programs);
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.err())
          .contains(
              "client programs of version " + server.major(),
              "has version " + version,
              "postgresql-client-" + server.major())
          .hasLineCount(1);
      assertThat(to).doesNotExist();
    }
    assumeTrue(Run.hasClient(server), "no programs of this version");
    assertThat(backup(environment, database.name()).status()).isZero();
    Run run = restore(environment, database.name(), "--as=copy", "--bindir=" + programs);
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("has version " + (server.major() + 1)).hasLineCount(1);
  }

  /** PostgreSQL 18 searches extension files along two paths. */
  @Test
  void copiesFilesInServerSearchOrder(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    boolean hasPaths = server.major() >= 18;
    Path files = folder.resolve("files");
    Files.createDirectories(files.resolve("extension"));
    Files.writeString(files.resolve("extension/pg_hello--9.9.sql"), "-- of the path");
    Files.writeString(files.resolve("pg_hello.so"), "of the path");
    String alter = "ALTER DATABASE " + database.name() + " SET ";
    Run.execute(superuser, alter + "dynamic_library_path = '" + files + ":/nowhere:$libdir'");
    if (hasPaths) {
      Run.execute(superuser, alter + "extension_control_path = '" + files + ":$system'");
    }
    Path taken = folder.resolve("taken");
    try (Connection session = database.superuserDataSource().getConnection()) {
      NewBackup.copyFiles(session, taken);
    }
    assertThat(taken.resolve("pg_hello.so")).content().isEqualTo("of the path");
    assertThat(taken.resolve("pg_hello.control")).exists();
    assertThat(Files.exists(taken.resolve("pg_hello--9.9.sql"))).isEqualTo(hasPaths);
  }

  /** This test runs as root, or as the user of the test server. */
  @Test
  void runsNoOwnerCodeAsPowerfulUser(ExtensionServer server, TestDatabase database)
      throws Exception {
    assumeTrue(Run.hasClient(server) && Run.hasServer(server), "no programs of this version");
    Path ran = folder.resolve("ran");
    Path backups = Files.createDirectory(folder.resolve("backups"));
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(
          owner,
          "CREATE FUNCTION run() RETURNS int LANGUAGE plpgsql AS $$BEGIN"
              + " IF current_setting('is_superuser') = 'on' THEN EXECUTE $q$COPY (SELECT 1) TO PROGRAM 'touch "
              + ran
              + "'$q$; END IF; RETURN 1; END$$",
          "CREATE FUNCTION looks_harmless(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS"
              + " $$BEGIN RETURN public.run(); END$$",
          "CREATE TABLE numbers (i int, j int GENERATED ALWAYS AS (looks_harmless(i)) STORED)",
          "INSERT INTO numbers VALUES (1)");
    }
    Run backup =
        Run.pghello(
            environment(server, database), "backup", "--to", backups.toString(), database.name());
    assertThat(backup.status()).as(backup.err()).isZero();
    assertThat(ran).doesNotExist();
    Run verify = Run.pghello(Map.of(), "verify", "--from", backups.toString());
    assertThat(verify.status()).isEqualTo(3);
    assertThat(verify.err())
        .containsPattern("this user (is root|owns /var/lib/|runs a server)")
        .contains("--trust-owners")
        .hasLineCount(1);
    assertThat(ran).doesNotExist();
  }

  @Test
  void restoresWithoutTablespaces(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    String name = database.name();
    Map<String, String> environment = environment(server, database);
    Run.execute(
        superuser,
        "SET allow_in_place_tablespaces = on",
        "CREATE TABLESPACE " + name + "_disk LOCATION ''",
        "CREATE TABLE numbers (i int) TABLESPACE " + name + "_disk",
        "INSERT INTO numbers VALUES (1)");
    assertThat(backup(environment, name).status()).isZero();
    Run.execute(superuser, "DROP TABLE numbers", "DROP TABLESPACE " + name + "_disk");
    Run without = restore(environment, name, "--as", name + "_copy");
    assertThat(without.status()).isEqualTo(2);
    assertThat(without.err())
        .containsIgnoringCase("tablespace \"" + name + "_disk\" does not exist");
    Run with = restore(environment, name, "--as", name + "_copy", "--no-tablespaces");
    assertThat(with.status()).as(with.err()).isZero();
    Run.execute(superuser, "DROP DATABASE " + name + "_copy");
  }

  @Test
  void keepsADaysNumber(ExtensionServer server, TestDatabase database) throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    assertThat(backup(environment, database.name()).status()).isZero();
    Path made = folder.resolve(backups().get(0));
    Path old = folder.resolve("20010101T000000.000Z");
    Files.move(made, old);
    Files.createDirectories(folder.resolve(".incomplete-20010101T000000.000Z/half"));
    Files.createDirectories(folder.resolve("20010101T000000.001Z"));
    assertThat(
            Run.pghello(
                    Map.of(),
                    "restore",
                    "--from",
                    folder.toString(),
                    "--at",
                    "2000-01-01T00:00:00Z")
                .err())
        .contains("there is no complete backup");
    assertThat(backup(environment, "unheard-of").status()).isEqualTo(3);
    assertThat(old).exists();
    assertThat(backup(environment, database.name()).out()).doesNotContain("Removed");
    Run run = backup(environment, database.name(), "--keep", "1");
    assertThat(run.out()).contains("Removed 1 made before the last day with a backup");
    assertThat(old).doesNotExist();
    assertThat(backups()).hasSize(3).contains("20010101T000000.001Z");
  }

  /** Several databases may be backed up to one directory, each by a separate run. */
  @Test
  void keepsLastBackupOfEachDatabase(ExtensionServer server, TestDatabase database)
      throws Exception {
    assumeTrue(Run.hasClient(server) && Run.hasServer(server), "no programs of this version");
    try (TestDatabase other = server.createDatabase()) {
      Map<String, String> environment = environment(server, database);
      assertThat(backup(environment, database.name()).status()).isZero();
      Path made = folder.resolve(backups().get(0));
      Path older = folder.resolve("20010101T000000.000Z");
      // Long before the others, so that the pause before the next backup is not unusual.
      Path oldest = folder.resolve("19000101T000000.000Z");
      Path second = folder.resolve("20000201T000000.000Z");
      Files.move(made, older);
      for (Path old : List.of(oldest, second)) {
        assertThat(backup(environment, other.name()).status()).isZero();
        Files.move(folder.resolve(backups().get(backups().size() - 1)), old);
      }
      assertThat(backups()).hasSize(3);
      Run both = backup(environment, other.name(), "--keep", "1");
      assertThat(both.out()).contains("Removed 1 made before the last day with a backup");
      assertThat(older).as("only backup of " + database.name()).exists();
      assertThat(second).as("last backup but one of " + other.name()).exists();
      assertThat(oldest).doesNotExist();

      Run copy = restore(environment, "--as", database.name() + "_copy", database.name());
      assertThat(copy.status()).as(copy.err()).isZero();
      try (Connection superuser = other.superuserDataSource().getConnection()) {
        Run.execute(superuser, "DROP DATABASE " + database.name() + "_copy");
      }
      Run verify = verify(Map.of(), "--from", folder.toString(), database.name());
      assertThat(verify.status()).as(verify.err()).isZero();

      Path metric = folder.resolve("pg_hello.prom");
      verify = verify(Map.of(), "--from", folder.toString(), "--metric", metric.toString());
      assertThat(verify.status()).as(verify.err()).isZero();
      assertThat(verify.out()).containsSubsequence("can be restored", older + " can be restored");
      assertThat(metric)
          .content()
          .contains(
              "pg_hello_backup_verified_timestamp_seconds{database=\"" + other.name() + "\"} ",
              "pg_hello_backup_verified_timestamp_seconds{database=\""
                  + database.name()
                  + "\"} 978307200.000");
      Files.delete(metric);
      assertThat(older.resolve("verified.properties")).exists();
      String last = backups().get(backups().size() - 1);
      for (Path each : List.of(older, folder.resolve(last))) {
        Files.writeString(each.resolve("backup.properties"), "#", StandardOpenOption.APPEND);
      }
      verify = verify(Map.of(), "--from", folder.toString());
      assertThat(verify.status()).isEqualTo(2);
      assertThat(verify.err()).contains(older.getFileName().toString(), last).hasLineCount(1);
      Run none = restore(environment, "--as", "x", "unheard-of");
      assertThat(none.status()).isEqualTo(3);
      assertThat(none.err())
          .contains("there is no complete backup in " + folder + " with [unheard-of]");
    }
  }

  /**
   * A dump that cannot be restored, which its owner can cause, does not prevent the verification of
   * others.
   */
  @Test
  void verifiesOtherDatabasesOfABackup(ExtensionServer server, TestDatabase database)
      throws Exception {
    assumeTrue(Run.hasClient(server) && Run.hasServer(server), "no programs of this version");
    try (TestDatabase other = server.createDatabase()) {
      assertThat(backup(environment(server, database), database.name(), other.name()).status())
          .isZero();
      Path made = folder.resolve(backups().get(0));
      Run one = verify(Map.of(), "--from", folder.toString(), other.name());
      assertThat(one.status()).as(one.out() + one.err()).isZero();
      assertThat(made.resolve("verified.properties")).doesNotExist();
      Files.writeString(Backup.dump(made, database.name()), "no dump");
      Files.delete(made.resolve("SHA256SUMS"));
      Backup.seal(made);
      Path metric = folder.resolve("pg_hello.prom");
      Run verify = verify(Map.of(), "--from", folder.toString(), "--metric", metric.toString());
      assertThat(verify.status()).isEqualTo(2);
      assertThat(verify.err())
          .contains(database.name() + ": ", "cannot be read as a dump in pg_dump's custom format")
          .hasLineCount(1);
      assertThat(verify.out()).contains("as it was", "cannot be relied on");
      assertThat(metric)
          .content()
          .contains("{database=\"" + other.name() + "\"}")
          .doesNotContain("{database=\"" + database.name() + "\"}");
      assertThat(made.resolve("verified.properties")).doesNotExist();
    }
  }

  /** Servers that share a directory may have databases of the same name. */
  @Test
  void distinguishesServers(ExtensionServer server, TestDatabase database) throws Exception {
    assumeTrue(Run.hasClient(server) && Run.hasServer(server), "no programs of this version");
    Map<String, String> environment = environment(server, database);
    assertThat(backup(environment, database.name()).status()).isZero();
    Path own = folder.resolve(backups().get(0));
    assertThat(backup(environment, database.name()).status()).isZero();
    Path last = folder.resolve(backups().get(1));
    Path about = last.resolve("backup.properties");
    Files.writeString(
        about, Files.readString(about).replaceFirst("(?m)^(system_identifier=).*", "$19"));
    Backup.seal(last);
    for (String name : List.of("", "\u00e4".repeat(32))) {
      Run run = restore(environment, "--as", name, database.name());
      assertThat(run.err()).contains("--as must have 1 to 63 bytes").hasLineCount(1);
      assertThat(run.status()).isEqualTo(3);
    }
    String copy = database.name() + "_copy";
    Run refused = restore(environment, "--as", copy, database.name());
    assertThat(refused.status()).as(refused.out()).isEqualTo(3);
    assertThat(refused.err()).contains(last + ", is from another server", "--at").hasLineCount(1);
    Instant time = Backup.in(folder).get(1).time();
    Run chosen = restore(environment, "--as", copy, "--at", time.toString(), database.name());
    assertThat(chosen.status()).as(chosen.err()).isZero();
    assertThat(chosen.out()).contains("Recovery point: " + time);
    try (Connection superuser = database.superuserDataSource().getConnection()) {
      Run.execute(superuser, "DROP DATABASE " + copy);
    }
    Run verify = verify(Map.of(), "--from", folder.toString());
    assertThat(verify.out()).contains(last + " can be restored", own + " can be restored");
  }

  private Run backup(Map<String, String> environment, String... arguments) {
    return startBackup(environment, arguments).end();
  }

  private Run.Running startBackup(Map<String, String> environment, String... arguments) {
    var all = new ArrayList<>(List.of("backup", "--to", folder.toString()));
    all.addAll(List.of(arguments));
    return Run.start(environment, all.toArray(String[]::new));
  }

  /** The tests trust the owners of their tables. */
  private static Run verify(Map<String, String> environment, String... arguments) {
    var all = new ArrayList<>(List.of("verify", "--trust-owners"));
    all.addAll(List.of(arguments));
    return Run.pghello(environment, all.toArray(String[]::new));
  }

  private Run restore(Map<String, String> environment, String... arguments) {
    var all = new ArrayList<>(List.of("restore", "--from", folder.toString()));
    all.addAll(List.of(arguments));
    return Run.pghello(environment, all.toArray(String[]::new));
  }

  /** Adds a file that takes long to read but uses no space. */
  private static Path large(Path backup, int bytes) throws IOException {
    Path file = backup.resolve("large");
    try (var large = new RandomAccessFile(file.toFile(), "rw")) {
      large.setLength(bytes);
    }
    return file;
  }

  /** Returns the contents of the directory, except the lock. */
  private List<String> backups() throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths
          .map(path -> path.getFileName().toString())
          .filter(name -> !name.equals(".lock"))
          .sorted()
          .toList();
    }
  }

  private static void assertNothingLeft(Connection superuser) throws SQLException {
    assertThat(
            Run.value(
                superuser,
                "SELECT count(*) + (SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pghello%')"
                    + " FROM pg_database WHERE datname LIKE 'pghello_restore%' OR datname LIKE '%\\_before\\_%'"
                    + " OR NOT datallowconn AND datname <> 'template0'"))
        .isEqualTo("0");
  }

  private static Map<String, String> environment(ExtensionServer server, TestDatabase database) {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", "postgres");
    return environment;
  }
}
