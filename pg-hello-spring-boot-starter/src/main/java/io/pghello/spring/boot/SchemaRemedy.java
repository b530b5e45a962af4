// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloProblem;
import org.jspecify.annotations.Nullable;

/** Remedies of problems that {@code pg-hello.schema} concerns, in words of the properties. */
final class SchemaRemedy {
  private SchemaRemedy() {}

  /**
   * Returns a problem with a remedy that names {@code pg-hello.schema} where that is concerned.
   *
   * @param schema what {@code pg-hello.schema} says; null if nothing
   */
  static PgHelloProblem in(PgHelloProblem problem, @Nullable String schema) {
    return problem.code() == Code.NOT_ON_PATH
        ? new PgHelloProblem(
            problem.code(), problem.message(), remedy(problem, schema), problem.functions())
        : problem;
  }

  private static String remedy(PgHelloProblem problem, @Nullable String schema) {
    // only the client is kept from calling functions
    if (!problem.functions().isEmpty()) {
      return schema == null
          ? problem.remedy()
          : "Set pg-hello.schema to that schema, or remove it: the client finds the extension by"
              + " itself.";
    }
    return schema == null
        ? problem.remedy() + " For Hibernate and jOOQ, set pg-hello.schema to that schema."
        : problem.remedy();
  }
}
