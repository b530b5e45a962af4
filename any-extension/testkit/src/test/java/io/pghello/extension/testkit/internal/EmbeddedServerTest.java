// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.BindException;
import org.junit.jupiter.api.Test;

class EmbeddedServerTest {
  @Test
  void tellsAPortThatIsTakenFromOneThatIsNotAllowed() {
    assertThat(EmbeddedServer.portProblem(80, new BindException("Permission denied")))
        .isEqualTo("Port 80 is not allowed: Permission denied.");
    assertThat(EmbeddedServer.portProblem(5432, new BindException("Address already in use")))
        .isEqualTo("Port 5432 is taken: Address already in use.");
  }
}
