// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static io.pghello.testkit.PgHelloTestIT.ask;
import static io.pghello.testkit.PgHelloTestIT.awaitAnswer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** The extension pg_hello_ops with several sessions, and its scripts. */
@PgHelloTest
class OperationsIT {
  /** A query for the number of functions of pg_hello. */
  static final String FUNCTIONS =
      "SELECT count(*) FROM pg_depend WHERE classid = 'pg_proc'::regclass AND deptype = 'e' AND"
          + " refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_hello')";

  private static final Path SCRIPTS = Path.of("..", "extension", "ops");
  private static final Path CONFIGURATION =
      Path.of("../examples/shared/src/main/resources/db/greeting/V2__greeting_config.sql");

  @Test
  void isCreatedByTheOwnerOfTheDatabase(Connection owner) throws SQLException {
    execute(owner, "CREATE EXTENSION pg_hello_ops");
    String functions = ask(owner, FUNCTIONS);
    assertThat(Integer.parseInt(functions)).isGreaterThanOrEqualTo(5);
    assertThat(ask(owner, "SELECT count(*) FROM hello_ops.members")).isEqualTo(functions);
    assertThat(ask(owner, "SELECT hello_ops.take_snapshot() IS NOT NULL")).isEqualTo("t");
    assertThat(ask(owner, "SELECT count(*) FROM hello_ops.pg_hello_performance_report()"))
        .isEqualTo(functions);
  }

  @Test
  void createsRequiredExtensions(Connection owner) throws SQLException {
    execute(owner, "DROP EXTENSION pg_hello");
    assertThatThrownBy(() -> execute(owner, "CREATE EXTENSION pg_hello_ops"))
        .hasMessageContaining("required extension \"pg_hello\" is not installed");
    execute(owner, "CREATE EXTENSION pg_hello_ops CASCADE");
    assertThat(ask(owner, "SELECT pg_hello('Ada', 1)")).isEqualTo("Hello, Ada!");
  }

