// SPDX-License-Identifier: MIT
package io.pghello.examples.service.rest;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.pghello.examples.service.greeting.GreetedName;
import io.pghello.examples.service.greeting.Greetings;
import io.pghello.examples.service.greeting.Greetings.Greeting;
import io.swagger.v3.oas.annotations.Parameter;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The paths of the guide's microservice. */
@RestController
class GreetingController {
  private final Greetings greetings;

  GreetingController(Greetings greetings) {
    this.greetings = greetings;
  }

  /**
   * A greeting.
   *
   * @param cached always false: the database computed it for this request
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
    return new CachedGreetingAnswer(
        greetings.greet(name, repeat), false, System.currentTimeMillis());
  }

  @PostMapping("/greetings/batch")
  BatchAnswer batch(@RequestBody @Valid BulkRequest request) {
    List<Greeting> all = greetings.greetAll(request.names(), request.repeat());
    return new BatchAnswer(all, all.size());
  }
}
