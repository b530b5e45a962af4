// SPDX-License-Identifier: MIT
package io.pghello.examples.service.security;

import io.pghello.examples.web.AdminToken;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Authenticates requests with the administrator's token. Requests with another token remain
 * anonymous.
 */
final class AdminTokenFilter extends OncePerRequestFilter {
  private final AdminToken token;

  AdminTokenFilter(AdminToken token) {
    this.token = token;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    if (token.isSentBy(request)) {
      SecurityContext context = SecurityContextHolder.createEmptyContext();
      context.setAuthentication(
          UsernamePasswordAuthenticationToken.authenticated(
              "admin", null, AuthorityUtils.createAuthorityList("ROLE_ADMIN")));
      SecurityContextHolder.setContext(context);
    }
    chain.doFilter(request, response);
  }
}
