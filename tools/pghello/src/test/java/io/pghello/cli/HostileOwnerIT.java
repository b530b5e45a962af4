// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.cli.connect.Target;
import io.pghello.cli.connect.TargetResolver;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Commands that a superuser runs in a database with a hostile owner, who is not a superuser. The
 * owner's code creates a file in the server's data directory if it runs as a superuser, which a
 * rollback cannot undo.
 */
@PgHelloTest(create = false)
class HostileOwnerIT {
  private static final String STRIKE =
      """
      CREATE FUNCTION public.strike(what text) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS $$
      DECLARE
        file text;
      BEGIN
        BEGIN
          PERFORM pg_catalog.set_config('role', 'none', false);
          file := pg_catalog.current_setting('data_directory') || '/struck_' || pg_catalog.current_database() || ' ' || what;
          BEGIN
            EXECUTE pg_catalog.format('SELECT admins.run(%L)', pg_catalog.format('COPY (SELECT 1) TO %L', file || ' by admins.run'));
          EXCEPTION WHEN OTHERS THEN
            NULL;
          END;
          EXECUTE pg_catalog.format('COPY (SELECT 1) TO %L', file);
        EXCEPTION WHEN insufficient_privilege THEN
          NULL;
        END;
        PERFORM pg_catalog.set_config('role', 'app', false);
        EXECUTE pg_catalog.format('CREATE FUNCTION public.%I() RETURNS int LANGUAGE sql AS %L',
          'planted_' || pg_catalog.current_database(), 'SELECT 1');
        PERFORM pg_catalog.set_config('role', 'none', false);
        RETURN true;
      EXCEPTION WHEN OTHERS THEN
        RETURN true;
      END
      $$
      """;

  @Test
  void doesNotCallMembersAddedByTheOwner(
      ExtensionServer server, TestDatabase database, Connection owner, @Superuser Connection admin)
      throws SQLException {
    Run.execute(owner, STRIKE, "CREATE EXTENSION pg_hello VERSION '1.0'");
    for (String function :
        List.of(
            "pg_hello(text, integer) RETURNS text",
            "pg_hello_all(text[], integer[]) RETURNS text[]")) {
      String signature = function.substring(0, function.indexOf(" RETURNS"));
      Run.execute(
          owner,
          "CREATE FUNCTION public.%s LANGUAGE plpgsql AS $$BEGIN PERFORM public.strike('%s'); RETURN NULL; END$$"
              .formatted(function, signature),
          "ALTER EXTENSION pg_hello ADD FUNCTION public." + signature);
    }
    String called = "SELECT public.pg_hello('pghello', 2), public.pg_hello_all('{}', '{}')";
    Run.execute(admin, called);
    assertThat(ranAsSuperuser(admin, database))
        .as("superuser calls are detected")
        .containsExactly("pg_hello(text, integer)", "pg_hello_all(text[], integer[])");
    reset(admin, database);

    for (String command : List.of("health", "diagnose")) {
      Run run = pghello(server, database, command);
      assertThat(run.status()).as(run.out() + run.err()).isEqualTo(2);
      assertThat(run.out())
          .contains(
              "public.pg_hello(text, integer) is not a function of pg_hello and is "
                  + "not called: it is written in plpgsql",
              "public.pg_hello_all(text[], integer[]) is not a function of pg_hello",
              "ALTER EXTENSION pg_hello DROP FUNCTION public.pg_hello(text, integer)")
          .containsPattern("(?m)^ok +function +pg_hello\\(text\\)$");
    }
    Run load = pghello(server, database, "load", "--time", "1s");
    assertThat(load.status()).as(load.out()).isEqualTo(3);
    assertThat(load.err()).contains("pg_hello(text, integer) is not a function of pg_hello");
    Run watch = pghello(server, database, "watch", "--count", "1", "--interval", "1s");
    assertThat(watch.out()).contains("now_ms()").doesNotContain("pg_hello_all");
    Run harden = pghello(server, database, "harden");
    assertThat(harden.out())
        .contains("FUNCTION public.now_ms()")
        .doesNotContain("FUNCTION public.pg_hello(text,integer)");

    // Functions that have a member's name but are not members are not called either.
    Run.execute(owner, "ALTER EXTENSION pg_hello DROP FUNCTION public.pg_hello(text, integer)");
    load = pghello(server, database, "load", "--time", "1s");
    assertThat(load.status()).as(load.out()).isEqualTo(3);
    assertThat(ranAsSuperuser(admin, database)).isEmpty();
  }

