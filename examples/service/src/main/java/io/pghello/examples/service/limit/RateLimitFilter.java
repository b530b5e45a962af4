// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.pghello.examples.service.limit.RateLimiter.Decision;
import io.pghello.examples.service.limit.RateLimiter.Outcome;
import io.pghello.examples.service.problem.ProblemWriter;
import io.pghello.examples.service.problem.Problems;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.http.server.PathContainer;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.ServletRequestPathUtils;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

/**
 * Keeps a client's requests within the limits, and tells it by the headers of
 * draft-ietf-httpapi-ratelimit-headers-06 what is left, as the guide's library does.
 */
final class RateLimitFilter extends OncePerRequestFilter {
  private static final Logger LOG = LoggerFactory.getLogger(RateLimitFilter.class);

  private final RateLimitProperties properties;
  private final RateLimiter limiter;
  private final ProblemWriter writer;
  private final List<PathPattern> patterns;

  RateLimitFilter(RateLimitProperties properties, RateLimiter limiter, ProblemWriter writer) {
    this.properties = properties;
    this.limiter = limiter;
    this.writer = writer;
    this.patterns =
        properties.paths().stream().map(PathPatternParser.defaultInstance::parse).toList();
  }

  // as Spring MVC finds the controller, or else another way to write a path would pass
  @Override
  protected boolean shouldNotFilter(HttpServletRequest request) {
    PathContainer path = ServletRequestPathUtils.parse(request).pathWithinApplication();
    return patterns.stream().noneMatch(pattern -> pattern.matches(path));
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    Decision decision;
    try {
      decision = limiter.take(ClientAddress.of(request.getRemoteAddr()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      unavailable(response, Problems.databaseUnavailable());
      return;
    } catch (RuntimeException e) {
      LOG.warn("Requests cannot be counted: {}", e.toString());
      unavailable(response, Problems.databaseUnavailable());
      return;
    }
    writeHeaders(response, decision);
    if (decision.outcome() == Outcome.ALLOWED) {
      chain.doFilter(request, response);
    } else {
      writer.write(response, problem(decision.outcome()));
    }
  }

  private void writeHeaders(HttpServletResponse response, Decision decision) {
    int requests = properties.requests();
    response.setHeader("RateLimit-Policy", requests + ";w=" + properties.window().toSeconds());
    response.setHeader("RateLimit-Limit", Integer.toString(requests));
    response.setHeader("RateLimit-Remaining", Long.toString(decision.remaining()));
    response.setHeader("RateLimit-Reset", wholeSeconds(decision.reset()));
    if (!decision.retryAfter().isZero()) {
      response.setHeader(HttpHeaders.RETRY_AFTER, wholeSeconds(decision.retryAfter()));
    }
  }

  private ProblemDetail problem(Outcome outcome) {
    return outcome == Outcome.LIMIT_REACHED
        ? Problems.of(
            HttpStatus.TOO_MANY_REQUESTS,
            "RATE_LIMITED",
            "%d requests in %d seconds are allowed."
                .formatted(properties.requests(), properties.window().toSeconds()))
        : Problems.of(
            HttpStatus.TOO_MANY_REQUESTS,
            "TOO_MANY_WAITING",
            "Requests after the first %d wait, and too many do.".formatted(properties.slowAfter()));
  }

  private void unavailable(HttpServletResponse response, ProblemDetail problem) throws IOException {
    response.setHeader(HttpHeaders.RETRY_AFTER, Problems.RETRY_SECONDS);
    writer.write(response, problem);
  }

  private static String wholeSeconds(Duration duration) {
    return Long.toString(duration.plusMillis(999).toSeconds());
  }
}
