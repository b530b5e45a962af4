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
 * Refuses paths with parameters, as in {@code /users;a=b}: nobody reads them, and whoever compares
 * paths, as a gateway does, may take such a path for another one. A semicolon that is encoded is a
 * part of a name.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 200) // after limits, as what is refused counts as well
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
