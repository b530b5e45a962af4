// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.cli.connect.OpsExtension;
import io.pghello.cli.output.Failure;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs as started by timers. */
@PgHelloTest
class MaintainIT {
  @TempDir private Path folder;

  @Test
  void runsScheduledTasks(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    boolean hasClient = Run.hasClient(server);
    Run.execute(superuser, "CREATE EXTENSION pg_hello_ops");
    Run first = maintain(server, database, "--daily");
    assertThat(first.out())
        .contains("no earlier snapshot from the last 25 hours")
        .doesNotContain(": report");
    assertThat(first.status()).as(first.err()).isEqualTo(hasClient ? 0 : 3);
    Run.execute(
        superuser,
        "SELECT hello_ops.take_snapshot()",
        "UPDATE hello_ops.snapshot SET taken_at = taken_at - interval '1 year'"
            + " WHERE taken_at = (SELECT min(taken_at) FROM hello_ops.snapshot)");
    Run daily = maintain(server, database, "--daily");
    assertThat(daily.out())
        .contains(
            "== " + database.name() + ": snapshot",
            ": report",
            ": health",
            ": backup",
            "pg_hello answers in");
    assertThat(Run.value(superuser, "SELECT count(DISTINCT taken_at) FROM hello_ops.snapshot"))
        .as("snapshots older than 30 days are kept")
        .isEqualTo("3");
    if (hasClient) {
      assertThat(daily.err()).isEmpty();
      assertThat(daily.out()).contains("is complete after");
    } else {
      assertThat(daily.status()).isEqualTo(3);
      assertThat(daily.err()).contains("needs PostgreSQL's client programs");
    }

    Run weekly = maintain(server, database, "--weekly", "--trust-owners");
    assertThat(weekly.out()).contains(": baseline", ": verify");
    assertThat(
            Run.value(
                superuser,
                "SELECT count(DISTINCT label) FROM hello_ops.pg_hello_performance_baseline WHERE label LIKE 'week of 20%'"))
        .isEqualTo("1");
    if (hasClient && Run.hasServer(server)) {
      assertThat(weekly.status()).as(weekly.err()).isZero();
      assertThat(weekly.out()).contains("can be restored");
      assertThat(folder.resolve("pg_hello.prom"))
          .content()
          .contains(
              "\npg_hello_maintain_success_timestamp_seconds{rhythm=\"daily\"} ",
              "\npg_hello_maintain_success_timestamp_seconds{rhythm=\"weekly\"} ",
              "\npg_hello_backup_verified_timestamp_seconds{database=\""
                  + database.name()
                  + "\"} ");
    }

    Run monthly = maintain(server, database, "--monthly");
    assertThat(monthly.status()).isEqualTo(1);
    assertThat(monthly.out()).contains("REVOKE EXECUTE ON FUNCTION");
  }

