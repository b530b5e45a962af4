// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

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
    String remedy = problem.remedy();
    return new PgHelloProblem(
        problem.code(),
        problem.message(),
        switch (problem.code()) {
          case NOT_CREATED -> schema == null ? remedy : creating(remedy, schema);
          case NOT_ON_PATH -> finding(problem, schema);
          default -> remedy;
        },
        problem.functions());
  }

  private static String creating(String remedy, String schema) {
    String quoted = '"' + schema.replace("\"", "\"\"") + '"';
    return remedy.replace(
        "CREATE EXTENSION pg_hello;",
        "CREATE SCHEMA IF NOT EXISTS "
            + quoted
            + "; CREATE EXTENSION pg_hello SCHEMA "
            + quoted
            + ";");
  }

  private static String finding(PgHelloProblem problem, @Nullable String schema) {
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
