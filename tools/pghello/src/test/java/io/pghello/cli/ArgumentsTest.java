// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages about invalid command lines never contain possible passwords. */
class ArgumentsTest {
  private static String errorOutput(String... arguments) {
    var err = new StringWriter();
    var writer = new PrintWriter(err);
    int status = Pghello.commandLine(arguments).setErr(writer).setOut(writer).execute(arguments);
    assertThat(status).isEqualTo(3);
    return err.toString();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--password=secret",
        "health --password=secret",
        "health --password secret",
        "health -Wsecret",
        "health postgresql://me:secret@host/db",
        "health -h postgresql://me:secret@host/db",
        "health -d postgresql://me:secret@host/db",
        "health --port=secret@host",
        "health --pass\u001b[2Jsecret"
      })
  void hidesPossibleSecrets(String line) {
    assertThat(errorOutput(line.split(" "))).isNotBlank().doesNotContain("secret", "\u001b");
  }

  @Test
  void reportsUnknownOptionsAndCommands() {
    assertThat(errorOutput("health", "--pasword=secret")).contains("Unknown option: '--pasword'");
    assertThat(errorOutput("helth")).contains("'helth'; did you mean health");
    Run help = Run.pghello(Map.of(), "help", "helth");
    assertThat(help.err()).contains("'helth'; did you mean health").hasLineCount(1);
    assertThat(help.status()).isEqualTo(3);
    assertThat(errorOutput("health", "--warnin", "1"))
        .contains("'--warnin'; did you mean --warning?");
  }

  /** The owner of a database can choose such a name for it. */
  @Test
  void doesNotExpandArgumentFiles(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("arguments"), "--host other.example.com");
    String[] arguments = {"health", "--dbname", "@" + file};
    assertThat(
            Arrays.toString(
                Pghello.commandLine(arguments)
                    .parseArgs(arguments)
                    .subcommand()
                    .originalArgs()
                    .toArray()))
        .contains("@" + file)
        .doesNotContain("other.example.com");
  }
}
