// SPDX-License-Identifier: MIT
package io.pghello.examples.service.problem;

import io.pghello.examples.web.OutageLog;
import io.pghello.examples.web.Problems;
import io.pghello.extension.batching.FunctionCallException;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Converts errors of {@code PgHelloClient} to problem details with their codes. */
@RestControllerAdvice
@Order(0) // otherwise, these errors would be reported as unknown errors
public final class ClientProblems {
  private final OutageLog outages;

  ClientProblems(OutageLog outages) {
    this.outages = outages;
  }

  @ExceptionHandler
  ResponseEntity<ProblemDetail> clientFailed(FunctionCallException e) {
    ProblemDetail problem = of(e);
    if (problem.getStatus() >= HttpStatus.INTERNAL_SERVER_ERROR.value()) {
      outages.failed(e.code().name(), e.getMessage());
    }
    return Problems.response(problem);
  }

  /** Rethrows the exception, so that Spring Security's filter handles it. */
  @SuppressWarnings("DoNotCallSuggester") // Spring calls this method
  @ExceptionHandler
  void refused(AccessDeniedException e) {
    throw e;
  }

  /** Returns the problem to report if a call of {@code PgHelloClient} fails. */
  public static ProblemDetail of(FunctionCallException e) {
    return Problems.of(statusOf(e), e.code().name(), detailOf(e));
  }

  private static HttpStatus statusOf(FunctionCallException e) {
    return switch (e.code()) {
      case INVALID_ARGUMENT -> HttpStatus.BAD_REQUEST;
      case RESPONSE_MISMATCH, RESULT_TOO_LARGE, SERVER_ERROR -> HttpStatus.INTERNAL_SERVER_ERROR;
      default -> HttpStatus.SERVICE_UNAVAILABLE;
    };
  }

  private static String detailOf(FunctionCallException e) {
    return switch (e.code()) {
      case INVALID_ARGUMENT -> "The database cannot store a name, or the count is not 1 to 10.";
      case RESPONSE_MISMATCH, RESULT_TOO_LARGE, SERVER_ERROR -> "The database reported an error.";
      case FILES_MISSING,
          NOT_CREATED,
          NOT_ON_SEARCH_PATH,
          WRONG_SCHEMA,
          VERSION_TOO_OLD,
          INCOMPATIBLE_BUILD,
          NO_SCHEMA_PRIVILEGE,
          NO_EXECUTE_PRIVILEGE ->
          "The extension pg_hello is not available.";
      case OVERLOADED, TIMEOUT, CANCELLED_BY_SERVER -> "The service is busy.";
      default -> "The database is not available.";
    };
  }
}