  @Test
  void rejectsKeepingBackupsForLessThanADay(ExtensionServer server, TestDatabase database) {
    for (String rhythm : List.of("--daily", "--weekly", "--monthly")) {
      Run run = maintain(server, database, rhythm, "--keep", "0");
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.err()).contains("--keep must be at least 1 day, but is 0");
    }
  }

  @Test
  void keepsBackupsForTheGivenNumberOfDays(ExtensionServer server, TestDatabase database)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    maintain(server, database, "--daily");
    Path old = copyLastBackupTo(20);
    maintain(server, database, "--daily");
    Run kept = maintain(server, database, "--daily", "--keep", "3");
    assertThat(kept.out()).contains("is complete after").doesNotContain("Removed");
    assertThat(old).exists();
    Run removed = maintain(server, database, "--daily", "--keep", "1");
    assertThat(removed.out()).contains(" made before the last day with a backup");
    assertThat(old).doesNotExist();
  }

  @Test
  void keepsBackupsOfAWeekByDefault(ExtensionServer server, TestDatabase database)
      throws Exception {
    assumeTrue(Run.hasClient(server), "no programs of this version");
    maintain(server, database, "--daily");
    var copies = new ArrayList<Path>();
    for (int daysAgo = 1; daysAgo <= 9; daysAgo++) {
      copies.add(copyLastBackupTo(daysAgo));
    }
    assertThat(maintain(server, database, "--daily").out())
        .contains(" made before the last 7 days with a backup");
    assertThat(copies.get(0)).exists();
    assertThat(copies.get(4)).as("5 days ago").exists();
    assertThat(copies.get(7)).as("8 days ago").doesNotExist();
    assertThat(copies.get(8)).as("9 days ago").doesNotExist();
  }

  /** Copies the last backup with the time of another day, and returns the directory of the copy. */
  private Path copyLastBackupTo(int daysAgo) throws IOException {
    String name =
        DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'.000Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC)
            .format(Instant.now().minus(Duration.ofDays(daysAgo)));
    Path last;
    try (Stream<Path> files = Files.list(folder)) {
      last =
          files
              .filter(path -> path.toString().endsWith("Z"))
              .max(Comparator.naturalOrder())
              .orElseThrow();
    }
    Path copy = folder.resolve(name);
    try (Stream<Path> paths = Files.walk(last)) {
      for (Path path : paths.toList()) {
        Files.copy(path, copy.resolve(last.relativize(path).toString()));
      }
    }
    return copy;
  }

  @Test
  void continuesAfterFailedTask(ExtensionServer server, TestDatabase database) {
    Run daily = maintain(server, database, "--daily");
    assertThat(daily.status()).isEqualTo(3);
    assertThat(daily.err()).contains("CREATE EXTENSION pg_hello_ops");
    assertThat(daily.out()).contains("pg_hello answers in");
  }

  /** Timers name no database, and not every database with pg_hello has pg_hello_ops. */
  @Test
  void worksWithoutOpsExtension() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        TestDatabase left = server.createDatabase("pghello_restore_1")) {
      Map<String, String> environment = environment(server, database);
      // As in a line of /etc/default/pghello.
      environment.put("PGHELLO_METRIC", "");
      Run monthly = Run.pghello(environment, "maintain", "--monthly");
      assertThat(monthly.err()).isEmpty();
      assertThat(monthly.status()).isZero();
      assertThat(monthly.out())
          .contains("== " + database.name() + ": no pg_hello_ops, so no snapshot")
          .doesNotContain(left.name());
      Run named = Run.pghello(environment, "maintain", "--monthly", database.name());
      assertThat(named.status()).isEqualTo(3);
      assertThat(named.err())
          .contains("pghello maintain: " + database.name() + ": report ended with exit status 3");
    }
  }

  /** Otherwise, a superuser could run a function of any user. */
  @Test
  void doesNotCallUntrustedFunctions(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(
          owner,
          "CREATE SCHEMA hello_ops",
          "CREATE FUNCTION hello_ops.take_snapshot(retention interval DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS"
              + " 'BEGIN RAISE EXCEPTION ''called''; END'");
      Run daily = maintain(server, database, "--daily");
      assertThat(daily.status()).isEqualTo(3);
      assertThat(daily.err())
          .doesNotContain("called")
          .contains(
              "maintain: " + database.name() + ": snapshot: ",
              "hello_ops.take_snapshot(interval) is not part of the extension pg_hello_ops",
              "this role is a superuser");
      assertThat(daily.out()).contains("pg_hello answers in");

      Run.execute(owner, "DROP SCHEMA hello_ops CASCADE", "CREATE EXTENSION pg_hello_ops");
      for (String kind : List.of("performance", "baseline", "compliance")) {
        Run report = Run.pghello(environment(server, database), "report", kind);
        assertThat(report.status()).as(kind).isEqualTo(3);
        assertThat(report.out()).isEmpty();
        assertThat(report.err()).contains("belongs to app").hasLineCount(1);
        Run asOwner = Run.pghello(Run.environment(server, database), "report", kind);
        assertThat(asOwner.err()).as("roles other than superusers can call it").isEmpty();
      }

      Run.execute(superuser, "DROP SCHEMA hello_ops CASCADE", "CREATE EXTENSION pg_hello_ops");
      Run report = Run.pghello(environment(server, database), "report", "compliance");
      assertThat(report.err()).isEmpty();
      Run.execute(superuser, "GRANT CREATE ON SCHEMA hello_ops TO app");
      Run.execute(owner, "CREATE VIEW hello_ops.beside AS SELECT 1");
      report = Run.pghello(environment(server, database), "report", "compliance");
      assertThat(report.err()).contains("hello_ops.beside is not part of the extension");
    }
  }

  /** The database's owner could create the schema between the check and the call. */
  @Test
  void superuserDoesNotCallMissingExtension(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    assertThatThrownBy(() -> OpsExtension.check(superuser))
        .isInstanceOf(Failure.class)
        .hasMessage(
            "the extension pg_hello_ops does not exist in this database: CREATE "
                + "EXTENSION pg_hello_ops");
    try (Connection owner = database.dataSource().getConnection()) {
      OpsExtension.check(owner);
    }
    Run.execute(superuser, "CREATE EXTENSION pg_hello_ops");
    OpsExtension.check(superuser);
  }

  /**
   * A verification may hang, because it runs code of owners. The next backup must not wait for it.
   */
  @Test
  void backupDoesNotWaitForVerification(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    Run.execute(superuser, "CREATE EXTENSION pg_hello_ops");
    try (Connection holder =
        DriverManager.getConnection(
            database.superuserJdbcUrl().replace("/" + database.name(), "/postgres"))) {
      Run.execute(holder, "SELECT pg_advisory_lock(1885302380, 2)");
      Run weekly = maintain(server, database, "--weekly", "--trust-owners");
      assertThat(weekly.status()).isEqualTo(3);
      assertThat(weekly.out()).contains(": baseline").doesNotContain(": verify");
      assertThat(weekly.err()).contains("another pghello maintain is verifying backups");
      Run daily = maintain(server, database, "--daily");
      assertThat(daily.out()).contains(": snapshot", ": health", ": backup");
      assertThat(daily.err()).doesNotContain("another pghello maintain");
    }
  }

  /** The backup lock is free during a verification. */
  @Test
  void verificationDoesNotHoldTheBackupLock(ExtensionServer server, TestDatabase database)
      throws Exception {
    assumeTrue(Run.hasClient(server) && Run.hasServer(server), "no programs of this version");
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(
          owner,
          """
          CREATE FUNCTION public.waits(int) RETURNS boolean LANGUAGE plpgsql AS $$
          BEGIN
            WHILE pg_catalog.current_database() ~ '^pghello_restore' LOOP
              BEGIN
                PERFORM pg_catalog.pg_sleep(600);
              EXCEPTION WHEN query_canceled THEN
                NULL;
              END;
            END LOOP;
            RETURN true;
          END
          $$
          """,
          "CREATE TABLE public.slow (i int CHECK (public.waits(i)))",
          "INSERT INTO public.slow VALUES (1)");
    }
    assertThat(
            Run.pghello(
                    environment(server, database),
                    "backup",
                    "--to",
                    folder.toString(),
                    database.name())
                .status())
        .isZero();
    Run.Running weekly =
        Run.start(
            environment(server, database),
            "maintain",
            "--weekly",
            "--trust-owners",
            "--backups",
            folder.toString(),
            "--limit",
            "20s",
            database.name());
    Run.await("verification is running", () -> weekly.printed().contains(": verify"));
    Run daily = maintain(server, database, "--daily");
    assertThat(daily.err()).doesNotContain("another pghello maintain");
    assertThat(daily.out()).contains("is complete after");
    Run ended = weekly.end();
    assertThat(ended.err())
        .contains(database.name() + ": verification exceeded the limit of 20.0 s: look for code");
    assertThat(ended.status()).isEqualTo(2);
  }

  @Test
  void continuesWithOtherDatabases(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    try (TestDatabase closed = server.createDatabase()) {
      Run.execute(
          superuser,
          "CREATE EXTENSION pg_hello_ops",
          "ALTER DATABASE " + closed.name() + " OWNER TO postgres",
          "REVOKE CONNECT ON DATABASE " + closed.name() + " FROM PUBLIC");
      Run run =
          Run.pghello(
              Run.environment(server, database),
              "maintain",
              "--monthly",
              closed.name(),
              database.name());
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.err()).contains(closed.name(), "SQLSTATE 42501");
      assertThat(run.out()).contains("== " + database.name() + ": report");
      run = Run.pghello(Run.environment(server, database), "maintain", "--monthly");
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.err()).contains("maintain: " + closed.name(), "SQLSTATE 42501");
      assertThat(run.out()).contains("== " + database.name() + ": report");
    }
  }

  /** A role that can create databases can choose their names. */
  @Test
  void doesNotTreatNamesAsOptions(ExtensionServer server) {
    try (TestDatabase database = server.createDatabase("--json")) {
      Run run = Run.pghello(environment(server, database), "maintain", "--monthly", "--", "--json");
      assertThat(run.err())
          .contains("--json: report ended with exit status 3", "CREATE EXTENSION pg_hello_ops");
    }
  }

  @Test
  void runsOneInstanceAtATime(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    // The connection of a run that connects to another database.
    try (TestDatabase other = server.createDatabase();
        Connection holder =
            DriverManager.getConnection(
                other.superuserJdbcUrl().replace("/" + other.name(), "/postgres"))) {
      Run.execute(holder, "SELECT pg_advisory_lock(1885302380, 1)");
      Run run = maintain(server, database, "--monthly");
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.err()).contains("another pghello maintain is running");
      assertThat(run.out()).isEmpty();
      Run.Running waits =
          Run.start(
              environment(server, database), "maintain", "--monthly", "--wait", "1h", other.name());
      Run.await(
          "it requests the lock",
          () ->
              Run.value(
                      superuser,
                      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_try_advisory_lock%' AND state = 'idle'")
                  .equals("1"));
      assertThat(waits.printed()).isEmpty();
      Run.execute(holder, "SELECT pg_advisory_unlock(1885302380, 1)");
      assertThat(waits.end().out()).contains("== " + other.name() + ": report");
    }
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGPASSWORD", "wrong");
    Run run = Run.pghello(environment, "maintain", "--monthly");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("SQLSTATE 28P01");
    assertThat(Run.pghello(environment, "maintain", "--daily").err())
        .contains("--backups is required");
    assertThat(Run.pghello(environment, "maintain").status()).isEqualTo(3);
    assertThat(Run.pghello(environment, "maintain", "--daily", "--weekly").status()).isEqualTo(3);
  }

  private Run maintain(
      ExtensionServer server, TestDatabase database, String rhythm, String... options) {
    var arguments = new ArrayList<>(List.of("maintain", rhythm));
    arguments.addAll(List.of(options));
    if (!rhythm.equals("--monthly")) {
      arguments.addAll(List.of("--backups", folder.toString()));
    }
    arguments.add(database.name());
    Map<String, String> environment = environment(server, database);
    environment.put("PGHELLO_METRIC", folder.resolve("pg_hello.prom").toString());
    return Run.pghello(environment, arguments.toArray(String[]::new));
  }

  private static Map<String, String> environment(ExtensionServer server, TestDatabase database) {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", "postgres");
    return environment;
  }
}
