// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Answers with a problem where no controller does, that is, in filters. Thread-safe. */
@Component
public class ProblemWriter {
  private final JsonMapper mapper;

  /** Writes with the mapper that the controllers have. */
  public ProblemWriter(JsonMapper mapper) {
    this.mapper = mapper;
  }

  /** Answers with the problem, its status, and the headers that the response has. */
  public void write(HttpServletResponse response, ProblemDetail problem) throws IOException {
    response.setStatus(problem.getStatus());
    response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
    response.getOutputStream().write(mapper.writeValueAsBytes(problem));
  }
}
