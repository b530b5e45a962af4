// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.cli.logs.LogEvent;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The program knows each function of the newest version of the extension. */
@PgHelloTest
class ExtensionFunctionsIT {
  private static final String MEMBERS =
      "SELECT string_agg(format('%I(%s)', proname, oidvectortypes(proargtypes)), ';') FROM"
          + " pg_depend JOIN pg_proc p ON p.oid = objid WHERE classid = 'pg_proc'::regclass AND"
          + " refclassid = 'pg_extension'::regclass AND deptype = 'e' AND refobjid = (SELECT oid"
          + " FROM pg_extension WHERE extname = 'pg_hello')";

  @Test
  void healthCallsAllFunctions(Connection connection) throws SQLException {
    assertThat(Health.CALLS_BY_FUNCTION.keySet())
        .containsExactlyInAnyOrder(Run.value(connection, MEMBERS).split(";", -1));
  }

  @Test
  void logsRecognizesAllFunctions(Connection connection) throws SQLException {
    for (String function : Run.value(connection, MEMBERS).split(";", -1)) {
      String name = function.substring(0, function.indexOf('('));
      assertThat(LogEvent.of("42501", "permission denied for function " + name))
          .as(name)
          .isEqualTo(LogEvent.NO_PRIVILEGE);
      assertThat(LogEvent.of("42883", "function ext." + name + "(date) does not exist"))
          .as(name)
          .isEqualTo(LogEvent.NO_FUNCTION);
    }
  }

  @Test
  void healthReportsUnknownFunctions(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Run.execute(
        superuser,
        "CREATE FUNCTION pg_hello_later(text) RETURNS text AS '$libdir/pg_hello', 'pg_hello'"
            + " LANGUAGE c STRICT",
        "ALTER EXTENSION pg_hello ADD FUNCTION pg_hello_later(text)");
    Run run =
        Run.pghello(
            Run.environment(server, database),
            "health",
            "--warning",
            "20000",
            "--critical",
            "20000");
    assertThat(run.status()).as(run.out()).isEqualTo(1);
    List<String> lines = run.out().lines().toList();
    assertThat(lines)
        .anyMatch(
            line -> line.matches("warning +function +pg_hello_later\\(text\\) is not checked: .*"));
  }
}