  /** Tests each protection separately, with a function that only this protection rejects. */
  @Test
  void doesNotCallForeignMembers(
      ExtensionServer server, TestDatabase database, @Superuser Connection admin)
      throws SQLException {
    String hello = " RETURNS text LANGUAGE c STRICT AS '$libdir/pg_hello', 'pg_hello'";
    Run.execute(
        admin,
        "CREATE EXTENSION pg_hello VERSION '1.0'",
        "CREATE FUNCTION public.pg_hello(text, integer) RETURNS text LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_validator'",
        "CREATE FUNCTION public.pg_hello(integer)" + hello,
        "ALTER FUNCTION public.pg_hello(integer) OWNER TO app",
        "CREATE SCHEMA other",
        "CREATE FUNCTION other.pg_hello(text, integer)" + hello,
        "CREATE FUNCTION public.now_ms(integer) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'");
    for (String function :
        List.of(
            "public.pg_hello(text, integer)",
            "public.pg_hello(integer)",
            "other.pg_hello(text, integer)",
            "public.now_ms(integer)")) {
      Run.execute(admin, "ALTER EXTENSION pg_hello ADD FUNCTION " + function);
    }
    Run run = pghello(server, database, "health");
    assertThat(run.status()).as(run.out() + run.err()).isEqualTo(2);
    String why = " is not a function of pg_hello and is not called: it ";
    assertThat(run.out())
        .contains(
            "public.pg_hello(text, integer)" + why + "is in the library $libdir/plpgsql",
            "public.pg_hello(integer)" + why + "belongs to app, which is not a superuser",
            "other.pg_hello(text, integer)" + why + "is in schema other",
            "public.now_ms(integer)" + why + "is written in sql");
  }

