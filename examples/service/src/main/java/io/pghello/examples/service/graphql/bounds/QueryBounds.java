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

/** Limits the size of queries and rejects requests that are not queries. */
@Configuration(proxyBeanMethods = false)
class QueryBounds {
  /** The maximum depth of a query. The query that tools use to read the schema has this depth. */
  private static final int MAX_DEPTH = 15;

  @Bean
  MaxQueryDepthInstrumentation maxQueryDepth() {
    return new MaxQueryDepthInstrumentation(MAX_DEPTH);
  }

  /**
   * Maximum number of fragments, including nested ones. The limit is low because each fragment can
   * double the number of fields. Tools that read the schema use about ten fragments.
   */
  private static final int MAX_SPREADS = 20;

  /**
   * Maximum number of fields in the text of a query, counting each alias. Tools that read the
   * schema use about 60 fields.
   */
  private static final int MAX_FIELDS_WRITTEN = 1_000;

  /**
   * Checks the query before its validation, because validation compares all fields and follows all
   * fragments.
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

  /** Rejects requests that cannot be queries, with the corresponding HTTP status. */
  @Bean
  @Order(-1) // takes precedence over Spring Boot's routes
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

  /**
   * Maximum number of fields in a response. Allows all fields for the maximum number of names in a
   * request, and some additional fields.
   */
  private static final int MAX_FIELDS = 5 * Greetings.MAX_NAMES;

  /** Fields that are not loaded together with others. Each executes its own statements. */
  private static final Set<String> UNSHARED = Set.of("timestamp", "systemInfo");

  private static final int UNSHARED_FIELDS = 100;

  /** Counts the fields of a response, with the fields of each name counted separately. */
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
