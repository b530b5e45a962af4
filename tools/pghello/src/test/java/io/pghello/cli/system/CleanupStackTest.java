// SPDX-License-Identifier: MIT
package io.pghello.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.output.Failure;
import java.lang.ProcessBuilder.Redirect;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CleanupStackTest {
  /** For example, one thread reads a dump while another one runs a program. */
  @Test
  void keepsOtherProgramsRunning() {
    var undo = new CleanupStack();
    CleanupStack.Running first = start(undo, "exit 0");
    CleanupStack.Running second = start(undo, "exec sleep 3600");
    undo.waitFor(first);
    assertThat(second.process().isAlive()).isTrue();
    assertThat(second.messages()).exists();
    undo.close();
    assertThat(second.process().isAlive()).isFalse();
    assertThat(second.messages()).doesNotExist();
  }

  @Test
  void startsNothingAfterClose() {
    var undo = new CleanupStack();
    undo.close();
    assertThatThrownBy(() -> start(undo, "exit"))
        .isInstanceOf(Failure.class)
        .hasMessage("interrupted");
    assertThatThrownBy(() -> undo.temporaryFile(".out")).isInstanceOf(Failure.class);
  }

  private static CleanupStack.Running start(CleanupStack undo, String script) {
    return undo.start(List.of("sh", "-c", script), Map.of(), Redirect.DISCARD);
  }
}
