// SPDX-License-Identifier: MIT
package io.pghello.examples.events;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.examples.shared.DemoCommand;
import io.pghello.examples.shared.DemoCommand.Output;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs {@code ./dev demo events}. */
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
    // on a slow machine, the second has passed before Bob's event is delivered
    String ada =
        "  received: user.signed_up {\"id\": 1, \"greeting\": \"Hello, Ada!\", \"username\": \"Ada\"}\n";
    int again = result.out().lastIndexOf(ada);
    assertThat(again).isGreaterThan(result.out().indexOf("The next listener"));
    assertThat(new StringBuilder(result.out()).delete(again, again + ada.length()).toString())
        .isEqualTo(
            """
            With a running listener, Ada signs up:
              received: user.signed_up {"id": 1, "greeting": "Hello, Ada!", "username": "Ada"}
            The listener is killed before it acknowledges the event. Without a listener:
              Updated from default to 2. Test: Hello, Config Test! Hello, Config Test!
              Bob has signed up
            The next listener receives all events. Ada's event is delivered again, after a second:
              received: config.changed {"key": "greeting_repeat", "after": "2", "before": null}
              received: user.signed_up {"id": 2, "greeting": "Hello, Bob! Hello, Bob!", "username": "Bob"}
              received: user.signed_up {"id": 3, "greeting": "Hello, Carol! Hello, Carol!", "username": "Carol"}
            """);
  }

  @Test
  void rejectsAnUnknownOption() {
    Output result = demo("--nonsense");
    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).startsWith("demo: ").contains("see ./dev demo events --help");
  }

  @Test
  void explainsItself() {
    assertThat(demo("--help").out()).startsWith("Usage: ./dev demo events [OPTIONS]");
  }
}
