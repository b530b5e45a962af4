// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ErrorsTest {
  @Test
  void theTimeOutIsNamedInBothWaysToSetIt() {
    assertThat(Errors.timedOut(Duration.ofSeconds(1)))
        .hasMessageContaining("time-out of 1000 ms")
        .hasMessageContaining("(callTimeout, withTimeout)");
  }
}
