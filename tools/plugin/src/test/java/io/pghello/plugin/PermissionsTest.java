// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PermissionsTest {
  @Test
  void rejectsLimitsOutOfRange() {
    Permissions most =
        Permissions.read()
            .withMaxRows(1_000_000)
            .withMaxBytes(64 << 20)
            .withMaxTimeout(Duration.ofHours(1));
    assertThat(most.maxRows()).isEqualTo(1_000_000);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> most.withMaxRows(1_000_001))
        .withMessage("maxRows must be between 1 and 1000000, but is 1000001");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> most.withMaxBytes((64 << 20) + 1))
        .withMessage("maxBytes must be between 1000 and 67108864, but is 67108865");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> most.withMaxTimeout(Duration.ofMillis(3_600_001)))
        .withMessage("maxTimeout must be between 1 and 3600000, but is 3600001");

    Permissions least =
        Permissions.read().withMaxRows(1).withMaxBytes(1_000).withMaxTimeout(Duration.ofMillis(1));
    assertThatIllegalArgumentException().isThrownBy(() -> least.withMaxRows(0));
    assertThatIllegalArgumentException().isThrownBy(() -> least.withMaxBytes(999));
    assertThatIllegalArgumentException().isThrownBy(() -> least.withMaxTimeout(Duration.ZERO));
  }
}
