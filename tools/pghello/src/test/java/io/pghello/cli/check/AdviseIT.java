// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** All advice can be applied, and afterwards there is no further advice. */
class AdviseIT {
  @Test
  void recommendsNothingAfterAdviceIsApplied() throws SQLException {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase("app")) {
      Map<String, String> environment = Run.environment(server, database);
      environment.put("PGUSER", "postgres");
      Run run = advise(environment, "--memory", "1GB", "--disk", "ssd", "--json");
      assertThat(run.err()).isEmpty();
      assertThat(run.status()).isEqualTo(1);
      try (Connection superuser = database.superuserDataSource().getConnection()) {
        assertThat(Run.json(superuser, run.out(), "$.memory")).isEqualTo("1024MB");
        var statements = new ArrayList<String>();
        for (int i = 0; i < Advice.SETTINGS.size(); i++) {
          String sql = Run.json(superuser, run.out(), "$.settings[" + i + "].sql");
          if (sql != null) {
            statements.add(sql);
          }
        }
        assertThat(statements)
            .contains("ALTER SYSTEM SET random_page_cost = '1.1'")
            .hasSizeGreaterThan(4);
        // There is no statement for this, because the archive must exist first.
        assertThat(statements).noneMatch(sql -> sql.contains("archive"));
        statements.add("ALTER SYSTEM SET archive_command = 'true'");
        statements.add("ALTER SYSTEM SET archive_mode = 'on'");
        Run.execute(superuser, statements.toArray(String[]::new));
      }
      server.stop();
      server.startAgain();
      run = advise(environment, "--memory", "1GB", "--disk", "ssd");
      assertThat(run.status()).as(run.out()).isZero();
      assertThat(run.out())
          .startsWith("For a server with 1024MB of memory and an SSD\n")
          .contains("\ntrack_functions = all: leave it\n")
          .doesNotContain("ALTER SYSTEM");
    }
  }

  @Test
  void reportsDataHiddenFromOrdinaryRole() {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase()) {
      Run run = advise(Run.environment(server, database));
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.out())
          .contains("shared_preload_libraries = ?: leave it\n    hidden from this role")
          .contains("ALTER SYSTEM SET track_functions = 'all';");
    }
  }

  @Test
  void rejectsInvalidOptions() {
    for (String[] wrong : new String[][] {{"--memory", "much"}, {"--disk", "tape"}}) {
      Run run = advise(Map.of(), wrong);
      assertThat(run.status()).isEqualTo(3);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).startsWith("pghello advise: ").contains(wrong).hasLineCount(1);
    }
  }

  private static Run advise(Map<String, String> environment, String... options) {
    var arguments = new ArrayList<>(List.of("advise"));
    arguments.addAll(List.of(options));
    return Run.pghello(environment, arguments.toArray(String[]::new));
  }
}
