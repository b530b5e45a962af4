// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Writes problems outside controllers, for example in filters. Thread-safe. */
@Component
public class ProblemWriter {
  private final JsonMapper mapper;

  /** Creates a writer with the controllers' mapper. */
  public ProblemWriter(JsonMapper mapper) {
    this.mapper = mapper;
  }

  /** Writes the problem and its status. Keeps the headers of the response. */
  public void write(HttpServletResponse response, ProblemDetail problem) throws IOException {
    response.setStatus(problem.getStatus());
    response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
    response.getOutputStream().write(mapper.writeValueAsBytes(problem));
  }
}
