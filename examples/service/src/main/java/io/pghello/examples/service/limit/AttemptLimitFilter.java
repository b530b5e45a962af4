// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.ConsumptionProbe;
import io.pghello.examples.web.AdminToken;
import io.pghello.examples.web.ProblemWriter;
import io.pghello.examples.web.Problems;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Rejects a client that sends another wrong token after {@code greeting.admin-attempts} wrong
 * tokens in 15 minutes. The correct token is always accepted. Otherwise, clients with the same
 * address could lock out the administrator.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 101) // this filter runs after the rate limits
class AttemptLimitFilter extends OncePerRequestFilter {
  private static final Duration WINDOW = Duration.ofMinutes(15);
  private static final int MAX_CLIENTS = 100_000;

  private final AdminToken token;
  private final ProblemWriter writer;
  private final Buckets attempts;

  AttemptLimitFilter(
      AdminToken token, ProblemWriter writer, @Value("${greeting.admin-attempts:10}") int allowed) {
    if (allowed < 1) {
      throw new IllegalArgumentException("greeting.admin-attempts must be 1 or more");
    }
    this.token = token;
    this.writer = writer;
    Bandwidth limit =
        Bandwidth.builder().capacity(allowed).refillIntervally(allowed, WINDOW).build();
    this.attempts = new MemoryBuckets(limit, WINDOW, MAX_CLIENTS);
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    if (token.isMistakenBy(request)) {
      ConsumptionProbe attempt = attempts.tryConsume(ClientAddress.of(request.getRemoteAddr()), 1);
      if (!attempt.isConsumed()) {
        Duration wait = Duration.ofNanos(attempt.getNanosToWaitForRefill());
        response.setHeader(HttpHeaders.RETRY_AFTER, RateLimitAnswer.wholeSeconds(wait));
        writer.write(
            response,
            Problems.of(
                HttpStatus.TOO_MANY_REQUESTS,
                "TOO_MANY_ATTEMPTS",
                "The client has sent too many wrong tokens."));
        return;
      }
    }
    chain.doFilter(request, response);
  }
}
