// SPDX-License-Identifier: MIT
package io.pghello.examples.jooq;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.examples.shared.DemoCommand;
import io.pghello.examples.shared.DemoCommand.Output;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs {@code ./dev demo jooq}. */
@Timeout(120)
class DemoIT {
  private static Output demo(String... args) {
    return DemoCommand.capture(Demo::run, args);
  }

  @Test
  void welcomesUsersAndReports() {
    Output result = demo();
    assertThat(result.err()).isEmpty();
    assertThat(result.status()).isZero();
    assertThat(result.out().replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "TIME"))
        .isEqualTo(
            """
            Updated from default to 2. Test: Hello, Config Test! Hello, Config Test!

            alice     TIME  Hello, alice!
            bob       TIME  Hello, bob!
            the last  TIME  Hello, the last! Hello, the last!

            Hello, alice! Hello, alice!
            Hello, bob! Hello, bob!
            Hello, the last! Hello, the last!
            """);
  }

  @Test
  void takesNamesAndACount() {
    assertThat(demo("--repeat", "3", "O'Brien", "Zoë {0} ?").out())
        .startsWith("Updated from default to 3. Test: Hello, Config Test! ")
        .contains("  Hello, O'Brien!\n")
        .contains("  Hello, Zoë {0} ?!\n");
  }

  @ParameterizedTest
  @CsvSource({
    "Bob Ada Ada, 1, 'the name \"Ada\" is taken'",
    "--repeat 11, 1, greeting_repeat_from_1_to_10",
    "--repeat many, 2, --repeat",
    "--bogus, 2, --bogus"
  })
  void reportsErrorsInOneLine(String args, int status, String reason) {
    Output result = demo(args.split(" "));
    assertThat(result.status()).isEqualTo(status);
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err()).startsWith("demo: ").contains(reason);
  }

  @Test
  void keepsTheNameOfTheLastUserForItself() {
    Output result = demo("the last");
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.err()).startsWith("demo: the name \"the last\" is taken").hasLineCount(1);
    assertThat(result.out()).isEmpty();
  }

  @Test
  void helps() {
    assertThat(demo("--help"))
        .satisfies(
            result -> {
              assertThat(result.status()).isZero();
              assertThat(result.out()).startsWith("Usage: ./dev demo jooq [OPTIONS] [NAME...]");
            });
  }
}