  /**
   * If snapshots were taken concurrently, the order of rows could differ from the order of their
   * times.
   */
  @Test
  void waitsForASnapshotThatIsBeingTaken(Connection owner, TestDatabase database) throws Exception {
    execute(owner, "CREATE EXTENSION pg_hello_ops");
    owner.setAutoCommit(false);
    String first = ask(owner, "SELECT hello_ops.take_snapshot()");
    try (Connection other = database.dataSource().getConnection()) {
      String pid = ask(other, "SELECT pg_backend_pid()");
      CompletableFuture<String> second =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return ask(other, "SELECT hello_ops.take_snapshot()");
                } catch (SQLException e) {
                  throw new AssertionError(e);
                }
              });
      awaitAnswer(
          database.superuserDataSource(), "SELECT cardinality(pg_blocking_pids(" + pid + "))", "1");
      owner.commit();
      assertThat(second.get(60, TimeUnit.SECONDS)).isGreaterThan(first);
    }
  }

  /** Counters that a transaction has read earlier are older than another transaction's snapshot. */
  @Test
  void snapshotDoesNotUseCachedStatistics(
      Connection owner, TestDatabase database, @Superuser Connection superuser) throws Exception {
    execute(owner, "CREATE EXTENSION pg_hello_ops");
    execute(superuser, "ALTER DATABASE " + database.name() + " SET track_functions = 'all'");
    try (Connection early = database.dataSource().getConnection();
        Connection other = database.dataSource().getConnection()) {
      execute(other, "SELECT now_ms(), pg_stat_force_next_flush()");
      early.setAutoCommit(false);
      execute(
          early,
          "SELECT hello_ops.take_snapshot()",
          "SELECT sum(calls) FROM hello_ops.pg_hello_stats");
      early.commit();
      execute(early, "SELECT sum(calls) FROM hello_ops.pg_hello_stats");
      execute(other, "SELECT now_ms(), pg_stat_force_next_flush()");
      execute(other, "SELECT hello_ops.take_snapshot()");
      execute(early, "SELECT hello_ops.take_snapshot()");
      early.commit();
      assertThat(ask(other, "SELECT max(resets) FROM hello_ops.snapshot")).isEqualTo("0");
    }
  }

  /**
   * Each snapshot continues from the totals of the previous one, so no snapshot may be missed or
   * counted twice.
   */
  @Test
  void takesSnapshotsOneAtATime(
      Connection owner, TestDatabase database, @Superuser Connection superuser) throws Exception {
    execute(owner, "CREATE EXTENSION pg_hello_ops");
    execute(superuser, "ALTER DATABASE " + database.name() + " SET track_functions = 'all'");
    try (Connection connection = database.dataSource().getConnection()) {
      execute(connection, "SELECT hello_ops.take_snapshot()");
      CompletableFuture.allOf(
              IntStream.range(0, 4)
                  .mapToObj(i -> CompletableFuture.runAsync(() -> callAndTakeSnapshots(database)))
                  .toArray(CompletableFuture[]::new))
          .get(60, TimeUnit.SECONDS);
      execute(connection, "SELECT hello_ops.take_snapshot()");
      assertThat(ask(connection, "SELECT count(DISTINCT taken_at) FROM hello_ops.snapshot"))
          .isEqualTo("42");
      assertThat(
              ask(
                  connection,
                  "SELECT format('%s %s', total_calls, note)"
                      + " FROM hello_ops.pg_hello_performance_report()"
                      + " WHERE function_name = 'now_ms()'"))
          .isEqualTo("400 ");
    }
  }

  private static void callAndTakeSnapshots(TestDatabase database) {
    try (Connection connection = database.dataSource().getConnection()) {
      for (int i = 0; i < 10; i++) {
        execute(
            connection,
            "SELECT now_ms() FROM generate_series(1, 10)",
            "SELECT pg_stat_force_next_flush()",
            "SELECT hello_ops.take_snapshot()");
      }
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void showsWhoNamesAFunction(
      Connection owner, DataSource dataSource, @Superuser Connection superuser)
      throws SQLException {
    execute(superuser, "CREATE EXTENSION pg_hello_ops");
    try (Connection caller = dataSource.getConnection();
        Connection another = dataSource.getConnection()) {
      execute(caller, "SET application_name = 'shop'", "SELECT pg_hello('Ada', 2)");
      execute(another, "SET application_name = 'other'", "SELECT 1 AS pg_hello_ops");
      assertThat(
              ask(
                  superuser,
                  "SELECT format('%s %s %s %s', usename, datname, state, query)"
                      + " FROM hello_ops.pg_hello_access_audit"
                      + " WHERE datname = current_database()"))
          .isEqualTo(
              ask(owner, "SELECT current_user || ' ' || current_database()")
                  + " idle SELECT pg_hello('Ada', 2)");
      assertThat(
              ask(
                  superuser,
                  "SELECT string_agg(format('%s %s %s %s', application_name, usename, sessions,"
                      + " active), '; ') FROM hello_ops.pg_hello_usage_by_application"))
          .isEqualTo("shop " + ask(owner, "SELECT current_user") + " 1 0");
    }
  }

  /** Comparing two snapshots does not read all snapshots of 30 days. */
  @Test
  void readsFewBlocksForAReport(@Superuser Connection superuser) throws SQLException {
    execute(
        superuser,
        "CREATE EXTENSION pg_hello_ops",
        "INSERT INTO hello_ops.snapshot SELECT now() - i * interval '1 minute', function, funcid,"
            + " 50000 - i, 50000 - i, 50000 - i, 50000 - i, 0, 'all', pg_postmaster_start_time()"
            + " FROM hello_ops.members, generate_series(1, 43200) i",
        "VACUUM ANALYZE hello_ops.snapshot");
    String plan =
        ask(
            superuser,
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)"
                + " SELECT * FROM hello_ops.pg_hello_performance_report('31 days')");
    Matcher blocks = Pattern.compile("\"Shared (?:Hit|Read) Blocks\": ([0-9]+)").matcher(plan);
    assertThat(blocks.find()).isTrue();
    assertThat(Integer.parseInt(blocks.group(1))).as(plan).isLessThan(2000);
    assertThat(
            ask(
                superuser,
                "SELECT total_calls FROM hello_ops.pg_hello_performance_report('31 days')"))
        .isEqualTo("43199");
  }

  @Test
  void grantsEachRoleTheRequiredPrivileges() throws SQLException, IOException {
    // roles belong to the server, not to the database
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        Connection owner = database.dataSource().getConnection();
        Connection superuser = database.superuserDataSource().getConnection()) {
      execute(owner, Files.readString(CONFIGURATION), "CREATE EXTENSION pg_hello_ops");
      execute(owner, "SELECT update_greeting_config(3)");
      execute(superuser, "CREATE ROLE guest");
      String[] calls = {
        "SELECT pg_hello('x')",
        "SELECT pg_hello('x', 2)",
        "SELECT pg_hello_all('{x}')",
        "SELECT now_ms()",
        "SELECT spi_version()"
      };
      String[] reads = {
        "SELECT * FROM hello_ops.members",
        "SELECT * FROM hello_ops.snapshot",
        "SELECT * FROM hello_ops.pg_hello_stats",
        "SELECT * FROM hello_ops.pg_hello_usage",
        "SELECT * FROM hello_ops.pg_hello_usage_by_user",
        "SELECT * FROM hello_ops.pg_hello_usage_by_application",
        "SELECT * FROM hello_ops.pg_hello_access_audit",
        "SELECT * FROM hello_ops.pg_hello_config",
        "SELECT * FROM hello_ops.pg_hello_missing",
        "SELECT * FROM hello_ops.pg_hello_performance_baseline",
        "SELECT * FROM hello_ops.pg_hello_performance_report()",
        "SELECT * FROM hello_ops.compare_with_baseline()",
        "SELECT * FROM hello_ops.compliance_report()"
      };
      String[] records = {
        "SELECT hello_ops.take_snapshot()",
        "SELECT hello_ops.take_snapshot()",
        "SELECT hello_ops.baseline()"
      };
      String read = "SELECT value FROM app_config";
      String change = "SELECT update_greeting_config(4)";
      for (String call : calls) {
        assertMay(superuser, "guest", call);
      }

      runScript(superuser, "roles.sql");
      runScript(superuser, "app_config.sql");
      for (String role : List.of("hello_user", "hello_admin", "hello_monitor", "guest")) {
        for (String call : calls) {
          if (role.equals("guest")) {
            assertMayNot(superuser, role, call);
          } else {
            assertMay(superuser, role, call);
          }
        }
        for (String sql : concat(reads, records)) {
          if (role.equals("hello_monitor")) {
            assertMay(superuser, role, sql);
          } else {
            assertMayNot(superuser, role, sql);
          }
        }
        if (role.equals("hello_user") || role.equals("hello_admin")) {
          assertThat(as(superuser, role, read)).isEqualTo("3");
        } else {
          assertMayNot(superuser, role, read);
        }
      }
      assertMayNot(superuser, "hello_user", change);
      assertMayNot(superuser, "hello_user", "UPDATE app_config SET value = '5' RETURNING value");
      assertMayNot(superuser, "hello_user", "DELETE FROM app_config RETURNING value");
      assertMayNot(superuser, "hello_monitor", change);
      assertThat(as(superuser, "hello_admin", change)).startsWith("Updated from 3 to 4.");
      assertMayNot(
          superuser, "hello_monitor", "UPDATE hello_ops.snapshot SET calls = 0 RETURNING 1");
      // row-level security is forced for the owner, who sees no rows but can still drop the table
      assertThat(ask(owner, "SELECT count(*) FROM app_config")).isEqualTo("0");
      assertThat(ask(superuser, "SELECT count(*) FROM app_config")).isEqualTo("1");

      // run the script again, as after an update that adds a function
      execute(
          superuser,
          "CREATE FUNCTION added() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
          "ALTER EXTENSION pg_hello ADD FUNCTION added()");
      assertMay(superuser, "guest", "SELECT added()");
      runScript(superuser, "roles.sql");
      runScript(superuser, "app_config.sql");
      assertMayNot(superuser, "guest", "SELECT added()");
      assertMay(superuser, "hello_user", "SELECT added()");
      assertThat(
              ask(
                  superuser,
                  "SELECT count(*) FROM hello_ops.compliance_report()"
                      + " WHERE check_name IN ('public', 'row_security') AND status <> 'ok'"))
          .isEqualTo("0");
      assertThat(ask(superuser, "SHOW search_path")).isEqualTo("\"$user\", public");
    }
  }

  @Test
  void reportsMissingScripts(@Superuser Connection superuser) throws SQLException {
    superuser.setAutoCommit(false);
    execute(superuser, "DROP EXTENSION pg_hello");
    assertThatThrownBy(() -> runScript(superuser, "roles.sql"))
        .hasMessageContaining("extension \"pg_hello\" is not created in this database");
    superuser.rollback();
    assertThatThrownBy(() -> runScript(superuser, "app_config.sql"))
        .hasMessageContaining("there is no table app_config on the search_path");
    superuser.rollback();
  }

  @Test
  void needsASuperuserForTheFunctions(Connection owner) {
    assertThatThrownBy(() -> runScript(owner, "roles.sql"))
        .hasMessageContaining("permission denied");
  }

  private static String[] concat(String[] some, String[] more) {
    return Stream.of(some, more).flatMap(Stream::of).toArray(String[]::new);
  }

  private static void runScript(Connection connection, String script)
      throws SQLException, IOException {
    execute(connection, Files.readString(SCRIPTS.resolve(script)));
  }

  private static void execute(Connection connection, String... statements) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static void assertMay(Connection superuser, String role, String sql) throws SQLException {
    as(superuser, role, sql);
  }

  private static void assertMayNot(Connection superuser, String role, String sql) {
    assertThatThrownBy(() -> as(superuser, role, sql))
        .as("%s: %s", role, sql)
        .isInstanceOf(SQLException.class)
        .extracting(e -> ((SQLException) e).getSQLState())
        .isEqualTo("42501");
  }

  /** Returns the first column of the last row; null if there is none. */
  private static String as(Connection superuser, String role, String sql) throws SQLException {
    execute(superuser, "SET ROLE " + role);
    try (Statement statement = superuser.createStatement();
        var rows = statement.executeQuery(sql)) {
      var values = new ArrayList<String>();
      while (rows.next()) {
        values.add(rows.getString(1));
      }
      return values.isEmpty() ? "" : String.valueOf(values.get(values.size() - 1));
    } finally {
      execute(superuser, "RESET ROLE");
    }
  }
}
