// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The commands of docs/operations.md do what the page says. */
class OperationsPageIT {
  private static final String PROMPT = "$ ./dev pghello ";
  private static final Pattern WORD = Pattern.compile("'[^']*'|\\S+");

  @Test
  void runsEveryCommandOfThePage() throws Exception {
    List<String> commands =
        Files.readAllLines(Path.of("../docs/operations.md")).stream()
            .filter(line -> line.startsWith(PROMPT))
            .map(line -> line.substring(PROMPT.length()))
            .toList();
    assertThat(commands).hasSizeGreaterThanOrEqualTo(6);
    PgHelloServer server = PgHelloServer.shared();
    try (TestDatabase database = server.createDatabase("app");
        Connection owner = database.dataSource().getConnection()) {
      Run.execute(
          owner,
          "CREATE EXTENSION pg_hello_ops",
          "SELECT hello_ops.take_snapshot()",
          "SELECT hello_ops.take_snapshot()",
          "SELECT hello_ops.baseline('release 1')");
      for (String command : commands) {
        String[] words =
            WORD.matcher(command)
                .results()
                .map(MatchResult::group)
                .map(word -> word.replace("'", ""))
                .toArray(String[]::new);
        Run run = Run.pghello(Run.environment(server, database), words);
        assertThat(run.err()).as(command).isEmpty();
        assertThat(run.out()).as(command).isNotBlank();
        assertThat(run.status()).as(command).isBetween(0, 2);
      }
    }
  }
}
