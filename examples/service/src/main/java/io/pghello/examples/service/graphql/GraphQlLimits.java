// SPDX-License-Identifier: MIT
package io.pghello.examples.service.graphql;

import graphql.analysis.MaxQueryComplexityInstrumentation;
import graphql.analysis.MaxQueryDepthInstrumentation;
import io.pghello.examples.service.greeting.Greetings;
import java.util.Collection;
import java.util.Set;
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
