// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.webmvc.error.ErrorController;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestMapping;

/**
 * Answers with a problem when something goes wrong outside of the controllers, whatever the caller
 * accepts.
 */
@Controller
class ProblemErrorController implements ErrorController {
  private final ProblemWriter writer;

  ProblemErrorController(ProblemWriter writer) {
    this.writer = writer;
  }

  @RequestMapping("${server.error.path:/error}")
  void error(
      @RequestAttribute(name = RequestDispatcher.ERROR_STATUS_CODE, required = false)
          @Nullable Integer code,
      HttpServletResponse response)
      throws IOException {
    // asked for by this path, it is nothing
    HttpStatus status = code == null ? HttpStatus.NOT_FOUND : HttpStatus.resolve(code);
    if (status == null) {
      status = HttpStatus.INTERNAL_SERVER_ERROR;
    }
    writer.write(response, Problems.of(status, status.name(), "The request cannot be answered."));
  }
}
