// SPDX-License-Identifier: MIT
package io.pghello.examples.service.problem;

import io.pghello.PgHelloException;
import java.net.URI;
import java.util.Comparator;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;

/**
 * Problem details, each with a {@code code} for programs. They never have in them what the driver
 * or the server said: that is in the log, for those who run the service.
 */
public final class Problems {
  /** How many seconds a caller should wait while the database cannot be used. */
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

  /** Returns what a caller is told when the client fails. */
  public static ProblemDetail of(PgHelloException e) {
    return of(statusOf(e), e.code().name(), detailOf(e));
  }

  private static HttpStatus statusOf(PgHelloException e) {
    return switch (e.code()) {
      case INVALID_NAME, INVALID_REPEAT -> HttpStatus.BAD_REQUEST;
      case ANSWER_MISMATCH, RESULT_TOO_LARGE, SERVER_ERROR -> HttpStatus.INTERNAL_SERVER_ERROR;
      default -> HttpStatus.SERVICE_UNAVAILABLE;
    };
  }

  private static String detailOf(PgHelloException e) {
    return switch (e.code()) {
      case INVALID_NAME -> "The database cannot hold a name.";
      case INVALID_REPEAT -> "The count must be between 1 and 10.";
      case ANSWER_MISMATCH, RESULT_TOO_LARGE, SERVER_ERROR -> "The database reported an error.";
      case FILES_MISSING,
          NOT_CREATED,
          NOT_ON_PATH,
          TOO_OLD,
          FOREIGN_BUILD,
          NO_SCHEMA_PRIVILEGE,
          NO_EXECUTE_PRIVILEGE ->
          "The extension pg_hello is not available.";
      case OVERLOADED, TIMEOUT, CANCELLED_BY_SERVER -> "The service is busy.";
      default -> "The database is not available.";
    };
  }

  /** Returns what a caller is told when the database refuses or is not there. */
  public static ProblemDetail databaseUnavailable() {
    return of(
        HttpStatus.SERVICE_UNAVAILABLE, "DATABASE_UNAVAILABLE", "The database is not available.");
  }
}
