// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import tools.jackson.databind.json.JsonMapper;

/** Reads no body that is larger than a user can be, or does not say how large it is. */
@Component
class BodyLimitFilter extends OncePerRequestFilter {
  private static final long MAX_BYTES = 16 * 1024;

  private final JsonMapper mapper;

  BodyLimitFilter(JsonMapper mapper) {
    this.mapper = mapper;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    if (request.getContentLengthLong() > MAX_BYTES) {
      refuse(
          response,
          HttpStatus.CONTENT_TOO_LARGE,
          "BODY_TOO_LARGE",
          "The body of the request is too large.");
    } else if (request.getContentLengthLong() < 0
        && request.getHeader(HttpHeaders.TRANSFER_ENCODING) != null) {
      refuse(
          response,
          HttpStatus.LENGTH_REQUIRED,
          "LENGTH_REQUIRED",
          "The request does not say how large its body is.");
    } else {
      chain.doFilter(request, response);
    }
  }

  private void refuse(HttpServletResponse response, HttpStatus status, String code, String detail)
      throws IOException {
    Problems.write(response, mapper, Problems.of(status, code, detail));
  }
}
