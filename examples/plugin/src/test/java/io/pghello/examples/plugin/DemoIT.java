// SPDX-License-Identifier: MIT
package io.pghello.examples.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.examples.shared.DemoCommand;
import io.pghello.examples.shared.DemoCommand.Output;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs {@code ./dev demo plugin}. */
@Timeout(120)
class DemoIT {
  private static Output demo(String... args) {
    return DemoCommand.capture(Demo::run, args);
  }

  @Test
  void readsAndWritesNothing() {
    Output result = demo();
    assertThat(result.err()).isEmpty();
    assertThat(result.status()).isZero();
    assertThat(result.out())
        .contains("-> {\"rowCount\":2,\"ignored\":0,\"duplicates\":0}")
        .contains("{\"name\":\"bob\",\"greeting\":\"Hello, bob!\"}")
        .contains("-> POSTGRES_NOT_ALLOWED: The connection is read-only.")
        .contains("-> POSTGRES_BAD_SQL: Found a second statement at index 8.")
        .endsWith("users    {\"count\":2}\n");
  }

  @Test
  void runsTheGivenStatements() {
    assertThat(demo("select 1 as one").out())
        .contains("-> {\"rows\":[{\"one\":1}],\"rowCount\":1,\"truncated\":false}");
    assertThat(demo("--nonsense").status()).isEqualTo(2);
  }
}
