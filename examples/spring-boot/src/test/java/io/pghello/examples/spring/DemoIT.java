// SPDX-License-Identifier: MIT
package io.pghello.examples.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.examples.shared.DemoCommand;
import io.pghello.examples.shared.DemoCommand.Output;
import io.pghello.extension.testkit.NativeExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs {@code ./dev demo spring}. */
@Timeout(120)
class DemoIT {
  private static Output demo(String... args) {
    return DemoCommand.capture(Demo::run, args);
  }

  @Test
  void callsTheApplicationAndPrintsTheAnswers() {
    Output result = demo("Ada", "O'Brien \"Zoë\"");
    assertThat(result.err()).isEmpty();
    assertThat(result.status()).isZero();
    assertThat(result.out())
        .contains("GET  /api/greeting/Ada\n     200 {\"greeting\":\"Hello, Ada!\"}\n")
        .contains("GET  /api/greeting/O%27Brien%20%22Zo%C3%AB%22\n")
        .contains("{\"greeting\":\"Hello, O'Brien \\\"Zoë\\\"!\"}")
        .contains(
            "POST /api/bulk-greetings [\"Ada\",\"O'Brien \\\"Zoë\\\"\"]\n     200 [{\"name\":\"Ada\"")
        .contains("GET  /api/timestamp\n     200 {\"timestamp_ms\":")
        .contains("GET  /actuator/health/readiness\n     200 {")
        .contains(
            "\"extensionVersion\":\"" + NativeExtension.fromClassPath("pg_hello").version() + "\"")
        .containsPattern("The application responded [0-9.,]+ s after it was started\n");
  }

  @Test
  void reportsAnUnreachableServerInOneLine() {
    Output result = demo("--url", "jdbc:postgresql://127.0.0.1:1/none");
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.err()).startsWith("demo: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--nonsense", "--url=http://localhost", "--serve=70000", "--serve=x"})
  void rejectsAnUnknownOption(String option) {
    Output result = demo(option);
    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).startsWith("demo: ").contains("see ./dev demo spring --help");
  }

  @Test
  void explainsItself() {
    assertThat(demo("--help").out()).startsWith("Usage: ./dev demo spring [OPTIONS] [NAME...]");
  }
}
