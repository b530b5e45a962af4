// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;

/**
 * Responds with a problem in cases that nothing else handles: if Tomcat rejects a request before
 * the application sees it, or if the application sets only a status.
 */
public final class ProblemValve extends ErrorReportValve {
  @Override
  protected void report(Request request, Response response, @Nullable Throwable throwable) {
    HttpStatus status = HttpStatus.resolve(response.getStatus());
    if (status == null || !status.isError() || response.getContentWritten() > 0) {
      return;
    }
    if (response.isError() && !response.setErrorReported()) {
      return;
    }
    // the text contains only constants, so nothing needs escaping
    String problem =
        String.format(
            Locale.ROOT,
            "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\",\"code\":\"%s\"}",
            status.getReasonPhrase(),
            status.value(),
            status.is4xxClientError() ? "The request is not allowed." : "The service has a bug.",
            status.name());
    try {
      response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
      response.getOutputStream().write(problem.getBytes(StandardCharsets.UTF_8));
      response.finishResponse();
    } catch (IOException e) {
      // the client has disconnected
      getContainer().getLogger().debug("The problem was not sent", e);
    }
  }
}
