// SPDX-License-Identifier: MIT
package io.pghello.examples.service.openapi;

import io.pghello.examples.service.greeting.GreetedName;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.PathItem.HttpMethod;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.info.License;
import io.swagger.v3.oas.models.media.ArraySchema;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.IntegerSchema;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.ObjectSchema;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.media.StringSchema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.security.SecurityRequirement;
import io.swagger.v3.oas.models.security.SecurityScheme;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springdoc.core.customizers.ParameterCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What the controllers do not say of themselves. */
@Configuration(proxyBeanMethods = false)
class OpenApiConfiguration {
  private static final String TOKEN = "administrator";
  private static final String PROBLEM = "Problem";

  @Bean
  OpenAPI openApi() {
    return new OpenAPI()
        .info(
            new Info()
                .title("pg_hello Extension API")
                .version("1.0.0")
                .description("Greetings of the PostgreSQL extension pg_hello")
                .license(new License().name("MIT")))
        .components(
            new Components()
                .addSecuritySchemes(
                    TOKEN, new SecurityScheme().type(SecurityScheme.Type.HTTP).scheme("bearer"))
                .addSchemas(PROBLEM, problem()));
  }

  private static Schema<?> problem() {
    var error = new ObjectSchema();
    error.addProperty("field", new StringSchema().example("names[3]"));
    error.addProperty("message", new StringSchema());
    var problem = new ObjectSchema();
    problem.setDescription("Problem details (RFC 9457)");
    problem.addProperty("type", new StringSchema());
    problem.addProperty("title", new StringSchema());
    problem.addProperty("status", new IntegerSchema());
    problem.addProperty("detail", new StringSchema());
    problem.addProperty("instance", new StringSchema());
    problem.addProperty("code", new StringSchema().example("INVALID_INPUT"));
    problem.addProperty("errors", new ArraySchema().items(error));
    return problem;
  }

  /** Says how long a name may be. */
  @Bean
  ParameterCustomizer nameLength() {
    return (parameter, method) -> {
      if (parameter != null && method.hasParameterAnnotation(GreetedName.class)) {
        parameter.getSchema().minLength(1).maxLength(GreetedName.MAX);
      }
      return parameter;
    };
  }

  @Bean
  OpenApiCustomizer problems() {
    return api ->
        api.getPaths()
            .forEach(
                (path, item) ->
                    item.readOperationsMap()
                        .forEach((method, operation) -> describe(path, method, operation)));
  }

  private static void describe(String path, HttpMethod method, Operation operation) {
    if (path.equals("/health")) {
      return;
    }
    boolean evicts = method == HttpMethod.DELETE;
    addProblem(
        operation,
        "503",
        evicts
            ? "The cache is not available."
            : "The database, or the extension in it, is not available.");
    if (operation.getRequestBody() != null || operation.getParameters() != null) {
      addProblem(operation, "400", "The request has values that are not allowed.");
    }
    if (path.startsWith("/api/greeting/")) {
      addProblem(operation, "429", "The client has made too many requests.");
    }
    if (evicts || path.startsWith("/api/config/")) {
      addProblem(operation, "401", "The administrator's token is missing or wrong.");
      addProblem(operation, "403", "The service was started without an administrator's token.");
      operation.addSecurityItem(new SecurityRequirement().addList(TOKEN));
    }
  }

  private static void addProblem(Operation operation, String status, String description) {
    operation
        .getResponses()
        .addApiResponse(
            status,
            new ApiResponse()
                .description(description)
                .content(
                    new Content()
                        .addMediaType(
                            org.springframework.http.MediaType.APPLICATION_PROBLEM_JSON_VALUE,
                            new MediaType()
                                .schema(new Schema<>().$ref("#/components/schemas/" + PROBLEM)))));
  }
}
