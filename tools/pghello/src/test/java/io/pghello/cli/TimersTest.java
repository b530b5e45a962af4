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

/** The command lines of the timers are such that the program takes. */
class TimersTest {
  private static final Path FOLDER = Path.of("../../deploy/systemd");
  private static final Pattern COMMAND =
      Pattern.compile("(?m)^ExecStart=/usr/bin/env pghello (.*)$");

  @ParameterizedTest
  @ValueSource(strings = {"daily", "weekly", "monthly"})
  void callTheProgram(String rhythm) throws Exception {
    String service = Files.readString(FOLDER.resolve("pghello-" + rhythm + ".service"));
    Matcher command = COMMAND.matcher(service);
    assertThat(command.find()).isTrue();
    CommandLine.ParseResult parsed =
        Pghello.commandLine().parseArgs(command.group(1).split(" ", -1)).subcommand();
    assertThat(parsed.commandSpec().name()).isEqualTo("maintain");
    assertThat(parsed.hasMatchedOption("--" + rhythm)).isTrue();
    assertThat(parsed.hasMatchedOption("--backups")).isEqualTo(!rhythm.equals("monthly"));
    // after a night without power all of them begin at once
    assertThat(parsed.hasMatchedOption("--wait")).isTrue();
    if (rhythm.equals("daily")) {
      Path backups = parsed.matchedOptionValue("--backups", Path.of(""));
      assertThat(service).containsPattern("(?m)^ExecStartPre=\\+.* -o pghello .* " + backups + "$");
    }
    // who owns no server, as a verification runs code of the owners of tables
    assertThat(Arrays.asList(service.split("\n", -1)))
        .contains("SuccessExitStatus=1", "User=pghello");
    // without one a run that hangs would keep all later ones from beginning
    assertThat(service)
        .containsPattern(
            "(?m)^TimeoutStartSec="
                + (rhythm.equals("weekly") ? "[1-6]d" : "(1?[0-9]|2[0-3])h")
                + "$");
    assertThat(Files.readString(FOLDER.resolve("pghello-" + rhythm + ".timer")))
        .contains("OnCalendar=", "Persistent=true");
  }
}
