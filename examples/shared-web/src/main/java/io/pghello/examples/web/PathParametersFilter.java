// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Rejects paths with parameters, for example {@code /users;a=b}. The application ignores path
 * parameters, but a gateway that compares paths could treat such a path as a different path. An
 * encoded semicolon is accepted as part of a name.
 */
@Component
@Order(
    Ordered.HIGHEST_PRECEDENCE
        + 200) // this filter runs after the rate limits, because rejected requests count too
class PathParametersFilter extends OncePerRequestFilter {
  private final ProblemWriter writer;

  PathParametersFilter(ProblemWriter writer) {
    this.writer = writer;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    if (request.getRequestURI().indexOf(';') < 0) {
      chain.doFilter(request, response);
    } else {
      writer.write(
          response,
          Problems.of(HttpStatus.BAD_REQUEST, "INVALID_REQUEST", "The request is not allowed."));
    }
  }
}
