// SPDX-License-Identifier: MIT
package io.pghello.examples.service.rest;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.pghello.examples.service.greeting.GreetedName;
import io.pghello.examples.service.greeting.Greetings;
import io.pghello.examples.service.greeting.Greetings.CachedGreeting;
import io.pghello.examples.service.greeting.Greetings.Greeting;
import io.swagger.v3.oas.annotations.Parameter;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** The paths of the guide's microservice. */
@RestController
@RequestMapping(produces = MediaType.APPLICATION_JSON_VALUE)
class GreetingController {
  private final Greetings greetings;

  GreetingController(Greetings greetings) {
    this.greetings = greetings;
  }

  /**
   * A greeting.
   *
   * @param cached whether it was in the cache, so that the database was not asked
   * @param timestampMillis when it was answered, by the clock of the service
   */
  record CachedGreetingAnswer(
      String greeting, boolean cached, @JsonProperty("timestamp_ms") long timestampMillis) {}

  record BatchAnswer(List<Greeting> greetings, int count) {}

  @GetMapping("/greeting/{name}")
  CachedGreetingAnswer greeting(
      @PathVariable @GreetedName String name,
      @Parameter(description = BulkRequest.REPEAT) @RequestParam(required = false) @Min(1) @Max(10)
          @Nullable Integer repeat) {
    CachedGreeting answer = greetings.greetByCache(name, repeat);
    return new CachedGreetingAnswer(answer.greeting(), answer.cached(), System.currentTimeMillis());
  }

  @DeleteMapping("/greeting/{name}")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  void evict(
      @PathVariable @GreetedName String name,
      @Parameter(description = "Which of the name's greetings; without it, all")
          @RequestParam(required = false)
          @Min(1)
          @Max(10)
          @Nullable Integer repeat) {
    greetings.evict(name, repeat);
  }

  @PostMapping(path = "/greetings/batch", consumes = MediaType.APPLICATION_JSON_VALUE)
  BatchAnswer batch(@RequestBody @Valid BulkRequest request) {
    List<Greeting> all = greetings.greetAll(request.names(), request.repeat());
    return new BatchAnswer(all, all.size());
  }
}
