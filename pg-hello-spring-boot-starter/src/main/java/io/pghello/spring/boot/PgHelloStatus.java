// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloClient;
import io.pghello.PgHelloInfo;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs the health check for the health indicators of Spring Boot 3 and 4. Thread-safe. */
final class PgHelloStatus {
  private static final String GREETING = "pg_hello(text)";

  private final PgHelloClient client;

  PgHelloStatus(PgHelloClient client) {
    this.client = client;
  }

  /**
   * The result of a health check.
   *
   * @param isUp whether {@code pg_hello(text)} can be called
   * @param details the details for the health endpoint
   */
  record Result(boolean isUp, Map<String, Object> details) {}

  /**
   * Checks the extension in three round trips, or in one if {@code pg_hello(text)} cannot be
   * called.
   */
  Result check() {
    try {
      List<CallProblem> problems = client.preflight().problems();
      Optional<CallProblem> obstacle =
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
        details.put("problems", problems.stream().map(CallProblem::toString).toList());
      }
      return new Result(true, details);
    } catch (FunctionCallException e) {
      return down(e.problem());
    }
  }

  private static Result down(CallProblem problem) {
    var details = new LinkedHashMap<String, Object>();
    details.put("code", problem.code().name());
    details.put("cause", problem.message());
    details.put("remedy", problem.remedy());
    return new Result(false, details);
  }
}
