// SPDX-License-Identifier: MIT
package io.pghello.examples.service.security;

import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.ConsumptionProbe;
import io.pghello.examples.service.limit.Buckets;
import io.pghello.examples.service.limit.ClientAddress;
import io.pghello.examples.service.limit.MemoryBuckets;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Makes an administrator of who sends the token. Whoever sends another one stays anonymous; after
 * some others, a client is refused for a while that sends one more. The right one is always taken:
 * others, who have the same address, could lock the administrator out.
 */
final class AdminTokenFilter extends OncePerRequestFilter {
  private static final String SCHEME = "Bearer ";
  private static final Duration WINDOW = Duration.ofMinutes(15);
  private static final int MAX_CLIENTS = 100_000;

  private final AdminProperties properties;
  private final AdminRefusal refusal;
  private final Buckets attempts;

  AdminTokenFilter(AdminProperties properties, AdminRefusal refusal) {
    this.properties = properties;
    this.refusal = refusal;
    Bandwidth limit =
        Bandwidth.builder()
            .capacity(properties.adminAttempts())
            .refillIntervally(properties.adminAttempts(), WINDOW)
            .build();
    this.attempts = new MemoryBuckets(limit, WINDOW, MAX_CLIENTS);
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String token = token(request.getHeader(HttpHeaders.AUTHORIZATION));
    if (token != null && properties.isConfigured()) {
      if (properties.matches(token)) {
        authenticate();
      } else {
        ConsumptionProbe attempt = attempts.take(ClientAddress.of(request.getRemoteAddr()), 1);
        if (!attempt.isConsumed()) {
          refusal.tooManyAttempts(response, Duration.ofNanos(attempt.getNanosToWaitForRefill()));
          return;
        }
      }
    }
    chain.doFilter(request, response);
  }

  private static void authenticate() {
    SecurityContext context = SecurityContextHolder.createEmptyContext();
    context.setAuthentication(
        UsernamePasswordAuthenticationToken.authenticated(
            "admin", null, AuthorityUtils.createAuthorityList("ROLE_ADMIN")));
    SecurityContextHolder.setContext(context);
  }

  private static @Nullable String token(@Nullable String header) {
    if (header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return null;
    }
    String token = header.substring(SCHEME.length()).strip();
    return token.isEmpty() ? null : token;
  }
}
