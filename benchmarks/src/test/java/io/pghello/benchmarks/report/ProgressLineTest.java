// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  @Test
  void showsTheCurrentStepAndTheRemainingTime() {
    var terminal = new ProgressLine(err, true, "client (2 of 5)", 3);
    terminal.step("hello()");
    assertThat(shown()).isEqualTo("client (2 of 5), 1 of 3: hello()");
    terminal.step("helloAll()");
    assertThat(shown()).matches("client \\(2 of 5\\), 2 of 3, about \\d+ s left: helloAll\\(\\)");
    terminal.clear();
    assertThat(shown()).isEmpty();
  }

  @Test
  void aLongStepDoesNotWrap() {
    new ProgressLine(err, true, "client", 1).step("x".repeat(200));
    assertThat(shown()).hasSize(79).startsWith("client, 1 of 1: xxx");
  }

  @Test
  void writesNothingWithoutATerminal() {
    var terminal = new ProgressLine(err, false, "client", 1);
    terminal.step("hello()");
    terminal.clear();
    assertThat(bytes.size()).isZero();
  }

  /** Returns the visible text of the line. */
  private String shown() {
    String all = bytes.toString(StandardCharsets.UTF_8);
    // the text after the last carriage return is visible; a carriage return at the end only moves
    // the cursor
    String line = all.substring(all.lastIndexOf('\r', all.length() - 2) + 1);
    return line.strip();
  }
}
