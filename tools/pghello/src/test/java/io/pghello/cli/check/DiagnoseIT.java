// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.cli.connect.ExtensionFunctions.Own;
import io.pghello.cli.output.Findings;
import io.pghello.cli.output.Status;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** Planted problems are found, with their fixes. */
@PgHelloTest
class DiagnoseIT {
  @Test
  void findsNoProblems(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Run run = diagnose(server, database, "postgres");
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).as(run.out()).isZero();
    assertThat(run.out())
        .startsWith("OK - ")
        .contains(
            "sessions recognize pg_hello.repeat only after their first call",
            "no session is blocked by another one",
            "20000 calls leak no memory in the session, process size ");
    Run.execute(
        superuser,
        "ALTER DATABASE " + database.name() + " SET session_preload_libraries = 'pg_hello'");
    run = diagnose(server, database, "postgres", "--json");
    assertThat(run.status()).isZero();
    assertThat(Run.json(superuser, run.out(), "$.findings[*] ? (@.check == \"preload\").text"))
        .isEqualTo("sessions load pg_hello when they start");
  }

  @Test
  void reportsDataHiddenFromOrdinaryRole(ExtensionServer server, TestDatabase database) {
    Run run = diagnose(server, database, "app");
    assertThat(run.status()).as(run.out()).isZero();
    assertThat(run.out())
        .contains(
            "may not see which libraries",
            "grant it pg_read_all_settings",
            "may not read the memory");
  }

  @Test
  void reportsBlockedSessions(
      ExtensionServer server, TestDatabase database, DataSource dataSource, Connection holder)
      throws Exception {
    Run.execute(holder, "CREATE TABLE held ()");
    holder.setAutoCommit(false);
    Run.execute(holder, "LOCK TABLE held");
    int holding = holder.unwrap(PGConnection.class).getBackendPID();
    try (Connection waiter = dataSource.getConnection()) {
      int waiting = waiter.unwrap(PGConnection.class).getBackendPID();
      CompletableFuture<Void> waits =
          CompletableFuture.runAsync(
              () -> {
                try {
                  Run.execute(waiter, "SELECT FROM held");
                } catch (SQLException e) {
                  throw new AssertionError(e);
                }
              });
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (Run.value(holder, "SELECT cardinality(pg_blocking_pids(" + waiting + "))").equals("0")
          && System.nanoTime() < end) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
      }
      Run run = diagnose(server, database, "postgres");
      assertThat(run.status()).as(run.out()).isEqualTo(1);
      assertThat(run.out())
          .containsPattern(
              "session "
                  + waiting
                  + " \\(app\\) has waited [0-9]+ s for session\\(s\\) "
                  + holding
                  + "\n")
          .contains("SELECT pg_terminate_backend(" + holding + ")");
      holder.rollback();
      waits.get(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void detectsMemoryLeak(@Superuser Connection superuser) throws SQLException {
    Run.execute(
        superuser,
        """
        CREATE FUNCTION leaking(name text) RETURNS text LANGUAGE plpgsql VOLATILE STRICT AS $$
        BEGIN
          EXECUTE format('PREPARE %I AS SELECT 1', gen_random_uuid());
          RETURN 'Hello, ' || name || '!';
        END
        $$
        """);
    var findings = new Findings();
    try (Statement statement = superuser.createStatement()) {
      new Diagnosis(findings).checkMemory(statement, new Own("leaking", "true"), true);
    }
    assertThat(findings.texts(Status.WARNING))
        .singleElement()
        .asString()
        .matches("20000 calls leak [0-9]{6,} bytes in the session");
  }

  @Test
  void warnsAboutSecondLibraryOnPath(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Run.execute(
        superuser,
        "ALTER DATABASE " + database.name() + " SET dynamic_library_path = '/opt/lib:$libdir'");
    Run run = diagnose(server, database, "postgres");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).contains("dynamic_library_path is /opt/lib:$libdir");
  }

  @Test
  void worksWithoutExtension(ExtensionServer server, TestDatabase database, Connection owner)
      throws SQLException {
    Run.execute(owner, "DROP EXTENSION pg_hello");
    Run run = diagnose(server, database, "postgres");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out())
        .contains("CREATE EXTENSION pg_hello", "no session is blocked by another one");
  }

  private static Run diagnose(
      ExtensionServer server, TestDatabase database, String user, String... options) {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", user);
    String[] arguments = new String[options.length + 1];
    arguments[0] = "diagnose";
    System.arraycopy(options, 0, arguments, 1, options.length);
    return Run.pghello(environment, arguments);
  }
}