  /** Runs each command in a database that contains all kinds of objects an owner can create. */
  @Test
  void runsNoOwnerCodeAsSuperuser(@TempDir Path folder, @TempDir Path marks) throws Exception {
    // Also on the server started by verify, which is deleted afterwards.
    String strike =
        STRIKE.replace("pg_catalog.current_setting('data_directory')", "'" + marks + "'");
    try (ExtensionServer server = ExtensionServer.builder().extension("pg_hello").start();
        TestDatabase database = server.createDatabase();
        Connection admin = database.superuserDataSource().getConnection()) {
      try (Connection owner = database.dataSource().getConnection()) {
        Run.execute(owner, strike);
        Run.execute(owner, Files.readString(Path.of("src/test/resources/hostile-owner.sql")));
        assertThatThrownBy(
                () ->
                    Run.execute(
                        owner,
                        "CREATE FUNCTION evil.started() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
                        "CREATE EVENT TRIGGER started ON ddl_command_start EXECUTE FUNCTION evil.started()"))
            .hasMessageContaining("Must be superuser to create an event trigger");
      }
      // Privileges that the owner lacks, and a table of a role that cannot create anything.
      Run.execute(
          admin,
          "SET search_path = pg_catalog",
          "CREATE SCHEMA admins",
          "GRANT USAGE ON SCHEMA admins TO PUBLIC",
          "CREATE FUNCTION admins.run(sql text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS 'BEGIN EXECUTE sql; END'",
          "REVOKE EXECUTE ON FUNCTION admins.run(text) FROM PUBLIC",
          "CREATE ROLE guest",
          "CREATE TABLE admins.guests (x pg_catalog.int4 CHECK (public.strike('check of a guest')))",
          "ALTER TABLE admins.guests OWNER TO guest",
          "SET ROLE guest",
          "INSERT INTO admins.guests VALUES (1)",
          // A member of a built-in role can transfer ownership of code to it.
          "RESET ROLE",
          "GRANT USAGE ON SCHEMA public TO pg_monitor",
          "CREATE TABLE admins.monitored (x pg_catalog.int4 CHECK (public.strike('check of pg_monitor')))",
          "ALTER TABLE admins.monitored OWNER TO pg_monitor",
          "SET ROLE pg_monitor",
          "INSERT INTO admins.monitored VALUES (1)",
          "RESET ROLE");
      try (Connection careless = database.superuserDataSource().getConnection()) {
        Run.execute(
            careless,
            "SELECT quote_ident(relname) FROM pg_class",
            "SELECT pg_catalog.count(*) FROM public.planned",
            "SELECT public.now_ms(1::pg_catalog.int4)");
      }
      assertThat(ranAsSuperuser(marks))
          .as("code run by a superuser is detected")
          .contains("relation pg_class", "index expression", "index predicate", "statistics")
          .contains("overload now_ms");
      reset(marks);

      boolean hasClient = Run.hasClient(server);
      boolean hasServer = Run.hasServer(server);
      List<List<String>> commands = new ArrayList<>();
      commands.add(List.of("health"));
      commands.add(List.of("diagnose"));
      for (String kind : List.of("performance", "baseline", "compliance")) {
        commands.add(List.of("report", kind));
      }
      commands.add(List.of("advise"));
      commands.add(List.of("watch", "--count", "1", "--interval", "1s"));
      commands.add(List.of("load", "--time", "1s", "--rate", "10"));
      commands.add(List.of("update", "--dry-run", database.name()));
      commands.add(List.of("harden"));
      commands.add(List.of("harden", "--apply"));
      commands.add(List.of("backup", "--to", folder.toString(), database.name()));
      for (String rhythm : List.of("--daily", "--monthly")) {
        commands.add(List.of("maintain", rhythm, "--backups", folder.toString(), database.name()));
      }
      commands.add(List.of("restore", "--from", folder.toString(), "--as", "a_copy"));
      commands.add(List.of("verify", "--from", folder.toString(), "--trust-owners"));
      commands.add(
          List.of("maintain", "--weekly", "--backups", folder.toString(), "--trust-owners"));
      commands.add(List.of("update", database.name()));
      for (List<String> command : commands) {
        Run run = pghello(server, database, command.toArray(String[]::new));
        assertThat(run.out() + run.err())
            .as(command.toString())
            .isNotEmpty()
            .doesNotContain("Exception");
        if (command.get(0).equals("harden")) {
          assertThat(run.out())
              .contains(
                  "is not part of the extension pg_hello_ops, so no role is granted access to")
              .doesNotContain("GRANT SELECT ON TABLE hello_ops", "GRANT USAGE ON SCHEMA hello_ops");
        }
        assertThat(ranAsSuperuser(marks)).as("%s: %s", command, run).isEmpty();
        if (command.get(0).equals("restore") && hasClient) {
          assertThat(run.status()).as(run.err()).isZero();
          try (Connection copy =
              DriverManager.getConnection(
                  database.superuserJdbcUrl().replace(database.name(), "a_copy"))) {
            assertThat(
                    Run.value(
                        copy,
                        "SELECT pg_catalog.string_agg(p.proname::pg_catalog.text, ' ') FROM pg_catalog.pg_proc p WHERE p.proname ~ '^planted_pghello'"))
                .isNull();
          }
        }
        if (command.get(0).equals("verify") && hasClient && hasServer) {
          assertThat(run.out()).as(run.err()).contains("can be restored");
        }
      }
      // All other commands were tested before.
      assumeTrue(hasClient && hasServer, "no programs of this version: nothing was restored");
      assertThat(contents(folder))
          .content()
          .containsPattern("public.planned=1 copied -?[0-9]+")
          .containsPattern("public.generated=1 -?[0-9]+");
    }
  }

  /** Settings of the database for its sessions do not affect the program's sessions. */
  @Test
  void ignoresSessionSettingsOfTheDatabase(
      ExtensionServer server, TestDatabase database, Connection owner) throws SQLException {
    for (String setting : List.of("role = 'app'", "search_path = 'evil'")) {
      Run.execute(owner, "ALTER DATABASE \"%s\" SET %s".formatted(database.name(), setting));
    }
    String session = "SELECT current_user || ' ' || current_setting('search_path')";
    try (Connection careless = database.superuserDataSource().getConnection()) {
      assertThat(Run.value(careless, session)).isEqualTo("app evil");
    }
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", "postgres");
    Target target = TargetResolver.find(Map.of(), Map.of(), environment::get, "nobody", 60);
    try (Connection connection = target.connect();
        Connection other = target.connectForLong()) {
      assertThat(Run.value(connection, session)).isEqualTo("postgres pg_catalog, pg_temp");
      assertThat(Run.value(other, session)).isEqualTo("postgres pg_catalog, pg_temp");
    }
  }

