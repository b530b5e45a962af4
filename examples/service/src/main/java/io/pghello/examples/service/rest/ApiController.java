// SPDX-License-Identifier: MIT
package io.pghello.examples.service.rest;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.pghello.examples.service.greeting.Greetings;
import io.pghello.examples.service.greeting.Greetings.Greeting;
import io.pghello.examples.service.greeting.Greetings.SystemInfo;
import io.pghello.examples.service.openapi.OpenApiConfiguration;
import io.pghello.examples.web.GreetedName;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.security.SecurityRequirement;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Serves the same paths as the integration guide's programs for Express, Flask and Spring Boot. */
@RestController
@RequestMapping(path = "/api", produces = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "greeting")
class ApiController {
  private final Greetings greetings;

  ApiController(Greetings greetings) {
    this.greetings = greetings;
  }

  /**
   * A greeting.
   *
   * @param timestampMillis the time of the response. It is taken from the service's clock, because
   *     reading the database's clock would take an additional statement.
   */
  record GreetingAnswer(String greeting, @JsonProperty("timestamp_ms") long timestampMillis) {}

  record ConfigRequest(@NotNull @Min(1) @Max(10) Integer repeat) {}

  record ConfigAnswer(String message, @JsonProperty("test_result") String testResult) {}

  record TimestampAnswer(@JsonProperty("timestamp_ms") long timestampMillis) {}

  record InfoAnswer(
      @JsonProperty("postgresql_version") String postgresqlVersion,
      @JsonProperty("extension_version") String extensionVersion) {}

  record BulkAnswer(List<Greeting> greetings) {}

  @GetMapping("/greeting/{name}")
  @Operation(operationId = "greet", summary = "Get personalized greeting")
  @ApiResponse(responseCode = "200", description = "Successful greeting")
  GreetingAnswer greeting(
      @PathVariable @GreetedName String name,
      @Parameter(description = BulkRequest.REPEAT) @RequestParam(required = false) @Min(1) @Max(10)
          @Nullable Integer repeat) {
    return new GreetingAnswer(greetings.greet(name, repeat), System.currentTimeMillis());
  }

  @PostMapping(path = "/bulk-greetings", consumes = MediaType.APPLICATION_JSON_VALUE)
  @Operation(operationId = "greetMany", summary = "Get multiple greetings")
  @ApiResponse(responseCode = "200", description = "Bulk greetings generated")
  BulkAnswer bulkGreetings(@RequestBody @Valid BulkRequest request) {
    return new BulkAnswer(greetings.greetAll(request.names(), request.repeat()));
  }

  @PostMapping(path = "/config/greeting", consumes = MediaType.APPLICATION_JSON_VALUE)
  @Operation(
      operationId = "configureGreeting",
      summary = "Update greeting configuration",
      security = @SecurityRequirement(name = OpenApiConfiguration.TOKEN))
  @ApiResponse(responseCode = "200", description = "Configuration updated")
  ConfigAnswer changeConfig(@RequestBody @Valid ConfigRequest request) {
    return new ConfigAnswer("Configuration updated", greetings.changeRepeat(request.repeat()));
  }

  @GetMapping("/timestamp")
  @Operation(operationId = "timestamp", summary = "Get the time of the database")
  @ApiResponse(responseCode = "200", description = "Milliseconds since 1970")
  TimestampAnswer timestamp() {
    return new TimestampAnswer(greetings.databaseMillis());
  }

  @GetMapping("/info")
  @Operation(operationId = "info", summary = "Get the versions")
  @ApiResponse(responseCode = "200", description = "Versions")
  InfoAnswer info() {
    SystemInfo info = greetings.systemInfo();
    return new InfoAnswer(info.postgresVersion(), info.extensionVersion());
  }
}
