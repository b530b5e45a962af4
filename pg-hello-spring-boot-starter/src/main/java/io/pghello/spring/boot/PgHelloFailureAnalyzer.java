// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static java.util.stream.Collectors.joining;

import io.pghello.extension.ExtensionException;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.spring.boot.PreflightCheck.PreflightFailedException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;

/** When startup fails, reports the problem with the extension and the SQL that fixes it. */
final class PgHelloFailureAnalyzer implements FailureAnalyzer {
  private final @Nullable Environment environment;

  PgHelloFailureAnalyzer(@Nullable Environment environment) {
    this.environment = environment;
  }

  @Override
  public @Nullable FailureAnalysis analyze(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof PreflightFailedException failed) {
        return analysis(failed.problems(), cause);
      }
      if (cause instanceof ExtensionException error) {
        ExtensionProblem problem = error.problem();
        return new FailureAnalysis(
            problem.message() + " [" + problem.kind() + "]", problem.remedy(), cause);
      }
      if (cause instanceof FunctionCallException error) {
        return isInstallationProblem(error)
            ? analysis(List.of(SchemaRemedy.in(error.problem(), schema())), cause)
            : null;
      }
    }
    return null;
  }

  /**
   * Returns whether the error can be fixed by configuration or SQL, so that no stack trace is
   * needed.
   */
  private static boolean isInstallationProblem(FunctionCallException error) {
    return switch (error.code()) {
      case FILES_MISSING,
          NOT_CREATED,
          NOT_ON_SEARCH_PATH,
          WRONG_SCHEMA,
          VERSION_TOO_OLD,
          INCOMPATIBLE_BUILD,
          NO_SCHEMA_PRIVILEGE,
          NO_EXECUTE_PRIVILEGE,
          LOGIN_FAILED,
          CONNECTION_UNAVAILABLE ->
          true;
      default -> false;
    };
  }

  private @Nullable String schema() {
    String schema = environment == null ? null : environment.getProperty("pg-hello.schema");
    return StringUtils.hasText(schema) ? schema : null;
  }

  private static FailureAnalysis analysis(List<CallProblem> problems, Throwable cause) {
    return new FailureAnalysis(
        problems.stream()
            .map(problem -> problem.message() + " [" + problem.code() + "]")
            .collect(joining("\n")),
        problems.stream().map(CallProblem::remedy).collect(joining("\n")),
        cause);
  }
}
