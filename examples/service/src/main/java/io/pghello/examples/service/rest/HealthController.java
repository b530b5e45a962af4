// SPDX-License-Identifier: MIT
package io.pghello.examples.service.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.pghello.PgHelloException;
import io.pghello.examples.service.greeting.Greetings;
import io.pghello.examples.service.problem.Problems;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Whether greetings can be had, as load balancers ask. Each answer is the database's. */
@RestController
class HealthController {
  private final Greetings greetings;

  HealthController(Greetings greetings) {
    this.greetings = greetings;
  }

  @JsonInclude(JsonInclude.Include.NON_NULL)
  record HealthAnswer(String status, String service, @Nullable String code) {}

  @GetMapping(path = "/health", produces = MediaType.APPLICATION_JSON_VALUE)
  ResponseEntity<HealthAnswer> health() {
    try {
      greetings.check();
      return ResponseEntity.ok(new HealthAnswer("healthy", "greeting-service", null));
    } catch (PgHelloException e) {
      return ResponseEntity.status(HttpStatus.SERVICE_UNAVAILABLE)
          .header(HttpHeaders.RETRY_AFTER, Problems.RETRY_SECONDS)
          .body(new HealthAnswer("unhealthy", "greeting-service", e.code().name()));
    }
  }
}
