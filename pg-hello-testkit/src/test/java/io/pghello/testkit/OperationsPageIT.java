// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Runs all SQL and shell blocks of docs/pg-hello/operations.md in order, in one database. */
class OperationsPageIT {
  private static final Path ROOT = Path.of("..");
  private static final Pattern BLOCK =
      Pattern.compile("^```(sql|sh)\\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);
  private static final String MISSING = "SELECT missing FROM hello_ops.pg_hello_missing";

  @Test
  void runsAllBlocks() throws Exception {
    assumeTrue(
        Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "psql"))),
        "needs psql");
    String page = Files.readString(ROOT.resolve("docs/pg-hello/operations.md"));
    try (ExtensionServer server =
            ExtensionServer.builder()
                .extension("pg_hello")
                .setting("shared_preload_libraries", "pg_stat_statements")
                .start();
        TestDatabase database = server.createDatabase("app")) {
      String url = database.superuserJdbcUrl();
      var answers = new ArrayList<String>();
      var blocks = BLOCK.matcher(page);
      while (blocks.find()) {
        if (blocks.group(1).equals("sql")) {
          // database settings apply to new sessions
          try (Connection connection = DriverManager.getConnection(url)) {
            // each statement runs in its own transaction, as in psql
            for (String statement : blocks.group(2).split(";.*\n", -1)) {
              if (!statement.isBlank()) {
                answers.add(run(connection, statement));
              }
            }
          }
        } else {
          answers.add(runShell(server, blocks.group(2)));
        }
      }
      assertThat(answers).hasSizeGreaterThanOrEqualTo(12);
      assertThat(answers)
          .anySatisfy(answer -> assertThat(answer).contains("track_functions = all"))
          .anySatisfy(
              answer -> assertThat(answer).containsPattern("pg_hello\\(text\\)\\|.*\\|1000\\|"))
          .anySatisfy(answer -> assertThat(answer).contains("release 1|"))
          .anySatisfy(answer -> assertThat(answer).contains("hello_admin|UPDATE"));
      try (Connection connection = DriverManager.getConnection(url)) {
        assertThat(run(connection, MISSING)).doesNotContain("track_functions");
        assertThat(run(connection, "SET ROLE shop; SELECT pg_hello('x')")).isEqualTo("Hello, x!\n");
        assertThat(run(connection, "SET ROLE watcher; " + MISSING)).doesNotContain("membership");
      }
    }
  }

  /**
   * Checks that all views, functions and columns in the page exist, and that all objects of the
   * extension are in the page.
   */
  @Test
  void namesExistingObjects() throws Exception {
    String page = Files.readString(ROOT.resolve("docs/pg-hello/operations.md"));
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        Connection owner = database.dataSource().getConnection()) {
      run(owner, "CREATE EXTENSION pg_hello_ops");
      List<String> columns =
          run(
                  owner,
                  """
                  SELECT c.relname, '`' || string_agg(a.attname, '`, `' ORDER BY a.attnum) || '`'
                  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                  WHERE c.relnamespace = 'hello_ops'::regnamespace AND c.relkind = 'v'
                  GROUP BY c.relname
                  """)
              .lines()
              .toList();
      assertThat(columns).hasSize(8);
      String plain = page.replaceAll(" \\([^)]*\\)", "");
      for (String view : columns) {
        String[] nameAndColumns = view.split("\\|", -1);
        assertThat(plain)
            .containsPattern(
                "\\| `" + nameAndColumns[0] + "` \\|[^|]*\\| " + Pattern.quote(nameAndColumns[1]));
      }
      assertThat(
              run(
                      owner,
                      "SELECT DISTINCT check_name FROM hello_ops.compliance_report()"
                          + " UNION SELECT 'row_security'")
                  .lines())
          .hasSize(10)
          .allSatisfy(check -> assertThat(page).contains("\n| `" + check + "` |"));
    }
  }

  /** Returns all rows of all statements, with columns separated like psql -A does. */
  private static String run(Connection connection, String sql) throws SQLException {
    var text = new StringBuilder();
    try (Statement statement = connection.createStatement()) {
      boolean isResult = statement.execute(sql);
      while (isResult || statement.getUpdateCount() >= 0) {
        if (isResult) {
          try (var rows = statement.getResultSet()) {
            while (rows.next()) {
              for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                text.append(i == 1 ? "" : "|").append(rows.getString(i));
              }
              text.append('\n');
            }
          }
        }
        isResult = statement.getMoreResults();
      }
    }
    return text.toString();
  }

  private static String runShell(ExtensionServer server, String script)
      throws IOException, InterruptedException {
    var builder = new ProcessBuilder("bash", "-e", "-c", script).directory(ROOT.toFile());
    builder.environment().put("PGHOST", "127.0.0.1");
    builder.environment().put("PGPORT", String.valueOf(server.port()));
    builder.environment().put("PGUSER", "postgres");
    builder.environment().put("PGPASSWORD", server.password());
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", script, output).isZero();
    return output;
  }
}
