// SPDX-License-Identifier: MIT
package io.pghello.examples.service.graphql;

import graphql.analysis.MaxQueryComplexityInstrumentation;
import graphql.analysis.MaxQueryDepthInstrumentation;
import io.pghello.examples.service.greeting.Greetings;
import java.util.Collection;
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

  /** As many names as a request of REST may have; any other object counts as one. */
  @Bean
  MaxQueryComplexityInstrumentation maxQuerySize() {
    return new MaxQueryComplexityInstrumentation(
        Greetings.MAX_NAMES,
        (field, children) -> {
          if (field.getArguments().get("names") instanceof Collection<?> names) {
            return children + names.size();
          }
          return children + (field.getField().getSelectionSet() == null ? 0 : 1);
        });
  }
}
