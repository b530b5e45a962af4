// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import org.junit.jupiter.api.Test;

class NameValidatorTest {
  /**
   * The maximum length of a message that the server accepts. The server ends the session if a
   * message is longer.
   */
  private static final int MESSAGE_MAX = 0x3fff_fffe;

  @Test
  void leavesRoomForTheRestOfAMessage() {
    int fitting = MESSAGE_MAX - 70_000;
    assertThat(NameValidator.checkLength(fitting, "")).isEqualTo(fitting);
    assertThatThrownBy(() -> NameValidator.checkLength(MESSAGE_MAX - 60_000, "names[3]"))
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.RESULT_TOO_LARGE))
        .hasMessageContaining("names[3]");
  }
}
