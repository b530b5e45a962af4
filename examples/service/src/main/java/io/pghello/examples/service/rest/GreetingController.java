// SPDX-License-Identifier: MIT
package io.pghello.examples.service.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.pghello.examples.service.greeting.Greetings;
import io.pghello.examples.service.greeting.Greetings.CachedGreeting;
import io.pghello.examples.service.greeting.Greetings.Greeting;
import io.pghello.examples.service.openapi.OpenApiConfiguration;
import io.pghello.examples.web.GreetedName;
import io.pghello.examples.web.Problems;
import io.pghello.extension.batching.FunctionCallException;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.security.SecurityRequirement;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Handles requests for the paths of the integration guide's microservice. */
@RestController
@RequestMapping(produces = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "greeting")
class GreetingController {
  private final Greetings greetings;

  GreetingController(Greetings greetings) {
    this.greetings = greetings;
  }

  /**
   * A greeting.
   *
   * @param cached whether the greeting came from the cache
   * @param timestampMillis the time of the response according to the service's clock
   */
  record CachedGreetingAnswer(
      String greeting, boolean cached, @JsonProperty("timestamp_ms") long timestampMillis) {}

  record BatchAnswer(List<Greeting> greetings, int count) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  record HealthAnswer(String status, String service, @Nullable String code) {}

  @GetMapping("/greeting/{name}")
  @Operation(
      operationId = "greetByCache",
      summary = "Get personalized greeting, from the cache if possible")
  @ApiResponse(responseCode = "200", description = "Successful greeting")
  CachedGreetingAnswer greeting(
      @PathVariable @GreetedName String name,
      @Parameter(description = BulkRequest.REPEAT) @RequestParam(required = false) @Min(1) @Max(10)
          @Nullable Integer repeat) {
    CachedGreeting answer = greetings.greetByCache(name, repeat);
    return new CachedGreetingAnswer(answer.greeting(), answer.cached(), System.currentTimeMillis());
  }

  @DeleteMapping("/greeting/{name}")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  @Operation(
      operationId = "evictGreeting",
      summary = "Evict greetings of a name from the cache",
      security = @SecurityRequirement(name = OpenApiConfiguration.TOKEN))
  @ApiResponse(responseCode = "204", description = "The cache does not contain the greetings")
  @ApiResponse(responseCode = "503", description = "The cache is not available.")
  void evict(
      @PathVariable @GreetedName String name,
      @Parameter(description = "Count of the greeting to evict. Default: all counts.")
          @RequestParam(required = false)
          @Min(1)
          @Max(10)
          @Nullable Integer repeat) {
    greetings.evict(name, repeat);
  }

  @PostMapping(path = "/greetings/batch", consumes = MediaType.APPLICATION_JSON_VALUE)
  @Operation(operationId = "greetBatch", summary = "Get multiple greetings, counted")
  @ApiResponse(responseCode = "200", description = "Greetings generated")
  BatchAnswer batch(@RequestBody @Valid BulkRequest request) {
    List<Greeting> all = greetings.greetAll(request.names(), request.repeat());
    return new BatchAnswer(all, all.size());
  }

  /** Health check for load balancers. Each request queries the database. */
  @GetMapping("/health")
  @Operation(operationId = "health", summary = "Check whether greetings are available")
  @ApiResponse(responseCode = "200", description = "Greetings are available")
  @ApiResponse(responseCode = "503", description = "Greetings are not available")
  ResponseEntity<HealthAnswer> health() {
    try {
      greetings.check();
      return ResponseEntity.ok(new HealthAnswer("healthy", "greeting-service", null));
    } catch (FunctionCallException e) {
      return ResponseEntity.status(HttpStatus.SERVICE_UNAVAILABLE)
          .header(HttpHeaders.RETRY_AFTER, Problems.RETRY_SECONDS)
          .body(new HealthAnswer("unhealthy", "greeting-service", e.code().name()));
    }
  }
}
