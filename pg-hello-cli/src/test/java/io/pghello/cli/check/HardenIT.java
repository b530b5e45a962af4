// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.PgHelloTest;
import io.pghello.testkit.Superuser;
import io.pghello.testkit.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stands open is shown, and closed when told. */
@PgHelloTest
class HardenIT {
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
  void closesWhatRolesSqlCloses() throws Exception {
    // roles are the whole server's
    try (PgHelloServer server = PgHelloServer.start();
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
      Run before = harden(server, database);
      assertThat(before.err()).isEmpty();
      assertThat(before.status()).isEqualTo(1);
      assertThat(before.out())
          .startsWith("WARNING - ")
          .contains(
              "there is no role hello_monitor",
              "REVOKE ALL ON FUNCTION public.now_ms() FROM PUBLIC",
              "SET session_preload_libraries = 'plpgsql', '$libdir/plpgsql', 'pg_hello'",
              "ALTER SYSTEM SET log_line_prefix = ");
      assertThat(
              Run.value(superuser, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'hello\\_%'"))
          .isEqualTo("0");

      Run applied = harden(server, database, "--apply");
      assertThat(applied.err()).isEmpty();
      assertThat(applied.out()).startsWith("CREATE ROLE hello_admin;");
      // what roles.sql does in another database
      Run.execute(
          beside,
          "CREATE EXTENSION pg_hello_ops",
          Files.readString(Path.of("../extension/ops/roles.sql")));
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
      Run after = harden(server, database);
      assertThat(after.out()).doesNotContain("ALTER ", "GRANT ", "REVOKE ");
      String again = harden(server, database, "--apply", "--json").out();
      assertThat(Run.json(superuser, again, "$.applied.size()")).isEqualTo("0");
    }
  }

  /** What has been done stays, so it is said. */
  @Test
  void saysWhatItDidBeforeItFailed() throws Exception {
    boolean canRefuse = PgHelloServer.shared().major() >= 17;
    var builder = PgHelloServer.builder();
    if (canRefuse) {
      builder.setting("allow_alter_system", "off");
    }
    try (PgHelloServer server = builder.start();
        TestDatabase database = server.createDatabase();
        Connection superuser = database.superuserDataSource().getConnection()) {
      if (!canRefuse) {
        // the server cannot write its file
        Files.createDirectory(
            Path.of(Run.value(superuser, "SHOW data_directory"), "postgresql.auto.conf.tmp"));
      }
      Run run = harden(server, database, "--apply");
      assertThat(run.status()).as(run.err()).isEqualTo(2);
      assertThat(run.err())
          .contains("what is printed before the last line is done")
          .hasLineCount(1);
      List<String> printed = run.out().lines().toList();
      assertThat(printed.get(0)).isEqualTo("CREATE ROLE hello_admin;");
      assertThat(printed.get(printed.size() - 1)).startsWith("ALTER SYSTEM SET ");
      assertThat(
              Run.value(superuser, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'hello\\_%'"))
          .isEqualTo("3");

      Run.execute(superuser, "GRANT EXECUTE ON FUNCTION now_ms() TO PUBLIC");
      run = harden(server, database, "--apply", "--json");
      assertThat(run.status()).isEqualTo(2);
      assertThat(Run.json(superuser, run.out(), "$.applied[0]"))
          .isEqualTo("REVOKE ALL ON FUNCTION public.now_ms() FROM PUBLIC");
      assertThat(Run.json(superuser, run.out(), "$.applied.size()")).isEqualTo("1");
      run = harden(server, database, "--apply");
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.err()).as("nothing is done").doesNotContain("is printed before");
    }
  }

  @Test
  void namesWhatIsToBeDoneByHand(
      PgHelloServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Run.execute(
        superuser, "CREATE TABLE app_config (key text)", "GRANT CREATE ON SCHEMA public TO PUBLIC");
    Run run = harden(server, database);
    assertThat(run.out())
        .contains(
            "table public.app_config has no row-level security", "extension/ops/app_config.sql")
        .contains("everybody may create objects in schema public");
  }

  @Test
  void protectsFiles(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("pg_hello.control"), "");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    Hardening.protect(file);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-r--r--");
  }

  @Test
  void saysWhyItCannot(PgHelloServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Map<String, String> environment = Run.environment(server, database);
    Run run = Run.pghello(environment, "harden", "--apply");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("SQLSTATE 42501").hasLineCount(1);
    assertThat(
            Run.value(
                superuser,
                "SELECT count(*) FROM pg_proc WHERE proname = 'now_ms' AND proacl IS NOT NULL"))
        .as("nothing of it is done")
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

  private static Run harden(PgHelloServer server, TestDatabase database, String... options) {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", "postgres");
    var arguments = new ArrayList<>(List.of("harden"));
    arguments.addAll(List.of(options));
    return Run.pghello(environment, arguments.toArray(String[]::new));
  }
}
