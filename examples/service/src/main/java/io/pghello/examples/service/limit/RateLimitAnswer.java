// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.pghello.examples.service.limit.RateLimiter.Decision;
import io.pghello.examples.service.limit.RateLimiter.Outcome;
import io.pghello.examples.web.Problems;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;

/**
 * Writes rate limits to responses. The headers follow draft-ietf-httpapi-ratelimit-headers-06, like
 * the headers of the library that the integration guide uses. A rejected request gets a problem
 * detail with the reason.
 */
final class RateLimitAnswer {
  private final RateLimitProperties properties;

  RateLimitAnswer(RateLimitProperties properties) {
    this.properties = properties;
  }

  void writeHeaders(HttpServletResponse response, Decision decision) {
    int requests = properties.requests();
    response.setHeader("RateLimit-Policy", requests + ";w=" + properties.window().toSeconds());
    response.setHeader("RateLimit-Limit", Integer.toString(requests));
    response.setHeader("RateLimit-Remaining", Long.toString(decision.remaining()));
    response.setHeader("RateLimit-Reset", wholeSeconds(decision.reset()));
    if (!decision.retryAfter().isZero()) {
      response.setHeader(HttpHeaders.RETRY_AFTER, wholeSeconds(decision.retryAfter()));
    }
  }

  ProblemDetail problem(Outcome outcome) {
    return outcome == Outcome.LIMIT_REACHED
        ? Problems.of(
            HttpStatus.TOO_MANY_REQUESTS,
            "RATE_LIMITED",
            "%d requests in %d seconds are allowed; %d greetings in a request count as one request."
                .formatted(
                    properties.requests(),
                    properties.window().toSeconds(),
                    properties.greetingsPerRequest()))
        : Problems.of(
            HttpStatus.TOO_MANY_REQUESTS,
            "TOO_MANY_WAITING",
            "Requests after the first %d have to wait, and too many are already waiting."
                .formatted(properties.slowAfter()));
  }

  static String wholeSeconds(Duration duration) {
    return Long.toString(duration.plusMillis(999).toSeconds());
  }
}
