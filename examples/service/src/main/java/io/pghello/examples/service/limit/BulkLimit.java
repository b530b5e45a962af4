// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.pghello.examples.service.limit.GreetingsLimit.RefusedException;
import io.pghello.examples.service.limit.RateLimiter.Decision;
import io.pghello.examples.service.rest.BulkRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.lang.reflect.Type;
import java.util.List;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.core.MethodParameter;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpInputMessage;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.servlet.mvc.method.annotation.RequestBodyAdviceAdapter;

/** Counts the names in a request's body before they are validated. */
@RestControllerAdvice
@ConditionalOnProperty(name = "greeting.rate-limit.enabled", matchIfMissing = true)
@Order(Ordered.HIGHEST_PRECEDENCE) // otherwise, its exception would be reported as an unknown error
class BulkLimit extends RequestBodyAdviceAdapter {
  private final GreetingsLimit limit;
  private final RateLimitAnswer answer;
  private final HttpServletRequest request;
  private final HttpServletResponse response;

  /** Creates the advice, which uses the request and the response of the current thread. */
  BulkLimit(
      GreetingsLimit limit,
      RateLimitAnswer answer,
      HttpServletRequest request,
      HttpServletResponse response) {
    this.limit = limit;
    this.answer = answer;
    this.request = request;
    this.response = response;
  }

  @Override
  public boolean supports(
      MethodParameter parameter,
      Type type,
      Class<? extends HttpMessageConverter<?>> converterType) {
    return parameter.getParameterType() == BulkRequest.class;
  }

  @Override
  public Object afterBodyRead(
      Object body,
      HttpInputMessage message,
      MethodParameter parameter,
      Type type,
      Class<? extends HttpMessageConverter<?>> converterType) {
    List<String> names = ((BulkRequest) body).names();
    Decision decision =
        limit.tryConsume(
            request.getAttribute(RateLimitFilter.CLIENT), names == null ? 0 : names.size());
    if (decision != null) {
      answer.writeHeaders(response, decision);
    }
    return body;
  }

  @ExceptionHandler
  ResponseEntity<ProblemDetail> refused(RefusedException e) {
    return ResponseEntity.status(e.problem().getStatus())
        .header(HttpHeaders.RETRY_AFTER, e.retryAfter())
        .body(e.problem());
  }
}
