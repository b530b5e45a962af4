// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Names and messages chosen by others can neither control a terminal nor imitate a line of the
 * program.
 */
class TerminalTextTest {
  private static final String EVIL = "a\u001b[2J\u009b\u202e\u0007\r\nok  forged";
  private static final String HARMLESS = "a\\u001b[2J\\u009b\\u202e\\u0007\\u000d\\u000aok  forged";

  @Test
  void keepsOtherCharacters() {
    assertThat(TerminalText.line("Grüße, 世界 😀 \\ $1")).isEqualTo("Grüße, 世界 😀 \\ $1");
    assertThat(TerminalText.line(EVIL)).isEqualTo(HARMLESS);
  }

  @Test
  void printsEachFindingOnOneLine() {
    var findings = new Findings();
    findings.add(new Finding(Status.WARNING, "function", EVIL, "DROP " + EVIL));
    String text = findings.toText(EVIL, "");
    assertThat(text.lines()).hasSize(3);
    assertThat(text).contains(HARMLESS, "DROP " + HARMLESS).doesNotContain("\u001b[2J");
  }

  /** A monitoring plugin expects performance data after a bar, also below the first line. */
  @Test
  void escapesBarsInNames() {
    var findings = new Findings();
    findings.add(new Finding(Status.WARNING, "function", "in a|b", "DROP a|b"));
    assertThat(findings.toText("c|d", " | time=1ms").replaceFirst(" \\| time=1ms", ""))
        .contains("c\\u007cd", "in a\\u007cb", "DROP a\\u007cb")
        .doesNotContain("|");
  }

  @Test
  void printsEachRowOnOneLine() {
    String text = new Table(List.of("name"), List.of(List.of(EVIL))).toString();
    assertThat(text.lines()).hasSize(2);
    assertThat(text).contains(HARMLESS);
  }

  @Test
  void printsServerErrorsOnOneLine() {
    assertThat(SqlErrors.message(new SQLException("no \u001b[2J\rok", "P0001")))
        .isEqualTo("no \\u001b[2J (SQLSTATE P0001)");
  }

  @Test
  void escapesControlCharactersInJson() {
    assertThat(Json.write("\u009b\u007f")).isEqualTo("\"\\u009b\\u007f\"");
  }
}
