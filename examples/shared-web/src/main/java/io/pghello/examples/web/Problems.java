// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import java.net.URI;
import java.util.Comparator;
import java.util.List;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;

/**
 * Problem details, each with a machine-readable {@code code}. They never contain messages from the
 * driver or the server. Such messages are logged for the operators.
 */
public final class Problems {
  /** Seconds after which to retry if the database is unavailable. */
  public static final String RETRY_SECONDS = "5";

  private static final URI ABOUT_BLANK = URI.create("about:blank");

  private Problems() {}

  /**
   * An invalid input.
   *
   * @param field the field, for example {@code names[3]}
   * @param message the error message, for example {@code must be greater than or equal to 1}
   */
  public record InputError(String field, String message) {}

  /**
   * Creates a problem.
   *
   * @param code the machine-readable code, for example {@code NOT_FOUND}
   * @param detail the human-readable description
   */
  public static ProblemDetail of(HttpStatus status, String code, String detail) {
    ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, detail);
    problem.setProperty("code", code);
    return complete(problem);
  }

  /** Adds the type and the code to a problem, and removes the path. */
  static ProblemDetail complete(ProblemDetail problem) {
    problem.setType(ABOUT_BLANK);
    problem.setInstance(null);
    if (problem.getProperties() == null || !problem.getProperties().containsKey("code")) {
      HttpStatus status = HttpStatus.resolve(problem.getStatus());
      problem.setProperty(
          "code", (status == null ? HttpStatus.INTERNAL_SERVER_ERROR : status).name());
    }
    return problem;
  }

  /** Returns the problem for invalid input. */
  public static ProblemDetail invalidInput(List<InputError> errors) {
    ProblemDetail problem =
        of(HttpStatus.BAD_REQUEST, "INVALID_INPUT", "The request has values that are not allowed.");
    // the order of validation errors is undefined
    problem.setProperty(
        "errors",
        errors.stream()
            .sorted(Comparator.comparing(InputError::field).thenComparing(InputError::message))
            .toList());
    return problem;
  }

  /** Returns a response with the problem. Temporary problems include a Retry-After header. */
  public static ResponseEntity<ProblemDetail> response(ProblemDetail problem) {
    ResponseEntity.BodyBuilder builder = ResponseEntity.status(problem.getStatus());
    if (problem.getStatus() == HttpStatus.SERVICE_UNAVAILABLE.value()) {
      builder.header(HttpHeaders.RETRY_AFTER, RETRY_SECONDS);
    }
    return builder.body(problem);
  }

  /** Returns the problem to report if the database rejects a statement or is unavailable. */
  public static ProblemDetail databaseUnavailable() {
    return of(
        HttpStatus.SERVICE_UNAVAILABLE, "DATABASE_UNAVAILABLE", "The database is not available.");
  }
}
