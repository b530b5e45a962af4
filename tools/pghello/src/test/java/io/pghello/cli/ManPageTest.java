// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Manual pages, and common parts of all help texts. */
class ManPageTest {
  @Test
  void containsHelpTexts() {
    CommandLine whole = Pghello.commandLine();
    assertThat(ManPage.of(whole))
        .startsWith(".TH PGHELLO 1\n.SH NAME\npghello \\- Operates")
        .contains(".SH COMMANDS", "\\fBpghello\\-health\\fR(1)\n", "$PGPASSWORD");
    for (Map.Entry<String, CommandLine> command : whole.getSubcommands().entrySet()) {
      String page = ManPage.of(command.getValue());
      assertThat(page.lines())
          .as(command.getKey())
          .noneMatch(line -> line.startsWith("'") || line.contains("%n"));
      assertThat(page).contains(".TH PGHELLO-" + command.getKey().toUpperCase(Locale.ROOT) + " 1");
      for (OptionSpec option : command.getValue().getCommandSpec().options()) {
        assertThat(page).as(command.getKey()).contains(option.longestName().replace("-", "\\-"));
      }
    }
  }

  @Test
  void listsCommandsByTheirFirstSentence() {
    assertThat(
            Pghello.commandLine()
                .getUsageMessage(CommandLine.Help.Ansi.OFF)
                .replaceAll("\\s+", " "))
        .contains(
            " backup Dumps databases, roles and the extension's files into a new directory, with checksums"
                + " of all files, rows and values. restore ",
            " verify Proves that a backup can be restored: ");
    assertThat(Pghello.commandLine("backup").getSubcommands().values())
        .singleElement()
        .extracting(command -> command.getUsageMessage(CommandLine.Help.Ansi.OFF))
        .asString()
        .containsPattern("rows\\s+and\\s+values\\.\\s+An\\s+incomplete\\s+backup");
  }

  @Test
  void everyCommandHasHelpWithAnExample() {
    Pghello.commandLine()
        .getSubcommands()
        .forEach(
            (name, command) ->
                assertThat(command.getUsageMessage(CommandLine.Help.Ansi.OFF))
                    .as(name)
                    .contains(
                        "Example:",
                        name.equals("install") ? "install --to" : "pghello " + name,
                        "--help"));
  }
}
