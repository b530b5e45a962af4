// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import graphql.ExecutionResult;
import graphql.analysis.QueryComplexityCalculator;
import graphql.execution.AbortExecutionException;
import graphql.execution.ExecutionContext;
import graphql.execution.instrumentation.InstrumentationContext;
import graphql.execution.instrumentation.InstrumentationState;
import graphql.execution.instrumentation.SimplePerformantInstrumentation;
import graphql.execution.instrumentation.parameters.InstrumentationExecuteOperationParameters;
import io.pghello.examples.service.limit.GreetingsLimit.RefusedException;
import java.io.Serial;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.graphql.server.WebGraphQlInterceptor;
import org.springframework.graphql.server.WebGraphQlRequest;
import org.springframework.graphql.server.WebGraphQlResponse;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** Counts the greetings that a query requests, before the query is executed. */
@Component
@ConditionalOnProperty(name = "greeting.rate-limit.enabled", matchIfMissing = true)
@Order(Ordered.HIGHEST_PRECEDENCE) // so that it runs on the request's thread
class GraphQlLimit extends SimplePerformantInstrumentation implements WebGraphQlInterceptor {
  private final GreetingsLimit limit;

  GraphQlLimit(GreetingsLimit limit) {
    this.limit = limit;
  }

  @Override
  public Mono<WebGraphQlResponse> intercept(WebGraphQlRequest request, Chain chain) {
    Object client = request.getAttributes().get(RateLimitFilter.CLIENT);
    if (client != null) {
      request.configureExecutionInput(
          (input, builder) ->
              builder.graphQLContext(Map.of(RateLimitFilter.CLIENT, client)).build());
    }
    return chain.next(request);
  }

  @Override
  public @Nullable InstrumentationContext<ExecutionResult> beginExecuteOperation(
      InstrumentationExecuteOperationParameters parameters, InstrumentationState state) {
    ExecutionContext context = parameters.getExecutionContext();
    Object client = context.getGraphQLContext().get(RateLimitFilter.CLIENT);
    try {
      limit.tryConsume(client, greetings(context));
    } catch (RefusedException e) {
      throw new RefusedQueryException(e);
    }
    return super.beginExecuteOperation(parameters, state);
  }

  private static int greetings(ExecutionContext context) {
    return QueryComplexityCalculator.newCalculator()
        .schema(context.getGraphQLSchema())
        .document(context.getDocument())
        .operationName(context.getExecutionInput().getOperationName())
        .variables(context.getCoercedVariables())
        .fieldComplexityCalculator(
            (field, children) -> {
              if (field.getArguments().get("names") instanceof Collection<?> names) {
                return names.size();
              }
              return field.getArguments().containsKey("name") ? 1 : children;
            })
        .build()
        .calculate();
  }

  private static final class RefusedQueryException extends AbortExecutionException {
    @Serial private static final long serialVersionUID = 1L;

    private final String code;

    RefusedQueryException(RefusedException e) {
      super(e.getMessage());
      code = String.valueOf(Objects.requireNonNull(e.problem().getProperties()).get("code"));
    }

    @Override
    public Map<String, Object> getExtensions() {
      return Map.of("code", code);
    }
  }
}
