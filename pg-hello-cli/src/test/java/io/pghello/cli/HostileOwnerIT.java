// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.PgHelloTest;
import io.pghello.testkit.Superuser;
import io.pghello.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Commands that a superuser runs in a database whose owner, who is no superuser, is hostile. What
 * he has written there makes a file in the server's data directory when it runs as a superuser,
 * which no rollback undoes.
 */
@PgHelloTest(extension = false)
class HostileOwnerIT {
  private static final String STRIKE =
      """
      CREATE FUNCTION public.strike(what text) RETURNS void LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_catalog.set_config('role', 'none', false);
        EXECUTE pg_catalog.format('COPY (SELECT 1) TO %L',
          pg_catalog.current_setting('data_directory') || '/struck_' || pg_catalog.current_database() || ' ' || what);
      EXCEPTION WHEN insufficient_privilege THEN
        RETURN;
      END
      $$
      """;

  @Test
  void membersOfTheExtensionThatHeHasAddedAreNotCalled(
      PgHelloServer server, TestDatabase database, Connection owner, @Superuser Connection admin)
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
    assertThat(struck(admin, database))
        .as("what a superuser calls is seen")
        .containsExactly("pg_hello(text, integer)", "pg_hello_all(text[], integer[])");
    forget(admin, database);

    for (String command : List.of("health", "diagnose")) {
      Run run = pghello(server, database, command);
      assertThat(run.status()).as(run.out() + run.err()).isEqualTo(2);
      assertThat(run.out())
          .contains(
              "public.pg_hello(text, integer) is no function of pg_hello, and is not called: it is written in plpgsql",
              "public.pg_hello_all(text[], integer[]) is no function of pg_hello",
              "ALTER EXTENSION pg_hello DROP FUNCTION public.pg_hello(text, integer)")
          .containsPattern("(?m)^ok +function +pg_hello\\(text\\)$");
    }
    Run load = pghello(server, database, "load", "--time", "1s");
    assertThat(load.status()).as(load.out()).isEqualTo(3);
    assertThat(load.err()).contains("pg_hello(text, integer) is no function of pg_hello");
    Run watch = pghello(server, database, "watch", "--count", "1", "--interval", "1s");
    assertThat(watch.out()).contains("now_ms()").doesNotContain("pg_hello_all");
    Run harden = pghello(server, database, "harden");
    assertThat(harden.out())
        .contains("FUNCTION public.now_ms()")
        .doesNotContain("FUNCTION public.pg_hello(text,integer)");

    // nor what is no member, but where a member would be
    Run.execute(owner, "ALTER EXTENSION pg_hello DROP FUNCTION public.pg_hello(text, integer)");
    load = pghello(server, database, "load", "--time", "1s");
    assertThat(load.status()).as(load.out()).isEqualTo(3);
    assertThat(struck(admin, database)).isEmpty();
  }

  private static Run pghello(PgHelloServer server, TestDatabase database, String... arguments) {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", "postgres");
    return Run.pghello(environment, arguments);
  }

  /** Returns what has run as a superuser. */
  private static List<String> struck(Connection admin, TestDatabase database) throws SQLException {
    String files =
        Run.value(
            admin,
            "SELECT string_agg(substr(f, %d), ';' ORDER BY f) FROM pg_ls_dir(current_setting('data_directory')) f WHERE starts_with(f, '%s ')"
                .formatted(prefix(database).length() + 2, prefix(database)));
    return files == null ? List.of() : List.of(files.split(";", -1));
  }

  private static String prefix(TestDatabase database) {
    return "struck_" + database.name();
  }

  private static void forget(Connection admin, TestDatabase database) throws SQLException {
    Run.execute(admin, "COPY (SELECT 1) TO PROGRAM 'rm -f %s*'".formatted(prefix(database)));
  }
}
