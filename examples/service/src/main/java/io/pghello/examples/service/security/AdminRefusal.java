// SPDX-License-Identifier: MIT
package io.pghello.examples.service.security;

import io.pghello.examples.service.problem.ProblemWriter;
import io.pghello.examples.service.problem.Problems;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.web.AuthenticationEntryPoint;
import org.springframework.stereotype.Component;

/** What somebody is told who is no administrator. */
@Component
public class AdminRefusal implements AuthenticationEntryPoint {
  private final AdminProperties properties;
  private final ProblemWriter writer;

  AdminRefusal(AdminProperties properties, ProblemWriter writer) {
    this.properties = properties;
    this.writer = writer;
  }

  /** Returns 401, or 403 where no token would do. */
  public ProblemDetail problem() {
    return properties.isConfigured()
        ? Problems.of(
            HttpStatus.UNAUTHORIZED,
            "UNAUTHORIZED",
            "This needs the administrator's token, as Authorization: Bearer.")
        : Problems.of(
            HttpStatus.FORBIDDEN,
            "ADMIN_DISABLED",
            "This service was started without an administrator's token (greeting.admin-token).");
  }

  /** Answers that no token is looked at for some time. */
  void tooManyAttempts(HttpServletResponse response, Duration wait) throws IOException {
    response.setHeader(HttpHeaders.RETRY_AFTER, Long.toString(wait.plusMillis(999).toSeconds()));
    writer.write(
        response,
        Problems.of(
            HttpStatus.TOO_MANY_REQUESTS,
            "TOO_MANY_ATTEMPTS",
            "The client has sent too many wrong tokens."));
  }

  @Override
  public void commence(
      HttpServletRequest request, HttpServletResponse response, AuthenticationException e)
      throws IOException {
    if (properties.isConfigured()) {
      response.setHeader(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
    }
    writer.write(response, problem());
  }
}
