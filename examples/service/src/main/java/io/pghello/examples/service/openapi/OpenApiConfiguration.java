// SPDX-License-Identifier: MIT
package io.pghello.examples.service.openapi;

import io.pghello.examples.web.GreetedName;
import io.pghello.examples.web.Problems.InputError;
import io.swagger.v3.core.converter.ModelConverters;
import io.swagger.v3.oas.annotations.OpenAPIDefinition;
import io.swagger.v3.oas.annotations.enums.SecuritySchemeType;
import io.swagger.v3.oas.annotations.info.Info;
import io.swagger.v3.oas.annotations.info.License;
import io.swagger.v3.oas.annotations.security.SecurityScheme;
import io.swagger.v3.oas.annotations.servers.Server;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import java.util.List;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springdoc.core.customizers.OperationCustomizer;
import org.springdoc.core.customizers.ParameterCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Adds the parts of the OpenAPI document that the controllers do not declare, such as responses
 * that are common to all operations.
 */
@Configuration(proxyBeanMethods = false)
@OpenAPIDefinition(
    info =
        @Info(
            title = "pg_hello Extension API",
            version = "1.0.0",
            description = "REST API for PostgreSQL pg_hello extension",
            license = @License(name = "MIT")),
    // otherwise, the document would contain the request's host name
    servers = @Server(url = "/"))
@SecurityScheme(
    name = OpenApiConfiguration.TOKEN,
    type = SecuritySchemeType.HTTP,
    scheme = "bearer")
public class OpenApiConfiguration {
  /** The security requirement of administrative operations. */
  public static final String TOKEN = "administrator";

  @io.swagger.v3.oas.annotations.media.Schema(
      name = "Problem",
      description = "Problem details (RFC 9457)",
      requiredProperties = {"type", "title", "status", "detail", "code"})
  private record Problem(
      String type,
      String title,
      int status,
      String detail,
      @io.swagger.v3.oas.annotations.media.Schema(example = "INVALID_INPUT") String code,
      List<InputError> errors) {}

  /** Documents the maximum length of a name. */
  @Bean
  ParameterCustomizer nameLength() {
    return (parameter, method) -> {
      if (parameter != null && method.hasParameterAnnotation(GreetedName.class)) {
        parameter.getSchema().minLength(1).maxLength(GreetedName.MAX);
      }
      return parameter;
    };
  }

  /** Adds the error responses that follow from an operation's parameters and requirements. */
  @Bean
  OperationCustomizer describedProblems() {
    return (operation, method) -> {
      boolean hasBody = operation.getRequestBody() != null;
      if (hasBody || operation.getParameters() != null) {
        addProblem(operation, "400", "The request has values that are not allowed.");
      }
      if (hasBody) {
        addProblem(operation, "413", "The body of the request is too large.");
        addProblem(operation, "415", "The body of the request is not JSON.");
      }
      if (operation.getSecurity() != null) {
        addProblem(operation, "401", "The administrator's token is missing or wrong.");
        addProblem(operation, "403", "The service was started without an administrator's token.");
        addProblem(operation, "429", "The client has sent too many wrong tokens.");
      }
      addProblem(operation, "503", "The database, or the extension in it, is not available.");
      return operation;
    };
  }

  /** Adds a problem response, unless the operation declares a response with that status. */
  public static void addProblem(Operation operation, String status, String description) {
    ApiResponse answer = operation.getResponses().get(status);
    if (answer == null) {
      answer = new ApiResponse().description(description);
      operation.getResponses().addApiResponse(status, answer);
    }
    if (answer.getContent() == null) {
      answer.setContent(
          new Content()
              .addMediaType(
                  org.springframework.http.MediaType.APPLICATION_PROBLEM_JSON_VALUE,
                  new MediaType().schema(new Schema<>().$ref("Problem"))));
    }
  }

  /**
   * Declares the properties of responses as required, except {@code code}, which exists only in
   * problems.
   */
  @Bean
  OpenApiCustomizer schemas() {
    return api -> {
      ModelConverters.getInstance().readAll(Problem.class).forEach(api.getComponents()::addSchemas);
      api.getComponents().getSchemas().forEach(OpenApiConfiguration::requireFields);
    };
  }

  private static void requireFields(String name, Schema<?> schema) {
    if (name.endsWith("Answer") || name.equals("Greeting")) {
      schema.setRequired(
          schema.getProperties().keySet().stream().filter(field -> !field.equals("code")).toList());
    }
  }
}