  /** A role setting of the database could hide the login role. */
  @Test
  void roleSettingOfTheDatabaseHidesNoSuperuser(
      ExtensionServer server, TestDatabase database, Connection owner, @Superuser Connection admin)
      throws SQLException {
    Run.execute(
        owner,
        STRIKE,
        "CREATE EXTENSION pg_hello",
        "CREATE SCHEMA hello_ops",
        "CREATE FUNCTION hello_ops.compliance_report() RETURNS TABLE (status text) LANGUAGE plpgsql AS"
            + " $$BEGIN PERFORM public.strike('compliance'); END$$",
        "ALTER DATABASE \"%s\" SET role = 'app'".formatted(database.name()));
    try (Connection careless = database.superuserDataSource().getConnection()) {
      Run.execute(careless, "SELECT hello_ops.compliance_report()");
    }
    assertThat(ranAsSuperuser(admin, database)).as("it is detected").containsExactly("compliance");
    reset(admin, database);
    for (List<String> command :
        List.of(
            List.of("report", "compliance"), List.of("maintain", "--monthly", database.name()))) {
      Run run = pghello(server, database, command.toArray(String[]::new));
      assertThat(run.err()).contains("this role is a superuser");
      assertThat(ranAsSuperuser(admin, database)).as(command.toString()).isEmpty();
    }
  }

  /** A role that can become a superuser is treated like one. */
  @Test
  void membersOfSuperuserRolesRunNoOwnerCode(
      ExtensionServer server, TestDatabase database, Connection owner, @Superuser Connection admin)
      throws SQLException {
    Run.execute(
        owner,
        "CREATE SCHEMA hello_ops",
        "CREATE FUNCTION hello_ops.compliance_report() RETURNS TABLE (status text) LANGUAGE plpgsql AS"
            + " $$BEGIN RETURN QUERY SELECT 'called'; END$$",
        "GRANT USAGE ON SCHEMA hello_ops TO PUBLIC");
    String member = "member_" + database.name();
    Run.execute(
        admin,
        "CREATE ROLE %s LOGIN NOINHERIT PASSWORD '%s'".formatted(member, server.password()),
        "GRANT postgres TO " + member);
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", member);
    Run run = Run.pghello(environment, "report", "compliance");
    assertThat(run.err()).contains("this role is a superuser");
    assertThat(run.out()).doesNotContain("called");
    environment.put("PGUSER", "app");
    assertThat(Run.pghello(environment, "report", "compliance").out()).contains("called");
  }

  private static Path contents(Path folder) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      return paths.filter(path -> path.toString().endsWith(".contents")).findFirst().orElseThrow();
    }
  }

  private static Run pghello(ExtensionServer server, TestDatabase database, String... arguments) {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", "postgres");
    return Run.pghello(environment, arguments);
  }

  /** Returns the names of the code that ran as a superuser. */
  private static List<String> ranAsSuperuser(Connection admin, TestDatabase database)
      throws SQLException {
    String files =
        Run.value(
            admin,
            "SELECT string_agg(substr(f, %d), ';' ORDER BY f) FROM pg_ls_dir(current_setting('data_directory')) f WHERE starts_with(f, '%s ')"
                .formatted(prefix(database).length() + 2, prefix(database)));
    return files == null ? List.of() : List.of(files.split(";", -1));
  }

  private static List<String> ranAsSuperuser(Path marks) throws IOException {
    try (Stream<Path> files = Files.list(marks)) {
      return files.map(file -> file.getFileName().toString().replaceFirst("[^ ]* ", "")).toList();
    }
  }

  private static void reset(Path marks) throws IOException {
    try (Stream<Path> files = Files.list(marks)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
  }

  private static String prefix(TestDatabase database) {
    return "struck_" + database.name();
  }

  private static void reset(Connection admin, TestDatabase database) throws SQLException {
    // A program that does not read its input can exit before the server has sent everything.
    Run.execute(admin, "COPY (SELECT) TO PROGRAM 'cat && rm -f %s*'".formatted(prefix(database)));
  }
}
