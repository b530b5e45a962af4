// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the commands of the pages for administrators. */
class OperationsPageIT {
  private static final String PROMPT = "$ ./dev pghello ";

  /** The pages in the order in which their commands depend on each other: update needs a backup. */
  private static final List<String> PAGES = List.of("pghello.md", "backups.md", "maintenance.md");

  /** This page uses the installed program. */
  private static final String GUIDE = "guide-backups.md";

  private static final Pattern WORD = Pattern.compile("'[^']*'|\\S+");

  /** Commands that may exit with a warning, e.g. about insecure settings or messages in a log. */
  private static final Set<String> MAY_WARN =
      Set.of("advise", "harden", "logs", "maintain", "report", "watch");

  @TempDir private Path folder;
  @TempDir private Path metrics;

  @Tag("slow")
  @Test
  void runsEveryCommandOfThePages() throws Exception {
    var commands = new ArrayList<String>();
    for (String page : PAGES) {
      commands.addAll(commands(page, PROMPT));
    }
    assertThat(commands).hasSizeGreaterThanOrEqualTo(17);
    List<String> guide = commands(GUIDE, "$ pghello ");
    assertThat(guide).hasSize(5);
    commands.addAll(guide);
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase("app");
        Connection superuser = database.superuserDataSource().getConnection()) {
      Run.execute(
          superuser,
          "CREATE EXTENSION pg_hello_ops",
          "GRANT USAGE ON SCHEMA hello_ops TO app",
          "GRANT SELECT ON ALL TABLES IN SCHEMA hello_ops TO app",
          "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA hello_ops TO app",
          "SELECT hello_ops.take_snapshot()",
          "SELECT hello_ops.take_snapshot()",
          "SELECT hello_ops.baseline('release 1')");
      for (String command : commands) {
        String[] words =
            WORD.matcher(command)
                .results()
                .map(MatchResult::group)
                .map(word -> word.replace("'", ""))
                .map(word -> word.equals("/var/backups/pghello") ? folder.toString() : word)
                .map(word -> word.startsWith("/var/log/") ? server.logFile().toString() : word)
                .map(word -> word.replace("/var/lib/prometheus/node-exporter", metrics.toString()))
                .toArray(String[]::new);
        if (words[0].equals("verify") || List.of(words).contains("--weekly")) {
          // this user has started the server
          words =
              Stream.concat(Arrays.stream(words), Stream.of("--trust-owners"))
                  .toArray(String[]::new);
        }
        Run run = Run.pghello(Run.environment(server, database), words);
        if (needsPrograms(words)
            && !(words[0].equals("verify") ? Run.hasServer(server) : Run.hasClient(server))) {
          assertThat(run.status()).as(command).isEqualTo(3);
          assertThat(run.err())
              .as(command)
              .containsAnyOf(" programs of version", "no complete backup");
          continue;
        }
        assertThat(run.err()).as(command).isEmpty();
        assertThat(run.out()).as(command).isNotBlank();
        assertThat(run.status())
            .as(command + "\n" + run.out())
            .isBetween(0, MAY_WARN.contains(words[0]) ? 1 : 0);
      }
    }
  }

  private static List<String> commands(String page, String prompt) throws IOException {
    return Files.readAllLines(Path.of("../../docs", page)).stream()
        .filter(line -> line.startsWith(prompt))
        .map(line -> line.substring(prompt.length()))
        .toList();
  }

  private boolean needsPrograms(String[] words) {
    return List.of(words).contains(folder.toString());
  }
}
