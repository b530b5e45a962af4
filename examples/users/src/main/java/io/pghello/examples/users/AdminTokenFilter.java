// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import io.pghello.examples.web.AdminToken;
import io.pghello.examples.web.ProblemWriter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.PathContainer;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.ServletRequestPathUtils;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

/**
 * Allows only administrators to read the list of users. Their requests contain the value of {@code
 * users.admin-token} in the header {@code Authorization: Bearer}. Everyone may sign up and be
 * greeted.
 */
@Component
class AdminTokenFilter extends OncePerRequestFilter {
  private static final PathPattern USERS = PathPatternParser.defaultInstance.parse("/users");
  private static final PathPattern USER = PathPatternParser.defaultInstance.parse("/users/{id}");

  private final AdminToken token;
  private final ProblemWriter writer;

  AdminTokenFilter(@Value("${users.admin-token:}") String token, ProblemWriter writer) {
    this.token = new AdminToken("users.admin-token", token);
    this.writer = writer;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    if (!readsUsers(request) || token.isSentBy(request)) {
      chain.doFilter(request, response);
    } else {
      token.reject(response, writer);
    }
  }

  // matches paths in the same way as Spring MVC, with any HTTP method; POST /users does not match,
  // because it signs up users
  private static boolean readsUsers(HttpServletRequest request) {
    PathContainer path = ServletRequestPathUtils.parse(request).pathWithinApplication();
    return USER.matches(path)
        || (USERS.matches(path) && !HttpMethod.POST.matches(request.getMethod()));
  }
}
