// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The command lines of the timers are valid. */
class TimersTest {
  private static final Path FOLDER = Path.of("../../deploy/systemd");
  private static final Pattern COMMAND =
      Pattern.compile("(?m)^ExecStart=/usr/bin/env pghello (.*)$");

  @ParameterizedTest
  @ValueSource(strings = {"daily", "weekly", "monthly"})
  void runValidCommandLines(String rhythm) throws Exception {
    String service = Files.readString(FOLDER.resolve("pghello-" + rhythm + ".service"));
    Matcher command = COMMAND.matcher(service);
    assertThat(command.find()).isTrue();
    CommandLine.ParseResult parsed =
        Pghello.commandLine().parseArgs(command.group(1).split(" ", -1)).subcommand();
    assertThat(parsed.commandSpec().name()).isEqualTo("maintain");
    assertThat(parsed.hasMatchedOption("--" + rhythm)).isTrue();
    assertThat(parsed.hasMatchedOption("--backups")).isEqualTo(!rhythm.equals("monthly"));
    // After a power failure, all of them start at the same time.
    assertThat(parsed.hasMatchedOption("--wait")).isTrue();
    if (rhythm.equals("daily")) {
      Path backups = parsed.matchedOptionValue("--backups", Path.of(""));
      assertThat(service).containsPattern("(?m)^ExecStartPre=\\+.* -o pghello .* " + backups + "$");
    }
    // This user owns no server, because verification runs code of table owners.
    assertThat(Arrays.asList(service.split("\n", -1)))
        .contains("SuccessExitStatus=1", "User=pghello");
    // Without a limit, a hanging run would block all later ones.
    assertThat(service)
        .containsPattern(
            "(?m)^TimeoutStartSec="
                + (rhythm.equals("weekly") ? "[1-6]d" : "(1?[0-9]|2[0-3])h")
                + "$");
    assertThat(Files.readString(FOLDER.resolve("pghello-" + rhythm + ".timer")))
        .contains("OnCalendar=", "Persistent=true");
  }
}
