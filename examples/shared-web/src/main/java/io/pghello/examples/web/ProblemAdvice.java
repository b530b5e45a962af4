// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import io.pghello.examples.web.Problems.InputError;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.http.server.ServerHttpRequest;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.transaction.TransactionException;
import org.springframework.validation.FieldError;
import org.springframework.validation.method.ParameterErrors;
import org.springframework.validation.method.ParameterValidationResult;
import org.springframework.web.HttpMediaTypeNotAcceptableException;
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
import tools.jackson.core.JacksonException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/**
 * Converts exceptions of controllers to problem details. An application's own advice takes
 * precedence if it is annotated with {@code @Order}.
 */
@RestControllerAdvice
class ProblemAdvice extends ResponseEntityExceptionHandler implements ResponseBodyAdvice<Object> {
  private static final Logger LOG = LoggerFactory.getLogger(ProblemAdvice.class);

  private final OutageLog outages;

  ProblemAdvice(OutageLog outages) {
    this.outages = outages;
  }

  @InitBinder
  void readDecimals(WebDataBinder binder) {
    binder.registerCustomEditor(int.class, new DecimalEditor());
    binder.registerCustomEditor(Integer.class, new DecimalEditor());
  }

  @ExceptionHandler({DataAccessException.class, TransactionException.class})
  ResponseEntity<ProblemDetail> databaseFailed(RuntimeException e) {
    outages.failed("DATABASE_UNAVAILABLE", e.getMessage());
    return Problems.response(Problems.databaseUnavailable());
  }

  /** Hides details of unexpected errors, for example if the database rejects a row. */
  @ExceptionHandler({DataIntegrityViolationException.class, Exception.class})
  ResponseEntity<ProblemDetail> failed(Exception e) {
    LOG.error("A request failed", e);
    return Problems.response(
        Problems.of(HttpStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "The service has a bug."));
  }

  /**
   * Rejects requests with invalid media types, for which Spring's functional routes would report an
   * internal error.
   */
  @ExceptionHandler
  @Nullable ResponseEntity<Object> acceptsNoMediaType(
      InvalidMediaTypeException e, WebRequest request) throws Exception {
    return handleException(new HttpMediaTypeNotAcceptableException(e.getMessage()), request);
  }

  @Override
  protected @Nullable ResponseEntity<Object> handleHandlerMethodValidationException(
      HandlerMethodValidationException e,
      HttpHeaders headers,
      HttpStatusCode status,
      WebRequest request) {
    var errors = new ArrayList<InputError>();
    for (ParameterValidationResult result : e.getParameterValidationResults()) {
      if (result instanceof ParameterErrors body) {
        body.getFieldErrors().forEach(error -> errors.add(inputError(error)));
      } else {
        String parameter = String.valueOf(result.getMethodParameter().getParameterName());
        for (MessageSourceResolvable error : result.getResolvableErrors()) {
          errors.add(new InputError(parameter, messageOf(error)));
        }
      }
    }
    return invalidInput(e, errors, headers, request);
  }

  @Override
  protected @Nullable ResponseEntity<Object> handleMethodArgumentNotValid(
      MethodArgumentNotValidException e,
      HttpHeaders headers,
      HttpStatusCode status,
      WebRequest request) {
    List<InputError> errors = e.getFieldErrors().stream().map(ProblemAdvice::inputError).toList();
    return invalidInput(e, errors, headers, request);
  }

  @Override
  protected @Nullable ResponseEntity<Object> handleTypeMismatch(
      TypeMismatchException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
    String field =
        e instanceof MethodArgumentTypeMismatchException mismatch
            ? mismatch.getName()
            : String.valueOf(e.getPropertyName());
    return invalidInput(e, List.of(wrongType(field)), headers, request);
  }

  @Override
  protected @Nullable ResponseEntity<Object> handleHttpMessageNotReadable(
      HttpMessageNotReadableException e,
      HttpHeaders headers,
      HttpStatusCode status,
      WebRequest request) {
    if (BodyTooLargeException.caused(e)) {
      ProblemDetail problem = BodyLimitFilter.problem();
      return handleExceptionInternal(e, problem, headers, HttpStatus.CONTENT_TOO_LARGE, request);
    }
    String field = fieldOf(e.getCause());
    if (field != null) {
      InputError error =
          e.getCause() instanceof UnrecognizedPropertyException
              ? new InputError(field, "is unknown")
              : wrongType(field);
      return invalidInput(e, List.of(error), headers, request);
    }
    return handleExceptionInternal(
        e,
        Problems.of(
            HttpStatus.BAD_REQUEST,
            "INVALID_BODY",
            "The body of the request does not contain the required JSON."),
        headers,
        status,
        request);
  }

  @Override
  public boolean supports(
      MethodParameter type, Class<? extends HttpMessageConverter<?>> converterType) {
    return true;
  }

  /** Adapts problems created by Spring, for example NOT_FOUND. */
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
    return handleExceptionInternal(
        e, Problems.invalidInput(errors), headers, HttpStatus.BAD_REQUEST, request);
  }

  // report only the expected type, because Jackson's message contains the value
  private static @Nullable String fieldOf(@Nullable Throwable cause) {
    if (cause instanceof tools.jackson.databind.DatabindException e && !e.getPath().isEmpty()) {
      var path = new StringBuilder();
      for (JacksonException.Reference reference : e.getPath()) {
        if (reference.getPropertyName() == null) {
          path.append('[').append(reference.getIndex()).append(']');
        } else {
          path.append(path.isEmpty() ? "" : ".").append(reference.getPropertyName());
        }
      }
      return path.toString();
    }
    return null;
  }

  private static InputError wrongType(String field) {
    return new InputError(field, "has the wrong type");
  }

  private static InputError inputError(FieldError error) {
    return new InputError(error.getField(), messageOf(error));
  }

  private static String messageOf(MessageSourceResolvable error) {
    return Objects.requireNonNullElse(error.getDefaultMessage(), "is not allowed");
  }
}
