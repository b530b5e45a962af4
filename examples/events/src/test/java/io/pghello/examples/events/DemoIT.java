// SPDX-License-Identifier: MIT
package io.pghello.examples.events;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.examples.shared.DemoCommand;
import io.pghello.examples.shared.DemoCommand.Output;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@code ./dev demo events} does. */
@Timeout(180)
class DemoIT {
  private static Output demo(String... args) {
    return DemoCommand.capture(Demo::run, args);
  }

  @Test
  void losesNothingWhenTheListenerIsKilled() {
    Output result = demo();
    assertThat(result.err()).isEmpty();
    assertThat(result.status()).isZero();
    assertThat(result.out())
        .isEqualTo(
            """
            A listener is there, and Ada signs up:
              told: user.signed_up {"id": 1, "greeting": "Hello, Ada!", "username": "Ada"}
            It is killed before it has said that this was handled. Meanwhile, nobody listens:
              Updated from default to 2. Test: Hello, Config Test! Hello, Config Test!
              Bob has signed up
            The next listener is told of all, and of Ada again, a second after the first time:
              told: config.changed {"key": "greeting_repeat", "after": "2", "before": null}
              told: user.signed_up {"id": 2, "greeting": "Hello, Bob! Hello, Bob!", "username": "Bob"}
              told: user.signed_up {"id": 1, "greeting": "Hello, Ada!", "username": "Ada"}
              told: user.signed_up {"id": 3, "greeting": "Hello, Carol! Hello, Carol!", "username": "Carol"}
            """);
  }

  @Test
  void saysWhatIsWrongWithTheCommandLine() {
    Output result = demo("--nonsense");
    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).startsWith("demo: ").contains("see ./dev demo events --help");
  }

  @Test
  void explainsItself() {
    assertThat(demo("--help").out()).startsWith("Usage: ./dev demo events [OPTIONS]");
  }
}
