// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.pghello.examples.service.limit.RateLimiter.Decision;
import io.pghello.examples.service.limit.RateLimiter.Outcome;
import io.pghello.examples.web.OutageLog;
import io.pghello.examples.web.Problems;
import java.io.Serial;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ProblemDetail;

/**
 * Counts a request for many greetings as several requests. {@link RateLimitFilter} has already
 * counted one of these requests. Thread-safe.
 */
final class GreetingsLimit {
  /** Log code for requests that cannot be counted, for example because the database is down. */
  static final String NOT_COUNTED = "REQUESTS_NOT_COUNTED";

  private final RateLimitProperties properties;
  private final RateLimiter limiter;
  private final RateLimitAnswer answer;
  private final OutageLog outages;

  GreetingsLimit(
      RateLimitProperties properties,
      RateLimiter limiter,
      RateLimitAnswer answer,
      OutageLog outages) {
    this.properties = properties;
    this.limiter = limiter;
    this.answer = answer;
    this.outages = outages;
  }

  /** Thrown if the request exceeds the limit or cannot be counted. */
  static final class RefusedException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    private final transient ProblemDetail problem;
    private final String retryAfter;

    RefusedException(ProblemDetail problem, String retryAfter) {
      super(problem.getDetail());
      this.problem = problem;
      this.retryAfter = retryAfter;
    }

    /** Returns the seconds until a retry may be allowed. */
    String retryAfter() {
      return retryAfter;
    }

    ProblemDetail problem() {
      return problem;
    }
  }

  /**
   * A request for many greetings counts as several requests. Takes the additional requests from the
   * client's limit.
   *
   * @param client the attribute {@link RateLimitFilter#CLIENT} of the request; null if the request
   *     does not count
   * @return the decision, with the number of remaining requests; null if nothing was taken
   * @throws RefusedException if the request exceeds the limit or cannot be counted; in that case,
   *     nothing was taken
   */
  @Nullable Decision tryConsume(@Nullable Object client, int greetings) {
    int more = properties.requestsOf(greetings) - 1;
    if (client == null || more == 0) {
      return null;
    }
    Decision decision;
    try {
      decision = limiter.tryConsume(client.toString(), more);
    } catch (RuntimeException e) {
      outages.failed(NOT_COUNTED, e.toString());
      throw new RefusedException(Problems.databaseUnavailable(), Problems.RETRY_SECONDS);
    }
    if (decision.outcome() != Outcome.ALLOWED) {
      throw new RefusedException(
          answer.problem(decision.outcome()), RateLimitAnswer.wholeSeconds(decision.retryAfter()));
    }
    return decision;
  }
}
