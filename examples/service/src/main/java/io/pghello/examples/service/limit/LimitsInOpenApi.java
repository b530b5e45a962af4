// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.pghello.examples.service.openapi.OpenApiConfiguration;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.PathItem.HttpMethod;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springframework.http.server.PathContainer;
import org.springframework.web.util.pattern.PathPatternParser;

/** Documents the 429 response of rate-limited operations. */
final class LimitsInOpenApi implements OpenApiCustomizer {
  private final RateLimitProperties properties;

  LimitsInOpenApi(RateLimitProperties properties) {
    this.properties = properties;
  }

  @Override
  public void customise(OpenAPI api) {
    api.getPaths()
        .forEach(
            (path, item) -> {
              if (counts(path)) {
                item.readOperationsMap()
                    .forEach(
                        (method, operation) -> {
                          if (method != HttpMethod.DELETE) {
                            OpenApiConfiguration.addProblem(
                                operation, "429", "The client has made too many requests.");
                          }
                        });
              }
            });
  }

  private boolean counts(String path) {
    return properties.paths().stream()
        .map(PathPatternParser.defaultInstance::parse)
        .anyMatch(pattern -> pattern.matches(PathContainer.parsePath(path)));
  }
}
