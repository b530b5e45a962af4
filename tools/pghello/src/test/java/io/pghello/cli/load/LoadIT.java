// SPDX-License-Identifier: MIT
package io.pghello.cli.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short, light load. */
@PgHelloTest
@Tag("slow")
class LoadIT {
  private static final String[] SMALL = {"--rate", "100", "--time", "1s", "--late", "5m"};

  @TempDir private Path folder;

  @Test
  void callsAtRateAndComparesWithBaseline(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    Path baseline = folder.resolve("baseline");
    Run.execute(superuser, "ALTER DATABASE " + database.name() + " SET track_functions = 'all'");
    Map<String, String> environment = Run.environment(server, database);
    Run first = load(environment, "--json", "--baseline", baseline.toString());
    assertThat(first.err()).isEmpty();
    assertThat(first.status()).as(first.out() + first.err()).isZero();
    assertThat(Run.json(superuser, first.out(), "$.calls")).isEqualTo("100");
    assertThat(Double.parseDouble(Run.json(superuser, first.out(), "$.milliseconds.\"p99.9\"")))
        .isPositive();
    Run.await(
        "each call is counted, none is optimized away",
        () ->
            calls(superuser, "pg_hello(text, integer)") >= 90
                && calls(superuser, "now_ms()") >= 10);
    Run.execute(superuser, "REVOKE EXECUTE ON FUNCTION pg_hello(text, integer) FROM PUBLIC");
    assertThat(load(environment).status()).isEqualTo(3);
    Run times = load(environment, "--shares", "now_ms=1");
    assertThat(times.status()).as(times.err()).isZero();
    Run.execute(superuser, "GRANT EXECUTE ON FUNCTION pg_hello(text, integer) TO PUBLIC");

    String recorded = Files.readString(baseline);
    Files.writeString(baseline, recorded.replaceAll("(?m)^(p9.*)=.*", "$1=100000"));
    Run again = load(environment, "--baseline", baseline.toString());
    assertThat(again.status()).as(again.out() + again.err()).isZero();
    assertThat(again.out()).startsWith("100 calls, ").contains("p99.9", "(100000)", "█");
    Files.writeString(baseline, recorded.replaceAll("(?m)^(p9.*)=.*", "$1=0.000001"));
    again = load(environment, "--baseline", baseline.toString());
    assertThat(again.status()).isEqualTo(1);
    assertThat(again.out()).contains("slower than allowed");
    again = load(environment, "--baseline", baseline.toString(), "--connections", "2");
    assertThat(again.status()).isEqualTo(3);
    assertThat(again.err())
        .contains(
            "the baseline was recorded with --rate 100.0 --connections 4 --shares now_ms=1,pg_hello=9");
    again = load(environment, "--baseline", baseline.toString(), "--shares", "pg_hello=1");
    assertThat(again.status()).isEqualTo(3);
    for (String damaged : List.of("rate=x", "\\u12", "")) {
      Files.writeString(baseline, damaged);
      again = load(environment, "--baseline", baseline.toString());
      assertThat(again.status()).isIn(2, 3);
      assertThat(again.out()).isEmpty();
      assertThat(again.err()).contains(baseline.toString()).hasLineCount(1);
    }
  }

  private static long calls(Connection superuser, String function) throws SQLException {
    return Long.parseLong(
        Run.value(
            superuser,
            "SELECT coalesce(sum(calls), 0) FROM pg_stat_user_functions WHERE funcid = '"
                + function
                + "'::regprocedure"));
  }

  @Test
  void measuresFromScheduleAndStopsIfLate(
      ExtensionServer server, TestDatabase database, WireProxy proxy) throws Exception {
    // A direct connection, because the test's own ones use the proxy.
    try (Connection superuser = database.superuserDataSource().getConnection()) {
      proxy.delay(Duration.ofMillis(50));
      Map<String, String> environment = Run.environment(server, database);
      environment.put("PGPORT", String.valueOf(proxy.port()));
      // One connection makes at most 20 of the 100 scheduled calls per second.
      Run run =
          Run.pghello(
              environment,
              "load",
              "--connections",
              "1",
              "--rate",
              "100",
              "--time",
              "10m",
              "--late",
              "1s",
              "--json");
      assertThat(run.status()).isEqualTo(2);
      assertThat(Run.json(superuser, run.out(), "$.kept_up")).isEqualTo("false");
      assertThat(Double.parseDouble(Run.json(superuser, run.out(), "$.milliseconds.max")))
          .isGreaterThan(500);
    }
  }

  @Test
  void stopsIfConnectionIsLost(ExtensionServer server, TestDatabase database, WireProxy proxy)
      throws Exception {
    // A direct connection, because the test's own ones use the proxy.
    try (Connection superuser = database.superuserDataSource().getConnection()) {
      Map<String, String> environment = Run.environment(server, database);
      environment.put("PGPORT", String.valueOf(proxy.port()));
      Run.Running running =
          Run.start(environment, "load", "--rate", "50", "--time", "1h", "--late", "5m");
      Run.await(
          "it is calling",
          () ->
              Run.value(
                      superuser,
                      "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pghello' AND query LIKE '%pg_hello($1%'")
                  .equals("4"));
      proxy.resetConnections();
      Run run = running.end();
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.out() + run.err()).contains("SQLSTATE 08");
    }
  }

  @Test
  void reportsFailures(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Map<String, String> environment = Run.environment(server, database);
    Run.execute(superuser, "REVOKE EXECUTE ON FUNCTION pg_hello(text, integer) FROM PUBLIC");
    Run run = load(environment);
    assertThat(run.status()).isIn(2, 3);
    assertThat(run.out() + run.err()).contains("pg_hello");
    Run.execute(superuser, "DROP EXTENSION pg_hello");
    run = load(environment);
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("pg_hello does not exist in this database").hasLineCount(1);
    environment.put("PGPASSWORD", "wrong");
    assertThat(load(environment).status()).isEqualTo(3);
    for (String wrong :
        List.of(
            "--shares pg_hello=0",
            "--shares x=1",
            "--rate 0",
            "--time 0s",
            "--connections 0",
            "--tolerance 0.5",
            "--late 0s")) {
      run = Run.pghello(environment, ("load " + wrong).split(" ", -1));
      assertThat(run.status()).as(wrong).isEqualTo(3);
      assertThat(run.err()).contains(wrong.split(" ", -1)[0]).hasLineCount(1);
    }
  }

  @Test
  void reportsFunctionMissingInOldExtension(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Run.execute(superuser, "DROP EXTENSION pg_hello", "CREATE EXTENSION pg_hello VERSION '1.0'");
    Run old = load(Run.environment(server, database));
    assertThat(old.status()).isEqualTo(3);
    assertThat(old.err())
        .contains("no pg_hello(text, integer)", "ALTER EXTENSION pg_hello UPDATE")
        .hasLineCount(1);
  }

  private static Run load(Map<String, String> environment, String... options) {
    var arguments = new ArrayList<>(List.of("load"));
    arguments.addAll(List.of(SMALL));
    arguments.addAll(List.of(options));
    return Run.pghello(environment, arguments.toArray(String[]::new));
  }
}
