// SPDX-License-Identifier: MIT
package io.pghello.cli.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Calls are visible while they happen. */
@PgHelloTest
@Tag("slow")
class WatchIT {
  @Test
  void showsCalls(ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    Run.execute(superuser, "SET track_functions = 'all'");
    Run.Running running =
        Run.start(Run.environment(server, database), "watch", "--interval", "1s", "--json");
    Run.await(
        "calls are visible",
        () -> {
          Run.execute(
              superuser,
              "SELECT now_ms() FROM generate_series(1, 100)",
              "SELECT pg_stat_force_next_flush()");
          return Pattern.compile(
                  "now_ms\\(\\)\",\\s+\"calls\": [1-9][0-9]*,\\s+\"calls_per_second\": [1-9]")
              .matcher(running.printed())
              .find();
        });
    assertThat(running.interrupt().status()).isEqualTo(143);
  }

  @Test
  void printsTables(ExtensionServer server, TestDatabase database) {
    Run run =
        Run.pghello(Run.environment(server, database), "watch", "--interval", "1s", "--count", "2");
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
    assertThat(run.out())
        .startsWith(database.name() + " at ")
        .contains("calls_per_second", "pg_hello_all(text[], integer[])", "waiting for locks 0")
        .contains("track_functions is none here")
        .doesNotContain("\u001b")
        .hasLineCount(18);
  }

  @Test
  void stopsIfOutputIsClosed(ExtensionServer server, TestDatabase database) {
    List<String> command =
        List.of(
            "sh",
            "-c",
            "{ \"$@\"; echo ended with $? >&2; } | head -n 1",
            "sh",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            "io.pghello.cli.Pghello",
            "watch",
            "--interval=1s");
    Run run = Run.start(Run.environment(server, database), command).end();
    assertThat(run.out()).startsWith(database.name() + " at ").hasLineCount(1);
    assertThat(run.err()).contains("has closed the pipe", "ended with 3");
  }

  @Test
  void reportsFailures(ExtensionServer server, TestDatabase database, WireProxy proxy)
      throws Exception {
    // A direct connection, because the test's own ones use the proxy.
    try (Connection superuser = database.superuserDataSource().getConnection()) {
      Map<String, String> environment = Run.environment(server, database);
      environment.put("PGPORT", String.valueOf(proxy.port()));
      Run.Running running = Run.start(environment, "watch", "--interval", "1s");
      Run.await("it prints samples", () -> running.printed().contains("waiting for locks"));
      proxy.resetConnections();
      Run run = running.end();
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.err()).contains("SQLSTATE 08").hasLineCount(1);

      environment = Run.environment(server, database);
      assertThat(Run.pghello(environment, "watch", "--interval", "10ms").err())
          .contains("at least 1s");
      assertThat(Run.pghello(environment, "watch", "--count", "0").status()).isEqualTo(3);
      Run.execute(superuser, "DROP EXTENSION pg_hello");
      run = Run.pghello(environment, "watch");
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.err()).contains("does not exist in this database");
      environment.put("PGPASSWORD", "wrong");
      assertThat(Run.pghello(environment, "watch").status()).isEqualTo(3);
    }
  }
}
