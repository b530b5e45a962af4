// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException.Code;
import org.jspecify.annotations.Nullable;

/** Adapts the remedies of schema problems to the property {@code pg-hello.schema}. */
final class SchemaRemedy {
  private SchemaRemedy() {}

  /**
   * Returns the problem, with a remedy that mentions {@code pg-hello.schema} if that property is
   * relevant.
   *
   * @param schema the value of {@code pg-hello.schema}; null if it is not set
   */
  static CallProblem in(CallProblem problem, @Nullable String schema) {
    if (problem.code() == Code.NOT_ON_SEARCH_PATH && schema == null) {
      return withRemedy(
          problem,
          problem.remedy() + " For Hibernate and jOOQ, set pg-hello.schema to that schema.");
    }
    // only problems that the client has found contain the affected functions
    if (problem.code() == Code.WRONG_SCHEMA && schema != null && !problem.functions().isEmpty()) {
      return withRemedy(
          problem,
          "Set pg-hello.schema to that schema, or remove the property: the client finds the"
              + " extension without it.");
    }
    return problem;
  }

  private static CallProblem withRemedy(CallProblem problem, String remedy) {
    return new CallProblem(problem.code(), problem.message(), remedy, problem.functions());
  }
}
