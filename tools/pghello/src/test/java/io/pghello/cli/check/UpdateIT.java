// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.system.Directories;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Updates of several databases, some of which fail. */
@PgHelloTest
class UpdateIT {
  private static final String OLD =
      "DROP EXTENSION pg_hello; CREATE EXTENSION pg_hello VERSION '1.0'";
  private static final String VERSION =
      "SELECT extversion FROM pg_extension WHERE extname = 'pg_hello'";

  @TempDir private Path folder;

  @Test
  void updatesSequentially(ExtensionServer server) throws Exception {
    try (Databases all = new Databases(server, "a", "b", "c", "d")) {
      for (String name : List.of("a", "b", "d")) {
        all.execute(name, OLD, "CREATE TABLE numbers (i int)");
      }
      all.execute("c", "DROP EXTENSION pg_hello");
      Run dry = update(server, all.any(), "--dry-run", "--first", all.name("b"), all.name("a"));
      assertThat(dry.status()).as(dry.err()).isZero();
      assertThat(dry.out().lines().skip(1))
          .satisfiesExactly(
              line ->
                  assertThat(line)
                      .startsWith(all.name("b"))
                      .contains(
                          "1.0",
                          NativeExtension.fromClassPath("pg_hello").version(),
                          "would be done"),
              line -> assertThat(line).startsWith(all.name("a")).contains("would be done"));
      assertThat(all.value("a", VERSION)).isEqualTo("1.0");

      try (Connection user = all.connect("a")) {
        user.setAutoCommit(false);
        Run.execute(user, "LOCK TABLE numbers");
        Run run =
            update(server, all.any(), all.name("a"), all.name("b"), "--lock-timeout", "500ms");
        assertThat(run.status()).as("user tables are not locked: " + run.out()).isZero();
      }
      assertThat(all.value("a", VERSION))
          .isEqualTo(NativeExtension.fromClassPath("pg_hello").version());
      assertThat(all.value("b", VERSION))
          .isEqualTo(NativeExtension.fromClassPath("pg_hello").version());

      all.execute("a", OLD);
      all.execute(
          "b",
          OLD,
          "CREATE FUNCTION public.pg_hello(name text, repeat integer) RETURNS text LANGUAGE sql AS 'SELECT name'");
      Run run = update(server, all.any(), "--json", all.name("a"), all.name("b"), all.name("d"));
      assertThat(run.status()).isEqualTo(2);
      try (Connection reader = all.connect("a")) {
        assertThat(Run.json(reader, run.out(), "$.databases[0].result")).isEqualTo("done");
        assertThat(Run.json(reader, run.out(), "$.databases[1].result")).isEqualTo("failed");
        assertThat(Run.json(reader, run.out(), "$.databases[1].message"))
            .contains("pg_hello", "SQLSTATE");
        assertThat(Run.json(reader, run.out(), "$.databases[2].result")).isEqualTo("not reached");
      }
      assertThat(all.value("b", VERSION)).isEqualTo("1.0");
      assertThat(all.value("d", VERSION)).isEqualTo("1.0");

      all.execute("b", "DROP FUNCTION public.pg_hello(text, integer)");
      run = update(server, all.any(), all.name("a"), all.name("b"), all.name("d"));
      assertThat(run.status()).as(run.out()).isZero();
      assertThat(run.out())
          .containsPattern(all.name("a") + ".* unchanged")
          .containsPattern(all.name("d") + ".* done");

      run = update(server, all.any(), all.name("c"));
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.out()).contains("pg_hello does not exist in this database");
      run = update(server, all.any(), "--to", "9.9");
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.err()).contains("the server does not have the files of pg_hello 9.9");
    }
  }

  @Test
  void rollsBackBrokenUpdate(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Run.execute(
        superuser,
        OLD,
        // The update itself rejects another build, so this one is created while it runs.
        "CREATE FUNCTION replace_it() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN"
            + " CREATE OR REPLACE FUNCTION public.pg_hello(name text) RETURNS text LANGUAGE c STABLE STRICT"
            + " AS '$libdir/pg_hello', 'spi_version';"
            + " END$$",
        "CREATE EVENT TRIGGER replace_it ON ddl_command_end WHEN TAG IN ('ALTER EXTENSION')"
            + " EXECUTE FUNCTION replace_it()");
    Run run = update(server, database, database.name());
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out()).contains("failed").contains("pg_hello(text) returns a wrong result");
    assertThat(Run.value(superuser, VERSION)).isEqualTo("1.0");
  }

  @Test
  void timesOutWaitingForLock(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Run.execute(superuser, OLD);
    superuser.setAutoCommit(false);
    Run.execute(superuser, "ALTER EXTENSION pg_hello UPDATE");
    Run run = update(server, database, database.name(), "--lock-timeout", "200ms");
    superuser.rollback();
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out()).contains("SQLSTATE 55P03");
  }

  @Test
  void lockTimeoutMayExceedServerTimeout(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    Run.execute(superuser, OLD);
    try (Connection holder = database.superuserDataSource().getConnection()) {
      holder.setAutoCommit(false);
      Run.execute(holder, "ALTER EXTENSION pg_hello UPDATE");
      Map<String, String> environment = Run.environment(server, database);
      environment.put("PGUSER", "postgres");
      Run.Running waits =
          Run.start(
              environment, "update", "--lock-timeout", "1h", "--timeout", "5", database.name());
      Run.await(
          "it waits longer than the server timeout",
          () ->
              !waits.process().isAlive()
                  || Run.value(
                          superuser,
                          "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                              + " AND datname = current_database() AND query_start < clock_timestamp() - interval '7 s'")
                      .equals("1"));
      holder.rollback();
      Run run = waits.end();
      assertThat(run.status()).as(run.out() + run.err()).isZero();
    }
    assertThat(Run.value(superuser, VERSION))
        .isEqualTo(NativeExtension.fromClassPath("pg_hello").version());
  }

  @Test
  void requiresBackup(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    Run.execute(superuser, OLD);
    String[] demand = {"--require-backup", "1h", "--backups", folder.toString(), database.name()};
    Run run = update(server, database, demand);
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("there is no complete backup of this server in");

    String system = Run.value(superuser, Backup.SYSTEM);
    Path old = sealed(Instant.now().minus(Duration.ofHours(2)), system, database.name());
    run = update(server, database, demand);
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("is 2 h 0 min old: run pghello backup");
    Directories.delete(old);

    sealed(Instant.now().minusSeconds(2), "4711", database.name());
    sealed(Instant.now().minusSeconds(1), system, "other");
    assertThat(update(server, database, demand).err())
        .contains(
            "there is no complete backup of this server in", "with [" + database.name() + "]");

    Path right = sealed(Instant.now().minus(Duration.ofMinutes(1)), system, database.name());
    Files.writeString(right.resolve("more"), "not in the sums, and so no damage");
    Files.writeString(right.resolve("roles.sql"), "damaged");
    assertThat(update(server, database, demand).err())
        .contains("roles.sql has changed since the backup");
    Files.writeString(right.resolve("roles.sql"), "--");
    run = update(server, database, demand);
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(Run.value(superuser, VERSION))
        .isEqualTo(NativeExtension.fromClassPath("pg_hello").version());
  }

  private Path sealed(Instant time, String system, String database) throws Exception {
    Path made = Files.createDirectory(folder.resolve(Backup.nameOf(time)));
    var about = new Properties();
    about.setProperty("system_identifier", system);
    about.setProperty("database.1", database);
    Backup.writeAbout(made, about);
    Files.writeString(made.resolve("roles.sql"), "--");
    Backup.seal(made);
    return made;
  }

  @Test
  void reportsFailures(ExtensionServer server, TestDatabase database, WireProxy proxy)
      throws Exception {
    // A direct connection, because the test's own ones use the proxy.
    try (Connection superuser = database.superuserDataSource().getConnection()) {
      Run.execute(superuser, OLD);
      Map<String, String> environment = Run.environment(server, database);
      Run run = Run.pghello(environment, "update", database.name());
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.out()).contains("SQLSTATE 42501");

      environment.put("PGPASSWORD", "wrong");
      run = Run.pghello(environment, "update", database.name());
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.err()).contains("SQLSTATE 28P01").hasLineCount(1);

      environment = Run.environment(server, database);
      environment.put("PGUSER", "postgres");
      environment.put("PGPORT", String.valueOf(proxy.port()));
      superuser.setAutoCommit(false);
      Run.execute(superuser, "ALTER EXTENSION pg_hello UPDATE");
      Run.Running waits =
          Run.start(
              environment, "update", database.name(), "--lock-timeout", "1h", "--timeout", "600");
      try (Connection watcher = database.superuserDataSource().getConnection()) {
        Run.await(
            "update is waiting",
            () ->
                Run.value(
                        watcher,
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'pghello'")
                    .equals("1"));
        proxy.resetConnections();
        run = waits.end();
        superuser.rollback();
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.out()).contains("failed", "SQLSTATE 08");
        assertThat(Run.value(watcher, VERSION)).isEqualTo("1.0");
      }
    }
  }

  private static Run update(ExtensionServer server, TestDatabase database, String... options) {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", "postgres");
    var arguments = new ArrayList<>(List.of("update"));
    arguments.addAll(List.of(options));
    return Run.pghello(environment, arguments.toArray(String[]::new));
  }

  /** Several databases with short names. */
  private static final class Databases implements AutoCloseable {
    private final Map<String, TestDatabase> databases = new TreeMap<>();

    Databases(ExtensionServer server, String... names) {
      for (String name : names) {
        databases.put(name, server.createDatabase());
      }
    }

    TestDatabase any() {
      return database("a");
    }

    private TestDatabase database(String name) {
      return Objects.requireNonNull(databases.get(name));
    }

    String name(String name) {
      return database(name).name();
    }

    Connection connect(String name) throws SQLException {
      return database(name).superuserDataSource().getConnection();
    }

    void execute(String name, String... statements) throws SQLException {
      try (Connection connection = connect(name)) {
        Run.execute(connection, statements);
      }
    }

    String value(String name, String sql) throws SQLException {
      try (Connection connection = connect(name)) {
        return Run.value(connection, sql);
      }
    }

    @Override
    public void close() {
      databases.values().forEach(TestDatabase::close);
    }
  }
}
