// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import tools.jackson.databind.json.JsonMapper;

/** Problem details, in the shape that those of the greeting service have. */
final class Problems {
  private static final URI ABOUT_BLANK = URI.create("about:blank");

  private Problems() {}

  static ProblemDetail of(HttpStatus status, String code, String detail) {
    ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, detail);
    problem.setProperty("code", code);
    return complete(problem);
  }

  /** Gives a problem of Spring's a type and a code, and takes the path out of it. */
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

  /** Answers with a problem where no controller does. */
  static void write(HttpServletResponse response, JsonMapper mapper, ProblemDetail problem)
      throws IOException {
    response.setStatus(problem.getStatus());
    response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
    response.getOutputStream().write(mapper.writeValueAsBytes(problem));
  }
}
