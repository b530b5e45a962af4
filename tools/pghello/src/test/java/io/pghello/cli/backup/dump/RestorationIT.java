// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.cli.Run;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rights that a restore uses for the entries of a dump, and the order of the entries. */
class RestorationIT {
  private static final String REFUSAL = "only pghello restores this database";

  private static RestoreFixture server;

  @TempDir private Path folder;

  @BeforeAll
  static void start() {
    server = new RestoreFixture();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void createDatabase() throws SQLException {
    server.dropAll();
    server.execute("maintenance", "CREATE DATABASE shop");
  }

  /** The names of these objects contain the same words as the name of an extension's table. */
  @Test
  void namesWithBlanksDoNotMakeATableTheExtensions() throws Exception {
    server.execute(
        "shop",
        "CREATE ROLE mallory",
        "CREATE ROLE \"x mallory\"",
        "CREATE EXTENSION pg_hello",
        "CREATE EXTENSION pg_hello_ops",
        "SELECT hello_ops.take_snapshot()",
        "CREATE SCHEMA \"hello_ops snapshot\" AUTHORIZATION mallory",
        "SET ROLE mallory",
        """
        CREATE FUNCTION "hello_ops snapshot".evil(integer) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
          IF current_setting('is_superuser')::boolean THEN
            ALTER ROLE mallory SUPERUSER;
          END IF;
          RETURN true;
        END
        $$
        """,
        "CREATE TABLE \"hello_ops snapshot\".x (c integer CHECK (\"hello_ops snapshot\".evil(c)))",
        "INSERT INTO \"hello_ops snapshot\".x VALUES (1)");
    String before = server.dump("shop");
    server.backup(folder, "shop");
    Run restore = server.pghello("restore", "--from", folder.toString(), "--replace", "shop");
    assertThat(restore.status()).as(restore.err()).isZero();
    assertThat(server.value("shop", "SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'"))
        .isEqualTo("f");
    assertThat(server.dump("shop")).isEqualTo(before);
  }

  /** Some of these names differ only in their whitespace characters. */
  @Test
  void restoresAnyNames() throws Exception {
    var setup = new ArrayList<String>();
    for (String name :
        List.of(
            "a b",
            "a\nb",
            "a\rb",
            "a\tb",
            "; 1; 2 TABLE",
            "-dash",
            "100% %s",
            "o'brien",
            "\"q\"",
            "a.b",
            "back\\slash",
            "größe €",
            "TABLE DATA x",
            "SCHEMA - a")) {
      String quoted = "\"" + name.replace("\"", "\"\"") + "\"";
      String literal = "E'" + name.replace("\\", "\\\\").replace("'", "''") + "'";
      setup.addAll(
          List.of(
              "RESET ROLE",
              "CREATE ROLE " + quoted,
              "CREATE SCHEMA %1$s AUTHORIZATION %1$s".formatted(quoted),
              "SET ROLE " + quoted,
              "CREATE TYPE %1$s.%1$s AS ENUM (%2$s)".formatted(quoted, literal),
              "CREATE FUNCTION %1$s.%1$s(%1$s %1$s.%1$s) RETURNS text IMMUTABLE LANGUAGE sql AS %2$s"
                  .formatted(quoted, "'SELECT NULL::text'"),
              "COMMENT ON FUNCTION %1$s.%1$s(%1$s.%1$s) IS %2$s".formatted(quoted, literal),
              "CREATE TABLE %1$s.%3$s (%1$s %1$s.%1$s PRIMARY KEY CHECK (%1$s.%1$s(%1$s) IS NULL))"
                  .formatted(quoted, literal, "\"t " + quoted.substring(1)),
              "COMMENT ON TABLE %1$s.%2$s IS %3$s"
                  .formatted(quoted, "\"t " + quoted.substring(1), literal),
              "INSERT INTO %1$s.%2$s VALUES (%3$s)"
                  .formatted(quoted, "\"t " + quoted.substring(1), literal),
              "SELECT lo_from_bytea(0, 'large')"));
    }
    server.execute("shop", setup.toArray(String[]::new));
    assertRestoredAsByPgRestore();
  }

  @Test
  void restoresDatabasesInOtherEncodings() throws Exception {
    server.drop("shop");
    server.execute(
        "maintenance",
        "CREATE DATABASE shop ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
        "COMMENT ON DATABASE shop IS 'a database'",
        "CREATE ROLE alice");
    server.execute(
        "shop",
        "CREATE SCHEMA \"größe\" AUTHORIZATION alice",
        "SET ROLE alice",
        "CREATE TABLE \"größe\".\"maß\" AS SELECT 'ä' AS \"ö\"");
    Path backup = server.backup(folder, "shop");
    String expected = server.dump("shop", "--create");
    for (String option : List.of("--replace", "--trust-owners")) {
      Run restore = server.pghello("restore", "--from", folder.toString(), option, "shop");
      assertThat(restore.status()).as(restore.err()).isZero();
      assertThat(server.dump("shop", "--create")).isEqualTo(expected);
      server.drop("shop");
    }
    if (server.hasServer()) {
      assertThat(server.verify(folder, backup).err()).isEmpty();
    }
  }

  /** The extension creates the schema, in which other roles then receive privileges. */
  @Test
  void restoresPrivilegesOnObjectsOfExtensions() throws Exception {
    server.execute(
        "shop",
        "CREATE ROLE tools_user",
        "CREATE EXTENSION own_schema",
        "GRANT USAGE, CREATE ON SCHEMA own_tools TO tools_user",
        "COMMENT ON SCHEMA own_tools IS 'tools'",
        "GRANT EXECUTE ON FUNCTION own_tools.one() TO tools_user WITH GRANT OPTION",
        "GRANT USAGE ON TYPE own_tools.mark TO tools_user",
        "SET ROLE tools_user",
        "CREATE TABLE own_tools.mine (i integer DEFAULT own_tools.one(), m own_tools.mark)",
        "INSERT INTO own_tools.mine VALUES (1, ROW(2))",
        "CREATE VIEW own_tools.ones AS SELECT own_tools.one()",
        "GRANT EXECUTE ON FUNCTION own_tools.one() TO pg_monitor",
        "RESET ROLE",
        "REVOKE CREATE ON SCHEMA own_tools FROM tools_user",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA own_tools GRANT SELECT ON TABLES TO tools_user");
    assertRestoredAsByPgRestore();
  }

  /** The dump has no entry for the foreign key, so parallel jobs may restore either table first. */
  @Test
  void restoresSettingsOfExtensionsThatReferToEachOther() throws Exception {
    String settings =
        "INSERT INTO own_config.z_kind SELECT generate_series(1, 100000);"
            + "INSERT INTO own_config.a_rule SELECT i, i FROM generate_series(1, 1000) i;"
            + "SELECT setval('own_config.counter', 7)";
    server.execute("shop", "CREATE SCHEMA own_config", "CREATE EXTENSION own_config", settings);
    assertRestoredAsByPgRestore();
    // also if the owners' login restores a part of the database
    server.execute("maintenance", "DROP DATABASE copy", "DROP DATABASE plain");
    server.execute(
        "shop",
        "CREATE ROLE counter",
        "GRANT SELECT ON own_config.a_rule TO counter",
        "CREATE SCHEMA counted AUTHORIZATION counter",
        "SET ROLE counter",
        "CREATE TABLE counted.numbers AS SELECT generate_series(1, 10) i");
    assertRestoredAsByPgRestore();
  }

  /** The objects of several extensions, and everything in a database that can depend on them. */
  @Test
  void restoresAllThatCanBeSetOfExtensions() throws Exception {
    server.execute(
        "shop",
        "CREATE ROLE alice",
        "CREATE ROLE bob",
        "CREATE SCHEMA own_config",
        "CREATE EXTENSION a_settings CASCADE",
        "CREATE EXTENSION own_schema",
        "CREATE SCHEMA \"TABLE DATA\"",
        "CREATE EXTENSION pg_hello SCHEMA \"TABLE DATA\"",
        // rows of configuration tables
        "INSERT INTO own_config.z_kind SELECT generate_series(1, 5000)",
        "INSERT INTO own_config.a_rule SELECT i, i FROM generate_series(1, 5000) i",
        "INSERT INTO a_settings.a_first SELECT i, i, nullif(i % 7, 0) FROM generate_series(1, 5000) i",
        "INSERT INTO a_settings.b_second SELECT i, i, i, E'wo\\rd\\n\\\\.' FROM generate_series(1, 5000) i",
        "INSERT INTO a_settings.a_third SELECT generate_series(1, 5000)",
        "SELECT setval('a_settings.numbers', 77), setval('own_config.counter', 78)",
        // privileges
        "GRANT ALL ON SCHEMA a_settings, own_tools, own_config TO alice WITH GRANT OPTION",
        "REVOKE USAGE ON SCHEMA own_tools FROM PUBLIC",
        "GRANT SELECT (id), UPDATE (word), REFERENCES ON a_settings.b_second TO alice WITH GRANT OPTION",
        "GRANT SELECT, REFERENCES ON own_config.z_kind, a_settings.a_first, a_settings.words TO alice",
        "GRANT USAGE ON SEQUENCE a_settings.numbers, own_config.counter TO alice",
        "REVOKE EXECUTE ON FUNCTION a_settings.two(), \"TABLE DATA\".now_ms() FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION a_settings.two() TO alice WITH GRANT OPTION",
        "REVOKE USAGE ON DOMAIN a_settings.even FROM PUBLIC",
        "GRANT USAGE ON DOMAIN a_settings.even TO alice",
        "GRANT USAGE ON TYPE own_tools.mark TO alice",
        "SET ROLE alice",
        "GRANT USAGE ON SCHEMA a_settings TO bob",
        "GRANT SELECT (id) ON a_settings.b_second TO bob",
        "GRANT EXECUTE ON FUNCTION a_settings.two() TO bob",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA own_tools GRANT SELECT ON TABLES TO bob",
        // objects that depend on the extensions
        "CREATE TABLE own_tools.of_alice (i integer REFERENCES own_config.z_kind, e a_settings.even CHECK (e >= a_settings.two()), m own_tools.mark)",
        "INSERT INTO own_tools.of_alice VALUES (1, 2, ROW(3))",
        "CREATE INDEX ON own_tools.of_alice ((i + a_settings.two()))",
        "CREATE TABLE a_settings.second (id integer REFERENCES a_settings.a_first, next integer)",
        "INSERT INTO a_settings.second VALUES (7, 8)",
        "CREATE VIEW own_config.seen AS SELECT word FROM a_settings.words",
        "CREATE MATERIALIZED VIEW own_config.kept AS SELECT id FROM own_config.z_kind WHERE id % 1000 = 0",
        "CREATE UNIQUE INDEX ON own_config.kept (id)",
        "CREATE FUNCTION a_settings.three() RETURNS integer LANGUAGE sql RETURN a_settings.two() + 1",
        "COMMENT ON FUNCTION a_settings.three() IS 'FUNCTION two()'",
        "RESET ROLE",
        // changes by superusers
        "COMMENT ON SCHEMA own_tools IS 'tools'",
        "COMMENT ON TABLE a_settings.a_first IS 'settings'",
        "COMMENT ON COLUMN a_settings.a_first.kind IS 'a kind'",
        "COMMENT ON EXTENSION a_settings IS 'changed'",
        "ALTER TABLE a_settings.a_third ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY few ON a_settings.a_third FOR SELECT TO alice USING (second > 3)",
        "COMMENT ON POLICY few ON a_settings.a_third IS 'a policy'",
        "CREATE PUBLICATION settings FOR TABLE a_settings.a_first (id), own_tools.of_alice WHERE (i > 0)",
        "CREATE PUBLICATION tools FOR TABLES IN SCHEMA own_tools, own_config",
        "CREATE STATISTICS a_settings.both ON id, kind FROM a_settings.a_first",
        "GRANT pg_read_all_data TO bob");
    assertRestoredAsByPgRestore();
    for (String table : List.of("own_config.z_kind", "own_config.a_rule", "a_settings.a_third")) {
      assertThat(server.value("copy", "SELECT count(*) FROM " + table)).isEqualTo("5000");
    }
    assertThat(server.value("copy", "SELECT count(*) FROM a_settings.b_second")).isEqualTo("5001");
    Run trusted =
        server.pghello(
            "restore",
            "--from",
            folder.toString(),
            "--as",
            "trusted",
            "--trust-owners",
            "--jobs",
            "4",
            "shop");
    assertThat(trusted.status()).as(trusted.err()).isZero();
    assertThat(server.dump("trusted")).isEqualTo(server.dump("copy"));
  }

  /**
   * Since PostgreSQL 17, superusers can create triggers that fire at logins, including pghello's.
   */
  @Test
  void loginsOfARestoreFireNoTriggers() throws Exception {
    assumeTrue(server.major() >= 17, "this version has no event triggers on logins");
    server.execute(
        "shop",
        "CREATE ROLE alice",
        "CREATE SCHEMA alices AUTHORIZATION alice",
        "CREATE TABLE alices.numbers AS SELECT 1 AS i",
        "ALTER TABLE alices.numbers OWNER TO alice",
        "CREATE TABLE public.logins (role text)",
        "CREATE FUNCTION public.note() RETURNS event_trigger SECURITY DEFINER LANGUAGE plpgsql AS"
            + " 'BEGIN INSERT INTO public.logins VALUES (session_user); END'",
        "CREATE EVENT TRIGGER note ON login EXECUTE FUNCTION public.note()",
        "ALTER EVENT TRIGGER note ENABLE ALWAYS",
        "COMMENT ON EVENT TRIGGER note IS 'a trigger'");
    Path backup = server.backup(folder, "shop");
    String contents = Files.readString(backup.resolve("db-shop.contents"));
    for (String trust : List.of("--jobs=2", "--trust-owners")) {
      Run restore =
          server.pghello("restore", "--from", folder.toString(), "--replace", trust, "shop");
      assertThat(restore.status()).as(restore.err()).isZero();
      String rows = server.valueWithoutEventTriggers("shop", "SELECT count(*) FROM public.logins");
      assertThat(contents).as(trust).contains("public.logins=" + rows + " ");
    }
    if (server.hasServer()) {
      Run verify = server.verify(folder, backup, "shop");
      assertThat(verify.status()).as(verify.out() + verify.err()).isZero();
    }
  }

  /** Some owners may run programs or write files on the server. Code of other owners must not. */
  @Test
  void ownersCodeHasNoPowerOfOtherOwners(@TempDir Path marks) throws Exception {
    Files.setPosixFilePermissions(marks, PosixFilePermissions.fromString("rwxrwxrwx"));
    String attempt = "BEGIN EXECUTE 'COPY (SELECT 1) TO %s'; EXCEPTION WHEN OTHERS THEN NULL; END;";
    server.execute(
        "shop",
        "CREATE ROLE runner IN ROLE pg_execute_server_program",
        "CREATE ROLE writer IN ROLE pg_write_server_files",
        "CREATE ROLE alice",
        "CREATE SCHEMA runs AUTHORIZATION runner",
        "CREATE SCHEMA writes AUTHORIZATION writer",
        "CREATE SCHEMA alices AUTHORIZATION alice",
        "CREATE TABLE runs.numbers AS SELECT 1 AS i",
        "ALTER TABLE runs.numbers OWNER TO runner",
        "CREATE TABLE writes.numbers AS SELECT 1 AS i",
        "ALTER TABLE writes.numbers OWNER TO writer",
        "SET ROLE alice",
        "CREATE FUNCTION alices.tries(integer) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN "
            + attempt.formatted("PROGRAM ''touch %s''".formatted(marks.resolve("ran")))
            + attempt.formatted("''%s''".formatted(marks.resolve("written")))
            + "RETURN true; END$$",
        "CREATE TABLE alices.tried (i integer CHECK (alices.tries(i)))",
        "INSERT INTO alices.tried VALUES (1)");
    server.execute("shop", "INSERT INTO alices.tried VALUES (2)");
    assertThat(marks).as("a superuser's code makes marks").isNotEmptyDirectory();
    try (Stream<Path> files = Files.list(marks)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    server.backup(folder, "shop");
    Run restore = server.pghello("restore", "--from", folder.toString(), "--as", "copy", "shop");
    assertThat(restore.status()).as(restore.err()).isZero();
    assertThat(server.value("copy", "SELECT count(*) FROM alices.tried")).isEqualTo("2");
    assertThat(marks).isEmptyDirectory();
    Files.delete(marks);
  }

  /** Of the built-in roles, only these allow their members to become superusers. */
  @Test
  void onlySuperusersAndThoseWhoCanBecomeOneAreTrusted() throws Exception {
    try (Connection session = server.connect("maintenance")) {
      List<String> trusted =
          TemporaryRestoreRole.roles(session).entrySet().stream()
              .filter(role -> !role.getValue())
              .map(Map.Entry::getKey)
              .toList();
      assertThat(trusted)
          .containsExactlyInAnyOrder(
              "postgres", "pg_execute_server_program", "pg_write_server_files");
      Run.execute(
          session,
          "CREATE ROLE creator CREATEROLE",
          "CREATE ROLE of_creator IN ROLE creator",
          "CREATE ROLE reader IN ROLE pg_read_server_files",
          "CREATE ROLE dba IN ROLE postgres");
      assertThat(TemporaryRestoreRole.roles(session))
          .containsEntry("dba", false)
          .containsEntry("reader", true)
          // before 16, a role with CREATEROLE can grant membership in pg_execute_server_program
          .containsEntry("creator", server.major() >= 16)
          .containsEntry("of_creator", server.major() >= 16);
    }
  }

  /** A database with a subscription cannot be dropped. */
  @Test
  void leavesNoDatabaseWithASubscriptionIfItFails() throws Exception {
    server.execute(
        "shop",
        "CREATE ROLE alice",
        "CREATE SCHEMA alices AUTHORIZATION alice",
        "CREATE SUBSCRIPTION later CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false)",
        "CREATE TABLE alices.kinds (k integer PRIMARY KEY)",
        "CREATE TABLE alices.things (k integer REFERENCES alices.kinds)",
        "SET session_replication_role = replica",
        "INSERT INTO alices.things VALUES (1)",
        "ALTER TABLE alices.kinds OWNER TO alice",
        "ALTER TABLE alices.things OWNER TO alice");
    server.backup(folder, "shop");
    Run restore = server.pghello("restore", "--from", folder.toString(), "--as", "copy", "shop");
    assertThat(restore.status()).isEqualTo(2);
    assertThat(restore.err()).contains("violates foreign key constraint").hasLineCount(1);
    String left =
        "SELECT count(*) FROM (SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles) n (name)"
            + " WHERE name LIKE 'pghello%' OR name = 'copy'";
    assertThat(server.value("maintenance", left)).isEqualTo("0");
  }

  /** During a restore, only statements sent by pg_restore can define objects in the database. */
  @Test
  void fenceRejectsDefinitionsOfOtherRoles() throws Exception {
    var login = new TemporaryRestoreRole("pghello_restore_test");
    String nested = "DO $$BEGIN CREATE TABLE public.nested (i integer); END$$";
    try (Connection admin = server.connect("shop")) {
      Run.execute(
          admin,
          "CREATE ROLE alice",
          "CREATE ROLE guest LOGIN PASSWORD 'guest'",
          "GRANT CREATE ON SCHEMA public TO alice, guest");
      login.create(admin, Set.of("alice"));
      Run.execute(
          admin,
          login.fenceStatements(),
          "ALTER ROLE pghello_restore_test PASSWORD 'test'",
          "CREATE TABLE public.admins (i integer)");
      try (Connection owners = server.connect("shop", "pghello_restore_test", "test")) {
        Run.execute(
            owners,
            "CREATE TABLE public.alices (i integer)",
            "ALTER TABLE public.alices OWNER TO alice");
        assertThatThrownBy(() -> Run.execute(owners, nested)).hasMessageContaining(REFUSAL);
      }
      try (Connection guest = server.connect("shop", "guest", "guest")) {
        assertThatThrownBy(() -> Run.execute(guest, "CREATE TABLE public.guests (i integer)"))
            .hasMessageContaining(REFUSAL);
      }
      // as pg_restore does for privileges that alice has granted
      Run.execute(
          admin, "SET SESSION AUTHORIZATION alice", "GRANT SELECT ON public.alices TO guest");
      assertThatThrownBy(() -> Run.execute(admin, nested)).hasMessageContaining(REFUSAL);
      Run.execute(admin, "RESET SESSION AUTHORIZATION");
    }
  }

  /** A role with the grant option grants other roles the right to connect. */
  @Test
  void restoresWhoHasGrantedPrivilegesOnTheDatabase() throws Exception {
    server.execute(
        "shop",
        "CREATE ROLE doorkeeper",
        "CREATE ROLE guest",
        "ALTER DATABASE shop OWNER TO doorkeeper",
        "GRANT CONNECT ON DATABASE shop TO guest WITH GRANT OPTION",
        "SET ROLE guest",
        "GRANT CONNECT ON DATABASE shop TO PUBLIC",
        "RESET ROLE",
        "COMMENT ON DATABASE shop IS E'back\\\\slash''s'",
        // always on since PostgreSQL 19
        "DO $$ BEGIN IF current_setting('server_version_num')::int < 190000 THEN"
            + " ALTER DATABASE shop SET standard_conforming_strings = off; END IF; END $$",
        "ALTER DATABASE shop CONNECTION LIMIT 7");
    String acl = "SELECT datacl::text FROM pg_database WHERE datname = 'shop'";
    String before = server.value("maintenance", acl);
    assertThat(before).contains("=c/guest");
    String comment =
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'shop'";
    server.backup(folder, "shop");
    Run restore = server.pghello("restore", "--from", folder.toString(), "--replace", "shop");
    assertThat(restore.status()).as(restore.err()).isZero();
    assertThat(server.value("maintenance", acl)).contains("=c/guest");
    assertThat(server.value("maintenance", comment)).isEqualTo("back\\slash's");
    assertThat(
            server.value(
                "maintenance", "SELECT datconnlimit FROM pg_database WHERE datname = 'shop'"))
        .isEqualTo("7");
  }

  private void assertRestoredAsByPgRestore() throws Exception {
    Path backup = server.backup(folder, "shop");
    server.execute("maintenance", "CREATE DATABASE plain TEMPLATE template0");
    Run plain = server.plain(backup, "shop", "--dbname=plain");
    assertThat(plain.status()).as(plain.err()).isZero();
    Run restore = server.pghello("restore", "--from", folder.toString(), "--as", "copy", "shop");
    assertThat(restore.status()).as(restore.err()).isZero();
    assertThat(server.dump("copy")).isEqualTo(server.dump("plain"));
    if (server.hasServer()) {
      Run verify = server.verify(folder, backup, "shop");
      assertThat(verify.status()).as(verify.out() + verify.err()).isZero();
    }
  }
}
