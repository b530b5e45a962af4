// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.PgHelloTest;
import io.pghello.testkit.Superuser;
import io.pghello.testkit.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What timers start. */
@PgHelloTest
class MaintainIT {
  @TempDir private Path folder;

  @Test
  void doesWhatIsDue(PgHelloServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    boolean hasClient =
        Files.isExecutable(Path.of("/usr/lib/postgresql/" + server.major() + "/bin/pg_dump"));
    Run.execute(superuser, "CREATE EXTENSION pg_hello_ops", "SELECT hello_ops.take_snapshot()");
    Run daily = maintain(server, database, "--daily");
    assertThat(daily.out())
        .contains(
            "== " + database.name() + ": snapshot",
            ": report",
            ": health",
            ": backup",
            "pg_hello answers in");
    assertThat(Run.value(superuser, "SELECT count(DISTINCT taken_at) FROM hello_ops.snapshot"))
        .isEqualTo("2");
    if (hasClient) {
      assertThat(daily.err()).isEmpty();
      assertThat(daily.out()).contains("is complete after");
    } else {
      assertThat(daily.status()).isEqualTo(3);
      assertThat(daily.err()).contains("needs PostgreSQL's client programs");
    }

    Run weekly = maintain(server, database, "--weekly");
    assertThat(weekly.out()).contains(": baseline", ": verify");
    assertThat(
            Run.value(
                superuser,
                "SELECT count(DISTINCT label) FROM hello_ops.pg_hello_performance_baseline WHERE label LIKE 'week of 20%'"))
        .isEqualTo("1");
    if (hasClient) {
      assertThat(weekly.status()).as(weekly.err()).isZero();
      assertThat(weekly.out()).contains("can be restored");
    }

    Run monthly = maintain(server, database, "--monthly");
    assertThat(monthly.status()).isEqualTo(1);
    assertThat(monthly.out()).contains("REVOKE EXECUTE ON FUNCTION");
  }

  @Test
  void goesOnAfterWhatFails(PgHelloServer server, TestDatabase database) {
    Run daily = maintain(server, database, "--daily");
    assertThat(daily.status()).isEqualTo(3);
    assertThat(daily.err()).contains("CREATE EXTENSION pg_hello_ops");
    assertThat(daily.out()).contains("pg_hello answers in");
  }

  @Test
  void runsOnceAtATime(PgHelloServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    Run.execute(superuser, "SELECT pg_advisory_lock(1885302380, 1)");
    Run run = maintain(server, database, "--monthly");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("another pghello maintain runs");
    assertThat(run.out()).isEmpty();
    Run.execute(superuser, "SELECT pg_advisory_unlock(1885302380, 1)");
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGPASSWORD", "wrong");
    run = Run.pghello(environment, "maintain", "--monthly");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("SQLSTATE 28P01");
    assertThat(Run.pghello(environment, "maintain", "--daily").err())
        .contains("--backups is needed");
    assertThat(Run.pghello(environment, "maintain").status()).isEqualTo(3);
    assertThat(Run.pghello(environment, "maintain", "--daily", "--weekly").status()).isEqualTo(3);
  }

  private Run maintain(PgHelloServer server, TestDatabase database, String rhythm) {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", "postgres");
    var arguments = new ArrayList<>(List.of("maintain", rhythm));
    if (!rhythm.equals("--monthly")) {
      arguments.addAll(List.of("--backups", folder.toString()));
    }
    arguments.add(database.name());
    return Run.pghello(environment, arguments.toArray(String[]::new));
  }
}
