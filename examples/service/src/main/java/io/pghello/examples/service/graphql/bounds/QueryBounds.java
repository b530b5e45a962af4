// SPDX-License-Identifier: MIT
package io.pghello.examples.service.graphql.bounds;

import graphql.analysis.MaxQueryComplexityInstrumentation;
import graphql.analysis.MaxQueryDepthInstrumentation;
import graphql.execution.AbortExecutionException;
import graphql.execution.instrumentation.Instrumentation;
import graphql.execution.instrumentation.InstrumentationContext;
import graphql.execution.instrumentation.InstrumentationState;
import graphql.execution.instrumentation.SimplePerformantInstrumentation;
import graphql.execution.instrumentation.parameters.InstrumentationValidationParameters;
import graphql.language.Document;
import graphql.language.Field;
import graphql.language.FragmentSpread;
import graphql.language.InlineFragment;
import graphql.language.Node;
import graphql.validation.ValidationError;
import io.pghello.examples.service.greeting.Greetings;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.servlet.function.RequestPredicate;
import org.springframework.web.servlet.function.RequestPredicates;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerResponse;

/** Bounds of a query, and the refusal of requests that are no queries. */
@Configuration(proxyBeanMethods = false)
class QueryBounds {
  /** As deep as the query by which tools read the schema. */
  private static final int MAX_DEPTH = 15;

  @Bean
  MaxQueryDepthInstrumentation maxQueryDepth() {
    return new MaxQueryDepthInstrumentation(MAX_DEPTH);
  }

  /**
   * Fragments that a query uses, also in others: their fields can double with each. Tools that read
   * the schema use some ten.
   */
  private static final int MAX_SPREADS = 20;

  /** Fields as they are written, each alias for itself. Tools that read the schema have some 60. */
  private static final int MAX_FIELDS_WRITTEN = 1_000;

  /**
   * Looks before the query is validated, as that compares all fields, and follows all fragments.
   */
  @Bean
  Instrumentation maxDocument() {
    return new SimplePerformantInstrumentation() {
      @Override
      public @Nullable InstrumentationContext<List<ValidationError>> beginValidation(
          InstrumentationValidationParameters parameters, InstrumentationState state) {
        check(parameters.getDocument());
        return super.beginValidation(parameters, state);
      }
    };
  }

  private static void check(Document document) {
    int fields = 0;
    int spreads = 0;
    var nodes = new ArrayDeque<Node<?>>(List.of(document));
    for (Node<?> node = nodes.poll(); node != null; node = nodes.poll()) {
      if (node instanceof Field) {
        fields++;
      } else if (node instanceof FragmentSpread || node instanceof InlineFragment) {
        spreads++;
      }
      for (Node<?> child : node.getChildren()) {
        nodes.add(child);
      }
    }
    check("fragments used", spreads, MAX_SPREADS);
    check("fields written", fields, MAX_FIELDS_WRITTEN);
  }

  private static void check(String what, int count, int max) {
    if (count > max) {
      throw new AbortExecutionException(
          "maximum number of " + what + " exceeded " + count + " > " + max);
    }
  }

  /** Says by the status what is wrong with a request that cannot be a query. */
  @Bean
  @Order(-1) // before the routes of Spring Boot
  RouterFunction<ServerResponse> refusals() {
    RequestPredicate queries = RequestPredicates.path("/graphql");
    RequestPredicate posts = RequestPredicates.method(HttpMethod.POST);
    RequestPredicate accepts =
        RequestPredicates.accept(
            MediaType.APPLICATION_JSON, MediaType.APPLICATION_GRAPHQL_RESPONSE);
    return RouterFunctions.route(
            queries.and(posts.negate()),
            request ->
                ServerResponse.status(HttpStatus.METHOD_NOT_ALLOWED).allow(HttpMethod.POST).build())
        .andRoute(
            queries.and(accepts.negate()),
            request -> ServerResponse.status(HttpStatus.NOT_ACCEPTABLE).build());
  }

  /** All fields of as many names as a request may have, and some more. */
  private static final int MAX_FIELDS = 5 * Greetings.MAX_NAMES;

  /** Fields of the query that are not loaded together: each has statements of its own. */
  private static final Set<String> UNSHARED = Set.of("timestamp", "systemInfo");

  private static final int UNSHARED_FIELDS = 100;

  /** Counts the fields of an answer: those of each name. */
  @Bean
  MaxQueryComplexityInstrumentation maxQuerySize() {
    return new MaxQueryComplexityInstrumentation(
        MAX_FIELDS,
        (field, children) -> {
          if (field.getArguments().get("names") instanceof Collection<?> names) {
            return names.size() * Math.max(1, children);
          }
          boolean ofQuery = field.getParentType().getName().equals("Query");
          return children
              + (ofQuery && UNSHARED.contains(field.getField().getName()) ? UNSHARED_FIELDS : 1);
        });
  }
}
