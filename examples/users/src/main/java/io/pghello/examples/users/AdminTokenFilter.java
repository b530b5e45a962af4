// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.PathContainer;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.ServletRequestPathUtils;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;
import tools.jackson.databind.json.JsonMapper;

/**
 * Lets administrators alone read who the users are: those who send {@code users.admin-token} as
 * {@code Authorization: Bearer}, and nobody without one. All may sign up, and be greeted. Answers
 * have headers that let browsers make nothing else of them.
 */
@Component
class AdminTokenFilter extends OncePerRequestFilter {
  private static final int MIN_LENGTH = 16;
  private static final String SCHEME = "Bearer ";
  private static final PathPattern USERS = PathPatternParser.defaultInstance.parse("/users");
  private static final PathPattern USER = PathPatternParser.defaultInstance.parse("/users/{id}");

  private final String adminToken;
  private final JsonMapper mapper;

  AdminTokenFilter(@Value("${users.admin-token:}") String adminToken, JsonMapper mapper) {
    this.adminToken = adminToken.strip();
    this.mapper = mapper;
    if (!this.adminToken.isEmpty() && this.adminToken.length() < MIN_LENGTH) {
      throw new IllegalArgumentException(
          "users.admin-token must have "
              + MIN_LENGTH
              + " characters or more, or else it is guessed");
    }
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    response.setHeader("Referrer-Policy", "no-referrer");
    response.setHeader(HttpHeaders.CACHE_CONTROL, "no-store");
    if (!readsUsers(request) || isAdministrator(request.getHeader(HttpHeaders.AUTHORIZATION))) {
      chain.doFilter(request, response);
    } else if (adminToken.isEmpty()) {
      Problems.write(
          response,
          mapper,
          Problems.of(
              HttpStatus.FORBIDDEN,
              "ADMIN_DISABLED",
              "This service was started without an administrator's token (users.admin-token)."));
    } else {
      response.setHeader(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
      Problems.write(
          response,
          mapper,
          Problems.of(
              HttpStatus.UNAUTHORIZED,
              "UNAUTHORIZED",
              "This needs the administrator's token, as Authorization: Bearer."));
    }
  }

  // as Spring MVC finds the controller; all methods but that by which users sign up
  private static boolean readsUsers(HttpServletRequest request) {
    PathContainer path = ServletRequestPathUtils.parse(request).pathWithinApplication();
    return USER.matches(path)
        || (USERS.matches(path) && !HttpMethod.POST.matches(request.getMethod()));
  }

  private boolean isAdministrator(@Nullable String header) {
    return !adminToken.isEmpty()
        && header != null
        && header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
        && MessageDigest.isEqual(
            adminToken.getBytes(StandardCharsets.UTF_8),
            header.substring(SCHEME.length()).strip().getBytes(StandardCharsets.UTF_8));
  }
}
