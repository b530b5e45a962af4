// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands on a standby, with a database that has an old version of the extension. */
class StandbyIT {
  @TempDir private Path folder;

  @Test
  void readsButRejectsWrites() throws Exception {
    // A standby does not drop databases.
    try (ExtensionServer server =
        ExtensionServer.builder().extension("pg_hello").setting("track_functions", "all").start()) {
      TestDatabase database = server.createDatabase("app");
      TestDatabase old = server.createDatabase("old");
      try (Connection owner = database.dataSource().getConnection()) {
        Run.execute(
            owner,
            "CREATE UNLOGGED TABLE visits (i int)",
            "INSERT INTO visits VALUES (1)",
            "CREATE EXTENSION pg_hello_ops",
            "SELECT hello_ops.take_snapshot()",
            "SELECT hello_ops.take_snapshot()",
            "SELECT hello_ops.baseline('before')");
      }
      try (Connection owner = old.dataSource().getConnection()) {
        Run.execute(owner, "DROP EXTENSION pg_hello", "CREATE EXTENSION pg_hello VERSION '1.0'");
      }
      String backups = folder.resolve("backups").toString();
      Map<String, String> environment = Run.environment(server, database);
      environment.put("PGUSER", "postgres");
      boolean hasClient =
          Files.isExecutable(Path.of("/usr/lib/postgresql/" + server.major() + "/bin/postgres"));

      oldVersion(environment);
      server.stop();
      Path data = server.logFile().resolveSibling("data");
      Files.createFile(data.resolve("standby.signal"));
      server.startAgain();

      assertThat(Run.pghello(environment, "health", "--warning=20000", "--critical=20000").out())
          .startsWith("OK - ")
          .contains("a standby");
      succeeds(environment, "pg_hello(text)", "watch", "--count=1");
      succeeds(environment, "p99.9", "load", "--rate=50", "--time=1s");
      // As the owner of the extension.
      Map<String, String> owner = Run.environment(server, database);
      succeeds(owner, "total_calls", "report", "performance");
      succeeds(owner, "<html", "report", "performance", "--html");
      succeeds(owner, "baseline_mean_time_ms", "report", "baseline", "--label=before");
      Run harden = Run.pghello(environment, "harden");
      assertThat(harden.err()).isEmpty();
      assertThat(harden.out()).contains("CREATE ROLE hello_user");
      assertThat(harden.status()).isEqualTo(1);

      readOnly(Run.pghello(environment, "harden", "--apply"), 2);
      Run update = Run.pghello(environment, "update", "old");
      assertThat(update.out()).contains("read-only transaction (SQLSTATE 25006)");
      assertThat(update.status()).isEqualTo(2);
      Run weekly = Run.pghello(owner, "maintain", "--weekly", "--backups", backups, "app");
      assertThat(weekly.err()).contains("baseline: ERROR: cannot execute", "SQLSTATE 25006");
      assertThat(weekly.status()).isEqualTo(3);

      if (!hasClient) {
        Run backup = Run.pghello(environment, "backup", "--to", backups, "app");
        assertThat(backup.err()).contains("client programs").hasLineCount(1);
        assertThat(backup.status()).isEqualTo(3);
        return;
      }
      succeeds(environment, "is complete", "backup", "--to", backups, "app", "old");
      succeeds(Map.of(), "can be restored", "verify", "--trust-owners", "--from", backups);
      Run restore = Run.pghello(environment, "restore", "--from", backups, "--as", "copy", "app");
      assertThat(restore.status()).isEqualTo(3);
      assertThat(restore.out()).isEmpty();
      assertThat(restore.err()).contains("this server is a read-only standby").hasLineCount(1);
    }
  }

  private static void oldVersion(Map<String, String> environment) {
    Run watch = Run.pghello(environment, "watch", "-d", "old", "--count=1");
    assertThat(watch.err()).isEmpty();
    assertThat(watch.out()).contains("pg_hello(text)").doesNotContain("pg_hello(text, integer)");
    assertThat(watch.status()).isZero();
    Run load = Run.pghello(environment, "load", "-d", "old", "--rate=50", "--time=1s");
    assertThat(load.status()).isEqualTo(3);
    assertThat(load.err()).contains("ALTER EXTENSION pg_hello UPDATE").hasLineCount(1);
    Run harden = Run.pghello(environment, "harden", "-d", "old");
    assertThat(harden.out())
        .contains("REVOKE EXECUTE ON FUNCTION public.pg_hello(text) FROM PUBLIC")
        .doesNotContain("pg_hello(text,");
    assertThat(harden.status()).isEqualTo(1);
    succeeds(environment, "would be done", "update", "--dry-run", "old");
  }

  private static void succeeds(Map<String, String> environment, String says, String... arguments) {
    Run run = Run.pghello(environment, arguments);
    assertThat(run.err()).as(String.join(" ", arguments)).isEmpty();
    assertThat(run.out()).as(String.join(" ", arguments)).contains(says);
    assertThat(run.status()).as(String.join(" ", arguments)).isZero();
  }

  private static void readOnly(Run run, int status) {
    assertThat(run.err()).contains("read-only transaction (SQLSTATE 25006)").hasLineCount(1);
    assertThat(run.status()).isEqualTo(status);
  }
}
