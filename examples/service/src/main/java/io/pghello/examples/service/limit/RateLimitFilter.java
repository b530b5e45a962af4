// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.pghello.examples.service.limit.RateLimiter.Decision;
import io.pghello.examples.service.limit.RateLimiter.Outcome;
import io.pghello.examples.web.OutageLog;
import io.pghello.examples.web.ProblemWriter;
import io.pghello.examples.web.Problems;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.PathContainer;
import org.springframework.security.web.util.matcher.IpAddressMatcher;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.ServletRequestPathUtils;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

/**
 * Applies the rate limits to a client's requests. This filter counts each request once. A request
 * for many greetings counts as several requests; {@link GreetingsLimit} counts the additional ones.
 */
final class RateLimitFilter extends OncePerRequestFilter {
  /** The request attribute with the client's name, set for requests that count. */
  static final String CLIENT = RateLimitFilter.class.getName() + ".client";

  private final RateLimiter limiter;
  private final RateLimitAnswer answer;
  private final ProblemWriter writer;
  private final OutageLog outages;
  private final List<PathPattern> paths;
  private final List<PathPattern> slowPaths;
  private final List<IpAddressMatcher> unlimited;

  RateLimitFilter(
      RateLimitProperties properties,
      RateLimiter limiter,
      RateLimitAnswer answer,
      ProblemWriter writer,
      OutageLog outages) {
    this.limiter = limiter;
    this.answer = answer;
    this.writer = writer;
    this.outages = outages;
    this.paths = parse(properties.paths());
    this.slowPaths = parse(properties.slowPaths());
    this.unlimited = properties.unlimited().stream().map(IpAddressMatcher::new).toList();
  }

  private static List<PathPattern> parse(List<String> paths) {
    return paths.stream().map(PathPatternParser.defaultInstance::parse).toList();
  }

  @Override
  protected boolean shouldNotFilter(HttpServletRequest request) {
    return HttpMethod.DELETE.matches(request.getMethod())
        || !matches(paths, request)
        || unlimited.stream().anyMatch(each -> each.matches(request.getRemoteAddr()));
  }

  // match paths in the same way as Spring MVC; otherwise, another spelling of a path would bypass
  // the limit
  private static boolean matches(List<PathPattern> patterns, HttpServletRequest request) {
    PathContainer path = ServletRequestPathUtils.parse(request).pathWithinApplication();
    return patterns.stream().anyMatch(pattern -> pattern.matches(path));
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String client = ClientAddress.of(request.getRemoteAddr());
    Decision decision;
    try {
      decision =
          matches(slowPaths, request)
              ? limiter.tryConsumeWithDelay(client)
              : limiter.tryConsume(client, 1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      unavailable(response);
      return;
    } catch (RuntimeException e) {
      outages.failed(GreetingsLimit.NOT_COUNTED, e.toString());
      unavailable(response);
      return;
    }
    answer.writeHeaders(response, decision);
    if (decision.outcome() == Outcome.ALLOWED) {
      request.setAttribute(CLIENT, client);
      chain.doFilter(request, response);
    } else {
      writer.write(response, answer.problem(decision.outcome()));
    }
  }

  private void unavailable(HttpServletResponse response) throws IOException {
    response.setHeader(HttpHeaders.RETRY_AFTER, Problems.RETRY_SECONDS);
    writer.write(response, Problems.databaseUnavailable());
  }
}
