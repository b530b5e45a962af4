// SPDX-License-Identifier: MIT
package io.pghello.examples.service.problem;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.HttpStatus;
import org.springframework.security.web.firewall.RequestRejectedException;
import org.springframework.security.web.firewall.RequestRejectedHandler;
import org.springframework.stereotype.Component;

/** Answers with a problem when the firewall of Spring Security refuses a request. */
@Component
class RejectedRequestHandler implements RequestRejectedHandler {
  private final ProblemWriter writer;

  RejectedRequestHandler(ProblemWriter writer) {
    this.writer = writer;
  }

  @Override
  public void handle(
      HttpServletRequest request, HttpServletResponse response, RequestRejectedException e)
      throws IOException {
    writer.write(
        response,
        Problems.of(HttpStatus.BAD_REQUEST, "INVALID_REQUEST", "The request is not allowed."));
  }
}
