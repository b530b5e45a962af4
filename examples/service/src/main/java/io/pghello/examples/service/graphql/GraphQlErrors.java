// SPDX-License-Identifier: MIT
package io.pghello.examples.service.graphql;

import graphql.GraphQLError;
import graphql.GraphqlErrorBuilder;
import graphql.schema.DataFetchingEnvironment;
import io.pghello.examples.service.problem.ClientProblems;
import io.pghello.examples.web.AdminToken;
import io.pghello.examples.web.OutageLog;
import io.pghello.examples.web.Problems;
import io.pghello.examples.web.Problems.InputError;
import io.pghello.extension.batching.FunctionCallException;
import jakarta.validation.ConstraintViolation;
import jakarta.validation.ConstraintViolationException;
import jakarta.validation.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.graphql.execution.DataFetcherExceptionResolverAdapter;
import org.springframework.graphql.execution.ErrorType;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.stereotype.Component;

/** Converts the problems of the REST API to GraphQL errors with the same codes. */
@Component
class GraphQlErrors extends DataFetcherExceptionResolverAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(GraphQlErrors.class);

  private final AdminToken adminToken;
  private final OutageLog outages;

  GraphQlErrors(AdminToken adminToken, OutageLog outages) {
    this.adminToken = adminToken;
    this.outages = outages;
    setThreadLocalContextAware(true);
  }

  @Override
  protected GraphQLError resolveToSingleError(Throwable e, DataFetchingEnvironment environment) {
    ProblemDetail problem = problem(e);
    Map<String, Object> extensions =
        new HashMap<>(problem.getProperties() == null ? Map.of() : problem.getProperties());
    return GraphqlErrorBuilder.newError(environment)
        .errorType(typeOf(HttpStatus.valueOf(problem.getStatus())))
        .message("%s", problem.getDetail())
        .extensions(extensions)
        .build();
  }

  private ProblemDetail problem(Throwable e) {
    if (e instanceof ConstraintViolationException violations) {
      return Problems.invalidInput(
          violations.getConstraintViolations().stream().map(GraphQlErrors::inputError).toList());
    }
    if (e instanceof FunctionCallException failed) {
      return ClientProblems.of(failed);
    }
    if (e instanceof AccessDeniedException) {
      return adminToken.refusal();
    }
    if (e instanceof DataAccessException) {
      outages.failed("DATABASE_UNAVAILABLE", e.getMessage());
      return Problems.databaseUnavailable();
    }
    LOG.error("A query failed", e);
    return Problems.of(
        HttpStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "The service has a bug.");
  }

  private static ErrorType typeOf(HttpStatus status) {
    return switch (status) {
      case BAD_REQUEST -> ErrorType.BAD_REQUEST;
      case UNAUTHORIZED -> ErrorType.UNAUTHORIZED;
      case FORBIDDEN -> ErrorType.FORBIDDEN;
      default -> ErrorType.INTERNAL_ERROR;
    };
  }

  private static InputError inputError(ConstraintViolation<?> violation) {
    return new InputError(argument(violation.getPropertyPath()), violation.getMessage());
  }

  // the path after the method's name, e.g. names[3]
  private static String argument(Path path) {
    List<Path.Node> nodes = StreamSupport.stream(path.spliterator(), false).skip(1).toList();
    return nodes.stream().map(GraphQlErrors::text).collect(Collectors.joining());
  }

  private static String text(Path.Node node) {
    @Nullable Integer index = node.getIndex();
    return index == null ? node.getName() : "[" + index + "]";
  }
}
