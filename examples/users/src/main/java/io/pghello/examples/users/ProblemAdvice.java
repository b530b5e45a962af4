// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import io.pghello.examples.shared.DecimalEditor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.hibernate.exception.ConstraintViolationException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.TypeMismatchException;
import org.springframework.context.MessageSourceResolvable;
import org.springframework.core.MethodParameter;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.http.server.ServerHttpRequest;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.transaction.TransactionException;
import org.springframework.validation.method.ParameterValidationResult;
import org.springframework.web.bind.MethodArgumentNotValidException;
import org.springframework.web.bind.WebDataBinder;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.InitBinder;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.method.annotation.HandlerMethodValidationException;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;
import org.springframework.web.servlet.mvc.method.annotation.ResponseBodyAdvice;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;

/**
 * Makes problem details of whatever goes wrong, with the codes of the greeting service. What the
 * driver or the server said is in the log alone.
 */
@RestControllerAdvice
class ProblemAdvice extends ResponseEntityExceptionHandler implements ResponseBodyAdvice<Object> {
  private static final Logger LOG = LoggerFactory.getLogger(ProblemAdvice.class);

  /** One of the inputs that are wrong. */
  record InputError(String field, String message) {}

  @InitBinder
  void readDecimals(WebDataBinder binder) {
    binder.registerCustomEditor(int.class, new DecimalEditor());
  }

  @ExceptionHandler
  ProblemDetail missing(NoSuchUserException e) {
    return Problems.of(HttpStatus.NOT_FOUND, "NOT_FOUND", "There is no such user.");
  }

  @ExceptionHandler
  ResponseEntity<ProblemDetail> refused(DataIntegrityViolationException e) {
    if (e.getCause() instanceof ConstraintViolationException violation
        && "users_username_key".equals(violation.getConstraintName())) {
      return ResponseEntity.status(HttpStatus.CONFLICT)
          .body(Problems.of(HttpStatus.CONFLICT, "USERNAME_TAKEN", "The username is taken."));
    }
    return failed(e);
  }

  @ExceptionHandler({DataAccessException.class, TransactionException.class})
  ResponseEntity<ProblemDetail> unavailable(RuntimeException e) {
    LOG.warn("The database failed: {}", e.getMessage());
    return ResponseEntity.status(HttpStatus.SERVICE_UNAVAILABLE)
        .header(HttpHeaders.RETRY_AFTER, "5")
        .body(
            Problems.of(
                HttpStatus.SERVICE_UNAVAILABLE,
                "DATABASE_UNAVAILABLE",
                "The database is not available."));
  }

  @ExceptionHandler
  ResponseEntity<ProblemDetail> failed(Exception e) {
    LOG.error("A request failed", e);
    return ResponseEntity.internalServerError()
        .body(
            Problems.of(
                HttpStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "The service has a mistake."));
  }

  @Override
  protected @Nullable ResponseEntity<Object> handleMethodArgumentNotValid(
      MethodArgumentNotValidException e,
      HttpHeaders headers,
      HttpStatusCode status,
      WebRequest request) {
    return invalidInput(
        e,
        e.getFieldErrors().stream()
            .map(error -> new InputError(error.getField(), messageOf(error)))
            .toList(),
        headers,
        request);
  }

  @Override
  protected @Nullable ResponseEntity<Object> handleHandlerMethodValidationException(
      HandlerMethodValidationException e,
      HttpHeaders headers,
      HttpStatusCode status,
      WebRequest request) {
    var errors = new ArrayList<InputError>();
    for (ParameterValidationResult result : e.getParameterValidationResults()) {
      String parameter = String.valueOf(result.getMethodParameter().getParameterName());
      for (MessageSourceResolvable error : result.getResolvableErrors()) {
        errors.add(new InputError(parameter, messageOf(error)));
      }
    }
    return invalidInput(e, errors, headers, request);
  }

  @Override
  protected @Nullable ResponseEntity<Object> handleTypeMismatch(
      TypeMismatchException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
    String field =
        e instanceof MethodArgumentTypeMismatchException mismatch
            ? mismatch.getName()
            : String.valueOf(e.getPropertyName());
    return invalidInput(e, List.of(new InputError(field, "has the wrong type")), headers, request);
  }

  @Override
  protected @Nullable ResponseEntity<Object> handleHttpMessageNotReadable(
      HttpMessageNotReadableException e,
      HttpHeaders headers,
      HttpStatusCode status,
      WebRequest request) {
    return handleExceptionInternal(
        e,
        Problems.of(
            HttpStatus.BAD_REQUEST,
            "INVALID_BODY",
            "The body of the request is not the JSON that is asked for."),
        headers,
        status,
        request);
  }

  @Override
  public boolean supports(
      MethodParameter type, Class<? extends HttpMessageConverter<?>> converterType) {
    return true;
  }

  @Override
  public @Nullable Object beforeBodyWrite(
      @Nullable Object body,
      MethodParameter type,
      MediaType contentType,
      Class<? extends HttpMessageConverter<?>> converterType,
      ServerHttpRequest request,
      ServerHttpResponse response) {
    return body instanceof ProblemDetail problem ? Problems.complete(problem) : body;
  }

  private @Nullable ResponseEntity<Object> invalidInput(
      Exception e, List<InputError> errors, HttpHeaders headers, WebRequest request) {
    ProblemDetail problem =
        Problems.of(
            HttpStatus.BAD_REQUEST,
            "INVALID_INPUT",
            "The request has values that are not allowed.");
    // validators find them in any order
    problem.setProperty(
        "errors",
        errors.stream()
            .sorted(Comparator.comparing(InputError::field).thenComparing(InputError::message))
            .toList());
    return handleExceptionInternal(e, problem, headers, HttpStatus.BAD_REQUEST, request);
  }

  private static String messageOf(MessageSourceResolvable error) {
    return Objects.requireNonNullElse(error.getDefaultMessage(), "is not allowed");
  }
}
