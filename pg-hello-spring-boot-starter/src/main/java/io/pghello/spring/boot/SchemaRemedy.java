// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloProblem;
import org.jspecify.annotations.Nullable;

/** Adapts remedies of problems with {@code pg-hello.schema} to the property. */
final class SchemaRemedy {
  private SchemaRemedy() {}

  /**
   * Returns the problem, with a remedy that mentions {@code pg-hello.schema} if it is relevant.
   *
   * @param schema the value of {@code pg-hello.schema}; null if it is not set
   */
  static PgHelloProblem in(PgHelloProblem problem, @Nullable String schema) {
    return problem.code() == Code.NOT_ON_PATH
        ? new PgHelloProblem(
            problem.code(), problem.message(), remedy(problem, schema), problem.functions())
        : problem;
  }

  private static String remedy(PgHelloProblem problem, @Nullable String schema) {
    // the problem has affected functions only if it was found by the client
    if (!problem.functions().isEmpty()) {
      return schema == null
          ? problem.remedy()
          : "Set pg-hello.schema to that schema, or remove the property: the client finds the"
              + " extension without it.";
    }
    return schema == null
        ? problem.remedy() + " For Hibernate and jOOQ, set pg-hello.schema to that schema."
        : problem.remedy();
  }
}
