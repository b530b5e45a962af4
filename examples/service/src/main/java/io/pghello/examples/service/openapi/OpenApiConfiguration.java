// SPDX-License-Identifier: MIT
package io.pghello.examples.service.openapi;

import static java.util.Map.entry;

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
import io.swagger.v3.oas.models.servers.Server;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
                .description("REST API for PostgreSQL pg_hello extension")
                .license(new License().name("MIT")))
        // or else what a client calls this host would stand there
        .servers(List.of(new Server().url("/")))
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
    problem.addProperty("code", new StringSchema().example("INVALID_INPUT"));
    problem.addProperty("errors", new ArraySchema().items(error));
    problem.setRequired(List.of("type", "title", "status", "detail", "code"));
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
  OpenApiCustomizer descriptions() {
    return api -> {
      api.getPaths()
          .forEach(
              (path, item) ->
                  item.readOperationsMap()
                      .forEach((method, operation) -> describe(path, method, operation)));
      api.getComponents().getSchemas().forEach(OpenApiConfiguration::requireFields);
    };
  }

  /** What an answer has, it has always, but for what is wrong where something is. */
  private static void requireFields(String name, Schema<?> schema) {
    if (name.endsWith("Answer") || name.equals("Greeting")) {
      schema.setRequired(
          schema.getProperties().keySet().stream().filter(field -> !field.equals("code")).toList());
    }
  }

  /**
   * What is said of an operation.
   *
   * @param id what generated clients call it
   * @param answer what it answers if all is well
   */
  private record Texts(String id, String summary, String answer) {}

  private static final Map<String, Texts> TEXTS =
      Map.ofEntries(
          // as the guide has them
          entry(
              "GET /api/greeting/{name}",
              new Texts("greet", "Get personalized greeting", "Successful greeting")),
          entry(
              "POST /api/config/greeting",
              new Texts(
                  "configureGreeting", "Update greeting configuration", "Configuration updated")),
          entry(
              "POST /api/bulk-greetings",
              new Texts("greetMany", "Get multiple greetings", "Bulk greetings generated")),
          // and others
          entry(
              "GET /api/timestamp",
              new Texts("timestamp", "Get the time of the database", "Milliseconds since 1970")),
          entry("GET /api/info", new Texts("info", "Get the versions", "Versions")),
          entry(
              "GET /greeting/{name}",
              new Texts(
                  "greetByCache",
                  "Get personalized greeting, from the cache if it is there",
                  "Successful greeting")),
          entry(
              "DELETE /greeting/{name}",
              new Texts(
                  "evictGreeting",
                  "Evict greetings of a name from the cache",
                  "The cache has none of them")),
          entry(
              "POST /greetings/batch",
              new Texts("greetBatch", "Get multiple greetings, counted", "Greetings generated")),
          entry(
              "GET /health",
              new Texts("health", "Get whether greetings can be had", "Greetings can be had")));

  private static void describe(String path, HttpMethod method, Operation operation) {
    Texts texts = TEXTS.get(method + " " + path);
    if (texts == null) {
      return; // somebody else's
    }
    operation.setOperationId(texts.id());
    operation.setSummary(texts.summary());
    operation.setTags(List.of("greeting"));
    boolean evicts = method == HttpMethod.DELETE;
    ApiResponse answer =
        Objects.requireNonNull(operation.getResponses().get(evicts ? "204" : "200"), path);
    answer.setDescription(texts.answer());
    if (path.equals("/health")) {
      operation
          .getResponses()
          .addApiResponse(
              "503",
              new ApiResponse()
                  .description("Greetings cannot be had")
                  .content(answer.getContent()));
      return;
    }
    addProblem(
        operation,
        "503",
        evicts
            ? "The cache is not available."
            : "The database, or the extension in it, is not available.");
    boolean hasBody = operation.getRequestBody() != null;
    if (hasBody || operation.getParameters() != null) {
      addProblem(operation, "400", "The request has values that are not allowed.");
    }
    if (hasBody) {
      addProblem(operation, "413", "The body of the request is too large.");
      addProblem(operation, "415", "The body of the request is not JSON.");
    }
    boolean forAdministrators = evicts || path.startsWith("/api/config/");
    if (forAdministrators) {
      addProblem(operation, "401", "The administrator's token is missing or wrong.");
      addProblem(operation, "403", "The service was started without an administrator's token.");
      addProblem(operation, "429", "The client has sent too many wrong tokens.");
      operation.addSecurityItem(new SecurityRequirement().addList(TOKEN));
    } else if (path.contains("greeting")) {
      addProblem(operation, "429", "The client has made too many requests.");
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
