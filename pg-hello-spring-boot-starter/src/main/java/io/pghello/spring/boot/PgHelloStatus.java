// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloClient;
import io.pghello.PgHelloException;
import io.pghello.PgHelloInfo;
import io.pghello.PgHelloProblem;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The answer of the health indicator, the same for the two interfaces that Spring Boot has had for
 * it. Thread-safe.
 */
final class PgHelloStatus {
  private static final String GREETING = "pg_hello(text)";

  private final PgHelloClient client;

  PgHelloStatus(PgHelloClient client) {
    this.client = client;
  }

  /**
   * The answer of the server's catalogue.
   *
   * @param isUp whether {@code pg_hello(text)} can be called
   * @param details as the health endpoint shows them
   */
  record Answer(boolean isUp, Map<String, Object> details) {}

  /** Asks the server, in three round trips; in one if {@code pg_hello(text)} cannot be called. */
  Answer ask() {
    try {
      List<PgHelloProblem> problems = client.preflight();
      Optional<PgHelloProblem> obstacle =
          problems.stream().filter(problem -> problem.functions().contains(GREETING)).findFirst();
      if (obstacle.isPresent()) {
        return down(obstacle.get());
      }
      PgHelloInfo info = client.info();
      var details = new LinkedHashMap<String, Object>();
      details.put("extensionVersion", info.extensionVersion());
      details.put("schema", info.schema());
      details.put("serverVersion", info.serverVersion());
      if (!problems.isEmpty()) {
        details.put("problems", problems.stream().map(PgHelloProblem::toString).toList());
      }
      return new Answer(true, details);
    } catch (PgHelloException e) {
      return down(e.problem());
    }
  }

  private static Answer down(PgHelloProblem problem) {
    var details = new LinkedHashMap<String, Object>();
    details.put("code", problem.code().name());
    details.put("cause", problem.message());
    details.put("remedy", problem.remedy());
    return new Answer(false, details);
  }
}
