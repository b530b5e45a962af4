// SPDX-License-Identifier: MIT
package io.pghello.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Reports of databases with and without pg_hello_ops. */
@PgHelloTest
class ReportIT {
  @Test
  void reportsCalls(ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Run.execute(
        superuser,
        "CREATE EXTENSION pg_hello_ops",
        "GRANT USAGE ON SCHEMA hello_ops TO app",
        "GRANT SELECT ON ALL TABLES IN SCHEMA hello_ops TO app",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA hello_ops TO app");
    assertThat(report(server, database, "performance").status()).as("no snapshots").isEqualTo(3);
    Run.execute(
        superuser,
        "SET track_functions = 'all'",
        "SELECT hello_ops.take_snapshot()",
        "SELECT now_ms() FROM generate_series(1, 1234)",
        "SELECT pg_stat_force_next_flush()",
        "SELECT hello_ops.take_snapshot()");

    Run run = report(server, database, "performance");
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
    List<String> lines = run.out().lines().toList();
    assertThat(lines).hasSize(6);
    assertThat(lines.get(0)).startsWith("function_name").endsWith("note");
    assertThat(lines.get(1)).matches("now_ms\\(\\) .* 1234 .*[0-9]");
    Run json = report(server, database, "performance", "--json", "--since", "1 day");
    assertThat(Run.json(superuser, json.out(), "$[0].function_name")).isEqualTo("now_ms()");
    assertThat(Run.json(superuser, json.out(), "$[0].total_calls")).isEqualTo("1234");

    Run.execute(
        superuser,
        "UPDATE hello_ops.snapshot SET taken_at = taken_at - interval '10 minutes'"
            + " WHERE taken_at = (SELECT min(taken_at) FROM hello_ops.snapshot)");
    Run html = report(server, database, "performance", "--html");
    assertThat(html.status()).isZero();
    assertThat(html.out())
        .startsWith("<!DOCTYPE html>")
        .contains(
            "<td>now_ms()</td>", "<td class=\"n\">1234</td>", "<h2>now_ms()</h2>", "<polyline")
        .doesNotContain("NaN", "%s", "src=", "href=");
    assertThat(report(server, database, "performance", "--html", "--json").status()).isEqualTo(3);

    assertThat(report(server, database, "baseline").status()).as("no baseline").isEqualTo(3);
    Run.execute(superuser, "SELECT hello_ops.baseline('a \"b\"')");
    run = report(server, database, "baseline", "--label", "a \"b\"", "--json");
    assertThat(run.status()).isZero();
    assertThat(Run.json(superuser, run.out(), "$[0].mean_time_ratio")).isEqualTo("1.00");

    run = report(server, database, "COMPLIANCE");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).contains("REVOKE EXECUTE ON FUNCTION public.now_ms() FROM PUBLIC");
  }

  @Test
  void reportsMissingExtension(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    for (String kind : List.of("performance", "baseline", "compliance")) {
      Run run = report(server, database, kind);
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).contains("CREATE EXTENSION pg_hello_ops").hasLineCount(1);
    }
    Run.execute(superuser, "CREATE EXTENSION pg_hello_ops");
    Run run = report(server, database, "performance");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("SQLSTATE 42501", "hello_monitor");
    run = report(server, database, "performance", "-U", "postgres", "--since", "soon");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("soon", "SQLSTATE 22007").hasLineCount(1);
    run = report(server, database, "performance", "-U", "unheard-of");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("SQLSTATE 28P01");
    Run.execute(superuser, "DROP EXTENSION pg_hello_ops");
    assertThat(report(server, database, "compliance", "-U", "postgres").err())
        .contains("CREATE EXTENSION pg_hello_ops")
        .hasLineCount(1);
    run = report(server, database, "unheard-of");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).containsIgnoringCase("performance, baseline, compliance").hasLineCount(1);
    assertThat(report(server, database).err()).contains("REPORT").hasLineCount(1);
  }

  private static Run report(ExtensionServer server, TestDatabase database, String... options) {
    var arguments = new ArrayList<>(List.of("report"));
    arguments.addAll(List.of(options));
    return Run.pghello(Run.environment(server, database), arguments.toArray(String[]::new));
  }
}
