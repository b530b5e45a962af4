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
 * Problem details, each with a {@code code} for programs. They never have in them what the driver
 * or the server said: that is in the log, for those who run the service.
 */
public final class Problems {
  /** The seconds that a caller should wait while the database cannot be used. */
  public static final String RETRY_SECONDS = "5";

  private static final URI ABOUT_BLANK = URI.create("about:blank");

  private Problems() {}

  /**
   * One of the inputs that are wrong.
   *
   * @param field as in {@code names[3]}
   * @param message as in {@code must be greater than or equal to 1}
   */
  public record InputError(String field, String message) {}

  /**
   * Returns a problem.
   *
   * @param code for programs, as in {@code NOT_FOUND}
   * @param detail for people
   */
  public static ProblemDetail of(HttpStatus status, String code, String detail) {
    ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, detail);
    problem.setProperty("code", code);
    return complete(problem);
  }

  /** Gives a problem the shape of all: with a type and a code, and without the path again. */
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

  /** Returns what a caller is told whose input is wrong. */
  public static ProblemDetail invalidInput(List<InputError> errors) {
    ProblemDetail problem =
        of(HttpStatus.BAD_REQUEST, "INVALID_INPUT", "The request has values that are not allowed.");
    // validators find them in any order
    problem.setProperty(
        "errors",
        errors.stream()
            .sorted(Comparator.comparing(InputError::field).thenComparing(InputError::message))
            .toList());
    return problem;
  }

  /** Returns an answer with the problem; one that may pass says when to come again. */
  public static ResponseEntity<ProblemDetail> response(ProblemDetail problem) {
    ResponseEntity.BodyBuilder builder = ResponseEntity.status(problem.getStatus());
    if (problem.getStatus() == HttpStatus.SERVICE_UNAVAILABLE.value()) {
      builder.header(HttpHeaders.RETRY_AFTER, RETRY_SECONDS);
    }
    return builder.body(problem);
  }

  /** Returns what a caller is told when the database refuses or is not there. */
  public static ProblemDetail databaseUnavailable() {
    return of(
        HttpStatus.SERVICE_UNAVAILABLE, "DATABASE_UNAVAILABLE", "The database is not available.");
  }
}
