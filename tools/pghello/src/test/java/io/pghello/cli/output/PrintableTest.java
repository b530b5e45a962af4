// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Names and words that others have chosen neither control a terminal nor look like a line of ours.
 */
class PrintableTest {
  private static final String EVIL = "a\u001b[2J\u009b\u202e\u0007\r\nok  forged";
  private static final String HARMLESS = "a\\u001b[2J\\u009b\\u202e\\u0007\\u000d\\u000aok  forged";

  @Test
  void leavesAllButControlCharacters() {
    assertThat(Printable.line("Grüße, 世界 😀 \\ $1")).isEqualTo("Grüße, 世界 😀 \\ $1");
    assertThat(Printable.line(EVIL)).isEqualTo(HARMLESS);
  }

  @Test
  void findingsAreALineEach() {
    var findings = new Findings();
    findings.add(new Finding(Status.WARNING, "function", EVIL, "DROP " + EVIL));
    String text = findings.toText(EVIL, "");
    assertThat(text.lines()).hasSize(3);
    assertThat(text).contains(HARMLESS, "DROP " + HARMLESS).doesNotContain("\u001b[2J");
  }

  /** Behind a bar a monitoring plugin expects figures, also below the first line. */
  @Test
  void findingsHaveNoBarOfAName() {
    var findings = new Findings();
    findings.add(new Finding(Status.WARNING, "function", "in a|b", "DROP a|b"));
    assertThat(findings.toText("c|d", " | time=1ms").replaceFirst(" \\| time=1ms", ""))
        .contains("c\\u007cd", "in a\\u007cb", "DROP a\\u007cb")
        .doesNotContain("|");
  }

  @Test
  void rowsAreALineEach() {
    String text = new Table(List.of("name"), List.of(List.of(EVIL))).toString();
    assertThat(text.lines()).hasSize(2);
    assertThat(text).contains(HARMLESS);
  }

  @Test
  void errorsOfTheServerAreALine() {
    assertThat(SqlErrors.message(new SQLException("no \u001b[2J\rok", "P0001")))
        .isEqualTo("no \\u001b[2J (SQLSTATE P0001)");
  }

  @Test
  void jsonEscapesThem() {
    assertThat(Json.write("\u009b\u007f")).isEqualTo("\"\\u009b\\u007f\"");
  }
}
