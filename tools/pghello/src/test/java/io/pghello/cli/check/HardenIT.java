// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.Run;
import io.pghello.cli.system.Directories;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Insecure configuration is reported, and fixed on request. */
@PgHelloTest
class HardenIT {
  private static final String OURS = "sourcefile LIKE '%auto.conf' AND name = 'log_line_prefix'";

  @TempDir private Path state;

  private static final String PRIVILEGES =
      """
      SELECT string_agg(line, E'\\n' ORDER BY line)
      FROM (
        SELECT p.oid::regprocedure || ' ' || (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(p.proacl) a) FROM pg_proc p
        WHERE p.proacl IS NOT NULL AND (p.pronamespace = 'hello_ops'::regnamespace OR p.probin = '$libdir/pg_hello')
        UNION ALL
        SELECT c.oid::regclass || ' ' || (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(c.relacl) a) FROM pg_class c WHERE c.relnamespace = 'hello_ops'::regnamespace
        UNION ALL
        SELECT n.nspname || ' ' || (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(n.nspacl) a) FROM pg_namespace n WHERE n.nspname IN ('hello_ops', 'public')
      ) v (line)
      """;

  @Test
  void appliesSameChangesAsRolesSql() throws Exception {
    // Roles belong to the whole server.
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        TestDatabase other = server.createDatabase();
        Connection superuser = database.superuserDataSource().getConnection();
        Connection beside = other.superuserDataSource().getConnection()) {
      Run.execute(
          superuser,
          "CREATE EXTENSION pg_hello_ops",
          "ALTER DATABASE "
              + database.name()
              + " SET session_preload_libraries = 'plpgsql', '$libdir/plpgsql'");
      String session = before(database);
      Run before = harden(server, database, "--preload");
      assertThat(before.err()).isEmpty();
      assertThat(harden(server, database, "--preload", "--dry-run").out()).isEqualTo(before.out());
      assertThat(harden(server, database, "--apply", "--dry-run").err())
          .contains("--dry-run changes nothing: omit it, or omit --apply");
      assertThat(before.status()).isEqualTo(1);
      assertThat(before.out())
          .startsWith("WARNING - ")
          .contains(
              "role hello_monitor does not exist",
              "REVOKE EXECUTE ON FUNCTION public.now_ms() FROM PUBLIC",
              "app has EXECUTE on public.now_ms(), ",
              "SET session_preload_libraries = 'plpgsql', '$libdir/plpgsql', 'pg_hello'",
              "ALTER SYSTEM SET log_line_prefix = ")
          .containsPattern("(?m)^ok +to add +role hello_monitor does not exist$")
          .containsPattern("(?m)^warning +open +PUBLIC has EXECUTE on public.now_ms\\(\\)$");
      assertThat(
              Run.value(superuser, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'hello\\_%'"))
          .isEqualTo("0");

      Run applied = harden(server, database, "--apply", "--preload", "--revoke-from", "app");
      assertThat(applied.err()).isEmpty();
      assertThat(applied.out())
          .startsWith("-- app has EXECUTE on public.now_ms(), ")
          .contains(
              "\nCREATE ROLE hello_admin; -- undo: DROP ROLE hello_admin\n",
              "pghello harden --undo reverts this, using " + state);
      // The changes of roles.sql in another database.
      Run.execute(
          beside,
          "CREATE EXTENSION pg_hello_ops",
          Files.readString(Path.of("../../extension/ops/roles.sql")));
      assertThat(Run.value(superuser, PRIVILEGES)).isEqualTo(Run.value(beside, PRIVILEGES));
      assertThat(
              Run.value(
                  superuser,
                  "SELECT pg_has_role('hello_admin', 'hello_user', 'MEMBER') AND pg_has_role('hello_monitor', 'pg_monitor', 'MEMBER')"))
          .isEqualTo("t");
      try (Connection fresh = database.superuserDataSource().getConnection()) {
        assertThat(Run.value(fresh, "SHOW session_preload_libraries"))
            .isEqualTo("plpgsql, \"$libdir/plpgsql\", pg_hello");
        Run.await(
            "the prefix is loaded",
            () -> {
              try (Connection one = database.superuserDataSource().getConnection()) {
                return Run.value(one, "SHOW log_line_prefix").contains("%e");
              }
            });
      }
      Run after = harden(server, database, "--preload");
      assertThat(after.out()).doesNotContain("ALTER ", "GRANT ", "REVOKE ");
      String again = harden(server, database, "--apply", "--json").out();
      assertThat(Run.json(superuser, again, "$.applied.size()")).isEqualTo("0");

      assertThat(harden(server, other, "--undo").err())
          .contains("no changes of harden to this database");
      Run undone = harden(server, database, "--undo");
      assertThat(undone.err()).isEmpty();
      assertThat(undone.status()).as(undone.out()).isZero();
      assertThat(undone.out())
          .contains("GRANT EXECUTE ON FUNCTION public.now_ms() TO PUBLIC;")
          .contains("role hello_user has members, or privileges elsewhere, and was kept")
          .containsPattern(
              "ALTER SYSTEM RESET log_line_prefix; -- undo: ALTER SYSTEM SET log_line_prefix = '[^']*%e '")
          .doesNotContain("%e %e");
      assertThat(before(database)).isEqualTo(session);
      assertThat(
              Run.value(
                  superuser,
                  "SELECT bool_and(has_function_privilege('app', oid, 'EXECUTE')) AND NOT bool_or(proacl::text LIKE '%hello\\_%') FROM pg_proc WHERE probin = '$libdir/pg_hello'"))
          .isEqualTo("t");
      Run second = harden(server, database, "--undo");
      assertThat(second.status()).isEqualTo(3);
      assertThat(second.err()).contains("no changes of harden to this database").hasLineCount(1);
    }
  }

  /** The settings of a new session, once the server has reloaded its configuration. */
  private static String before(TestDatabase database) throws Exception {
    try (Connection session = database.superuserDataSource().getConnection()) {
      return Run.value(
          session,
          "SELECT (SELECT coalesce(max(setconfig::text), 'none') FROM pg_db_role_setting JOIN pg_database d ON setdatabase = d.oid WHERE datname = current_database())"
              + " || ' ' || (SELECT count(*) FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf')");
    }
  }

  /**
   * A privilege that a role holds only through PUBLIC is kept until it is granted to the role
   * directly, or until {@code --revoke-from} names the role.
   */
  @Test
  void keepsPrivilegesInUse() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        Connection superuser = database.superuserDataSource().getConnection()) {
      Run.execute(
          superuser,
          "CREATE ROLE shop LOGIN",
          "CREATE ROLE \"te nants\"",
          "CREATE ROLE alice LOGIN IN ROLE \"te nants\"",
          "CREATE ROLE nobody",
          "CREATE ROLE elsewhere LOGIN",
          "CREATE ROLE boss LOGIN SUPERUSER",
          "REVOKE CONNECT ON DATABASE " + database.name() + " FROM PUBLIC",
          "GRANT CONNECT ON DATABASE " + database.name() + " TO shop, alice",
          "CREATE TABLE orders (name text, greeting text GENERATED ALWAYS AS (pg_hello(name, 1)) STORED)",
          "GRANT INSERT ON orders TO shop");
      Run held = harden(server, database, "--apply");
      assertThat(held.status()).as(held.err()).isEqualTo(1);
      assertThat(held.out())
          .containsPattern(
              "(?m)^-- shop has EXECUTE on .*public.pg_hello\\(text\\).* only through PUBLIC, and may need it to access public.orders$")
          .containsPattern("(?m)^-- te nants has EXECUTE on [^;]* only through PUBLIC$")
          .contains("GRANT hello_user TO shop; or revoke it anyway with --revoke-from ROLE")
          .contains("GRANT hello_user TO \"te nants\"; or")
          .contains("-- alice has", "-- app has")
          .doesNotContain("-- nobody", "-- elsewhere", "-- boss", "-- hello_", "FROM PUBLIC;");
      insertAs(superuser, "shop");
      // A named role loses a privilege, unless another role still depends on it.
      assertThat(
              harden(server, database, "--apply", "--revoke-from", "alice", "--revoke-from", "app")
                  .out())
          .doesNotContain("FROM PUBLIC;");
      insertAs(superuser, "shop");
      Run.execute(superuser, "GRANT hello_user TO shop, \"te nants\"");
      Run closed = harden(server, database, "--apply", "--revoke-from", "app");
      assertThat(closed.out())
          .contains("REVOKE EXECUTE ON FUNCTION public.now_ms() FROM PUBLIC;")
          .doesNotContain("-- shop", "-- alice", "-- te nants");
      insertAs(superuser, "shop");
      assertThatThrownBy(() -> insertAs(superuser, "app"))
          .hasMessageContaining("permission denied");
    }
  }

  private static void insertAs(Connection superuser, String role) throws SQLException {
    try {
      Run.execute(
          superuser,
          "GRANT INSERT ON orders TO " + role,
          "SET SESSION AUTHORIZATION " + role,
          "INSERT INTO orders VALUES ('x')");
    } finally {
      Run.execute(superuser, "RESET SESSION AUTHORIZATION");
    }
  }

  /** Recorded statements would run as a superuser. */
  @Test
  void doesNotRunUndoStatementsOfOtherUsers() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        Connection superuser = database.superuserDataSource().getConnection()) {
      harden(server, database, "--apply", "--revoke-from", "app");
      Path folder = state.resolve("pghello");
      Path file;
      try (Stream<Path> files = Files.list(folder)) {
        file = files.findFirst().orElseThrow();
      }
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
      for (Path one : List.of(folder, file)) {
        Set<PosixFilePermission> right = Files.getPosixFilePermissions(one);
        Files.setPosixFilePermissions(one, PosixFilePermissions.fromString("rwxrwx---"));
        assertRefused(server, database, superuser);
        Files.setPosixFilePermissions(one, right);
      }
      byte[] written = Files.readAllBytes(file);
      Files.write(file, new byte[] {(byte) 0xff, 0, '\n'});
      Run unreadable = harden(server, database, "--undo");
      assertThat(unreadable.status()).isEqualTo(3);
      assertThat(unreadable.err())
          .contains(file + " cannot be read: it is not UTF-8 text")
          .hasLineCount(1);
      Files.write(file, written);
      Path moved = Files.move(file, state.resolve("moved"));
      Files.createSymbolicLink(file, moved);
      assertRefused(server, database, superuser);
      Files.delete(file);
      Files.writeString(
          file,
          """
          GRANT EXECUTE ON FUNCTION public.pg_hello(text) TO PUBLIC; ALTER ROLE app SUPERUSER;
          ALTER ROLE app SUPERUSER;
          ALTER SYSTEM SET session_preload_libraries = 'evil';
          ALTER DATABASE %s SET session_preload_libraries = 'evil';
          GRANT hello_monitor TO app;
          GRANT EXECUTE ON FUNCTION public.now_ms() TO PUBLIC;
          """
              .formatted(database.name()));
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      Run run = harden(server, database, "--undo");
      assertThat(run.status()).as(run.err()).isEqualTo(1);
      assertThat(run.out()).startsWith("GRANT EXECUTE ON FUNCTION public.now_ms() TO PUBLIC;");
      assertThat(
              run.out().lines().filter(line -> line.contains("harden would not revert this now")))
          .hasSize(6);
      assertThat(
              Run.value(
                  superuser,
                  "SELECT rolsuper::text || pg_has_role('app', 'hello_monitor', 'MEMBER') FROM pg_roles WHERE rolname = 'app'"))
          .isEqualTo("falsefalse");
      assertThat(before(database)).doesNotContain("evil");
      assertThat(Files.readAllLines(file))
          .hasSize(5)
          .doesNotContain("GRANT EXECUTE ON FUNCTION public.now_ms() TO PUBLIC;");
    }
  }

  /** A run can be killed between two of its steps, or lose its session during a step. */
  @Test
  void undoesChangesOfKilledRun() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        Connection superuser = database.superuserDataSource().getConnection()) {
      superuser.setAutoCommit(false);
      Run.execute(superuser, "LOCK TABLE pg_authid IN SHARE MODE");
      Run.Running lost =
          Run.start(environment(server, database), "harden", "--apply", "--revoke-from", "app");
      String waits =
          "FROM pg_stat_activity WHERE query LIKE 'CREATE ROLE%' AND wait_event_type = 'Lock'";
      try (Connection other = database.superuserDataSource().getConnection()) {
        Run.await("it is waiting", () -> Run.value(other, "SELECT count(*) " + waits).equals("1"));
        Run.execute(other, "SELECT pg_terminate_backend(pid) " + waits);
      }
      assertThat(lost.end().status()).isEqualTo(2);
      superuser.rollback();
      superuser.setAutoCommit(true);
      Run undone = harden(server, database, "--undo");
      assertThat(undone.status()).as(undone.err()).isZero();

      assertThat(harden(server, database, "--apply", "--revoke-from", "app").err()).isEmpty();
      // As before the setting was loaded.
      String harder = Run.value(superuser, "SELECT setting FROM pg_file_settings WHERE " + OURS);
      Run.execute(superuser, "ALTER SYSTEM RESET log_line_prefix", "SELECT pg_reload_conf()");
      Run.await(
          "it is loaded",
          () -> {
            try (Connection one = database.superuserDataSource().getConnection()) {
              return !Run.value(one, "SHOW log_line_prefix").equals(harder);
            }
          });
      Run.execute(superuser, "ALTER SYSTEM SET log_line_prefix = '" + harder + "'");
      undone = harden(server, database, "--undo");
      assertThat(undone.status()).as(undone.err()).isZero();
      assertThat(Run.value(superuser, "SELECT count(*) FROM pg_file_settings WHERE " + OURS))
          .isEqualTo("0");
    }
  }

  /** A renamed role keeps its privileges. */
  @Test
  void reportsRenamedRoleOnUndo() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        Connection superuser = database.superuserDataSource().getConnection()) {
      harden(server, database, "--apply", "--revoke-from", "app");
      Run.execute(superuser, "ALTER ROLE hello_monitor RENAME TO \"wat chers\"");
      for (int i = 0; i < 2; i++) {
        Run undone = harden(server, database, "--undo");
        assertThat(undone.status()).as(undone.out()).isEqualTo(1);
        assertThat(undone.out())
            .containsPattern(
                "(?m)^warning +left +\"wat chers\" has privileges .*hello_monitor does not exist$");
      }
      Run.execute(superuser, "ALTER ROLE \"wat chers\" RENAME TO hello_monitor");
      Run undone = harden(server, database, "--undo");
      assertThat(undone.status()).as(undone.out()).isZero();
      assertThat(
              Run.value(superuser, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'hello\\_%'"))
          .isEqualTo("0");
      assertThat(harden(server, database, "--undo").status())
          .as("nothing is recorded")
          .isEqualTo(3);
    }
  }

  /** As a timer does, or a user who does not know about the rename. */
  @Test
  void reportsRenamedRoleBeforeCreatingAnother() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        Connection superuser = database.superuserDataSource().getConnection()) {
      // Privileges of unrelated roles do not matter before the roles are created.
      Run.execute(superuser, "GRANT EXECUTE ON FUNCTION now_ms() TO app");
      assertThat(harden(server, database, "--apply", "--revoke-from", "app").out())
          .doesNotContain("renamed");
      Run.execute(superuser, "ALTER ROLE hello_monitor RENAME TO watchers");
      for (String option : List.of("--json", "--apply")) {
        Run again = harden(server, database, option);
        assertThat(again.status()).as(again.out()).isEqualTo(1);
        assertThat(again.out())
            .contains(
                "watchers has privileges on the same objects as the hello_* roles, and hello_m")
            .contains(
                "if it was renamed: "
                    + (option.equals("--json")
                        ? "rename it back before"
                        : "run harden --undo, rename"));
      }
      // Follows its advice.
      assertThat(harden(server, database, "--undo").status()).isZero();
      Run.execute(superuser, "ALTER ROLE watchers RENAME TO hello_monitor");
      assertThat(harden(server, database, "--apply", "--revoke-from", "app").out())
          .doesNotContain("renamed");
    }
  }

  /** Production servers use this setting as a protection, but --apply is meant to write. */
  @Test
  void appliesWithReadOnlyDefault() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        Connection superuser = database.superuserDataSource().getConnection()) {
      Run.execute(
          superuser,
          "ALTER DATABASE " + database.name() + " SET default_transaction_read_only = on");
      Run applied = harden(server, database, "--apply", "--revoke-from", "app");
      assertThat(applied.err()).isEmpty();
      assertThat(applied.out()).contains("CREATE ROLE hello_admin; -- undo: DROP ROLE hello_admin");
      Run undone = harden(server, database, "--undo");
      assertThat(undone.status()).as(undone.err()).isZero();
    }
  }

  /** Copies have the same identifiers as the original, but the file applies to only one server. */
  @Test
  void doesNotUndoOriginalOnCopies() throws Exception {
    // Created from one template, like physical copies.
    try (ExtensionServer original = ExtensionServer.start("pg_hello");
        ExtensionServer copy = ExtensionServer.start("pg_hello")) {
      Map<String, String> there = ofPostgres(original);
      Map<String, String> here = ofPostgres(copy);
      assertThat(Run.pghello(there, "harden", "--apply", "--revoke-from", "app").err()).isEmpty();
      Run undo = Run.pghello(here, "harden", "--undo");
      assertThat(undo.status()).as(undo.out()).isEqualTo(3);
      assertThat(undo.err())
          .containsPattern(
              "no changes of harden to this database .*; .*harden-.*"
                  + original.port()
                  + "\\.sql is for another address")
          .hasLineCount(1);
      assertThat(Run.pghello(there, "harden", "--undo").out())
          .contains("DROP ROLE hello_user; -- undo: CREATE ROLE hello_user");
    }
  }

  /** A database that both have, with the same OID. */
  private Map<String, String> ofPostgres(ExtensionServer server) throws SQLException {
    try (TestDatabase database = server.createDatabase();
        Connection superuser =
            DriverManager.getConnection(
                database.superuserJdbcUrl().replace("/" + database.name(), "/postgres"))) {
      Run.execute(superuser, "CREATE EXTENSION IF NOT EXISTS pg_hello");
      Map<String, String> environment = environment(server, database);
      environment.put("PGDATABASE", "postgres");
      return environment;
    }
  }

  private void assertRefused(ExtensionServer server, TestDatabase database, Connection superuser)
      throws SQLException {
    Run run = harden(server, database, "--undo");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("another user owns it or can write to it").hasLineCount(1);
    assertThat(Run.value(superuser, "SELECT has_function_privilege('app', 'now_ms()', 'EXECUTE')"))
        .isEqualTo("f");
  }

  /** A superuser who preloaded the library can connect without it, and remove the setting. */
  @Test
  void recoversFromMissingLibrary(@Superuser Connection any) throws Exception {
    Path libraries = Files.createDirectory(state.resolve("libraries"));
    Path library = libraries.resolve("pg_hello.so");
    String all = Run.value(any, "SELECT setting FROM pg_config WHERE name = 'PKGLIBDIR'");
    try (Stream<Path> files = Files.list(Path.of(all))) {
      for (Path file : files.toList()) {
        Files.createSymbolicLink(libraries.resolve(file.getFileName()), file);
      }
    }
    try (ExtensionServer server =
            ExtensionServer.builder()
                .extension("pg_hello")
                .setting("dynamic_library_path", libraries.toString())
                .start();
        TestDatabase database = server.createDatabase()) {
      Run usual = harden(server, database, "--apply");
      assertThat(usual.out())
          .containsPattern("(?m)^ok +preload ")
          .contains(
              "--preload loads the library at connect; if it is missing later, only a "
                  + "superuser who sets PGOPTIONS=")
          .doesNotContain("ALTER DATABASE " + database.name());
      Run applied = harden(server, database, "--apply", "--preload");
      assertThat(applied.out()).contains("SET session_preload_libraries = 'pg_hello';");
      Files.delete(library);
      Map<String, String> environment = Run.environment(server, database);
      Run health = Run.pghello(environment, "health");
      assertThat(health.status()).isEqualTo(2);
      assertThat(health.out())
          .contains("SQLSTATE 58P01", "PGOPTIONS='-c session_preload_libraries='");
      assertThat(Run.pghello(environment, "report", "compliance").err())
          .contains("PGOPTIONS='-c session_preload_libraries='");
      environment.put("PGOPTIONS", "-c session_preload_libraries=");
      assertThat(Run.pghello(environment, "health").status()).as("not a superuser").isNotZero();
      environment.put("PGUSER", "postgres");
      environment.put("XDG_STATE_HOME", state.toString());
      Run undone = Run.pghello(environment, "harden", "--undo");
      assertThat(undone.out()).as(undone.err()).contains("RESET session_preload_libraries;");
      environment = Run.environment(server, database);
      assertThat(Run.pghello(environment, "health").out()).contains("ok        connection");
    } finally {
      Directories.delete(libraries);
    }
  }

  /** Completed changes are kept and reported. */
  @Test
  void reportsChangesBeforeFailure(ExtensionServer shared) throws Exception {
    boolean canRefuse = shared.major() >= 17;
    var builder = ExtensionServer.builder().extension("pg_hello");
    if (canRefuse) {
      builder.setting("allow_alter_system", "off");
    }
    try (ExtensionServer server = builder.start();
        TestDatabase database = server.createDatabase();
        Connection superuser = database.superuserDataSource().getConnection()) {
      if (!canRefuse) {
        // The server cannot write its file.
        Files.createDirectory(
            Path.of(Run.value(superuser, "SHOW data_directory"), "postgresql.auto.conf.tmp"));
      }
      Run run = harden(server, database, "--apply", "--revoke-from", "app");
      assertThat(run.status()).as(run.err()).isEqualTo(2);
      assertThat(run.err())
          .contains("the changes printed before the last one were applied")
          .hasLineCount(1);
      List<String> printed = run.out().lines().toList();
      assertThat(printed.get(1)).startsWith("CREATE ROLE hello_admin;");
      assertThat(printed.get(printed.size() - 1)).startsWith("ALTER SYSTEM SET ");
      assertThat(
              Run.value(superuser, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'hello\\_%'"))
          .isEqualTo("3");

      Run.execute(superuser, "GRANT EXECUTE ON FUNCTION now_ms() TO PUBLIC");
      run = harden(server, database, "--apply", "--json", "--revoke-from", "app");
      assertThat(run.status()).isEqualTo(2);
      assertThat(Run.json(superuser, run.out(), "$.applied[0]"))
          .isEqualTo("REVOKE EXECUTE ON FUNCTION public.now_ms() FROM PUBLIC");
      assertThat(Run.json(superuser, run.out(), "$.applied.size()")).isEqualTo("1");
      run = harden(server, database, "--apply");
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.err()).as("nothing was applied").doesNotContain("printed before");
    }
  }

  @Test
  void reportsManualSteps(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Run.execute(
        superuser, "CREATE TABLE app_config (key text)", "GRANT CREATE ON SCHEMA public TO PUBLIC");
    Run run = harden(server, database);
    assertThat(run.out())
        .contains(
            "table public.app_config has no forced row-level security",
            "extension/ops/app_config.sql")
        .contains("PUBLIC may create objects in schema public");
  }

  @Test
  void protectsFiles(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("pg_hello.control"), "");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    Hardening.chmod("go-w", file);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-r--r--");
    Hardening.chmod("g+w", file);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-rw-r--");
  }

  @Test
  void reportsFailures(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Map<String, String> environment = Run.environment(server, database);
    Run run = Run.pghello(environment, "harden", "--apply");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("SQLSTATE 42501").hasLineCount(1);
    assertThat(
            Run.value(
                superuser,
                "SELECT count(*) FROM pg_proc WHERE proname = 'now_ms' AND proacl IS NOT NULL"))
        .as("nothing was applied")
        .isEqualTo("0");
    run = Run.pghello(environment, "harden");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.out()).contains("run this as a superuser");
    environment.put("PGPASSWORD", "wrong");
    run = Run.pghello(environment, "harden");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("SQLSTATE 28P01").hasLineCount(1);
    Run.execute(superuser, "DROP EXTENSION pg_hello");
    run = harden(server, database);
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("CREATE EXTENSION pg_hello");
  }

  private Map<String, String> environment(ExtensionServer server, TestDatabase database) {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", "postgres");
    environment.put("XDG_STATE_HOME", state.toString());
    return environment;
  }

  private Run harden(ExtensionServer server, TestDatabase database, String... options) {
    var arguments = new ArrayList<>(List.of("harden"));
    arguments.addAll(List.of(options));
    return Run.pghello(environment(server, database), arguments.toArray(String[]::new));
  }
}
