// SPDX-License-Identifier: MIT
package io.pghello.examples.service.graphql;

import graphql.analysis.MaxQueryComplexityInstrumentation;
import graphql.analysis.MaxQueryDepthInstrumentation;
import graphql.execution.AbortExecutionException;
import graphql.execution.instrumentation.Instrumentation;
import graphql.execution.instrumentation.InstrumentationContext;
import graphql.execution.instrumentation.InstrumentationState;
import graphql.execution.instrumentation.SimplePerformantInstrumentation;
import graphql.execution.instrumentation.parameters.InstrumentationValidationParameters;
import graphql.language.Document;
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

/** How much a query may ask for. */
@Configuration(proxyBeanMethods = false)
class GraphQlLimits {
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

  /** Looks before the query is validated, as that follows all fragments, too. */
  @Bean
  Instrumentation maxFragments() {
    return new SimplePerformantInstrumentation() {
      @Override
      public @Nullable InstrumentationContext<List<ValidationError>> beginValidation(
          InstrumentationValidationParameters parameters, InstrumentationState state) {
        int spreads = spreads(parameters.getDocument());
        if (spreads > MAX_SPREADS) {
          throw new AbortExecutionException(
              "maximum number of fragments used exceeded " + spreads + " > " + MAX_SPREADS);
        }
        return super.beginValidation(parameters, state);
      }
    };
  }

  private static int spreads(Document document) {
    int spreads = 0;
    var nodes = new ArrayDeque<Node<?>>(List.of(document));
    for (Node<?> node = nodes.poll(); node != null; node = nodes.poll()) {
      if (node instanceof FragmentSpread || node instanceof InlineFragment) {
        spreads++;
      }
      for (Node<?> child : node.getChildren()) {
        nodes.add(child);
      }
    }
    return spreads;
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
