// SPDX-License-Identifier: MIT
package io.pghello.examples.spring;

import io.pghello.examples.spring.GreetingService.Greeting;
import io.pghello.extension.batching.FunctionCallException;
import java.util.List;
import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
@RequestMapping("/api")
class GreetingController {
  private final GreetingService service;

  GreetingController(GreetingService service) {
    this.service = service;
  }

  @GetMapping("/greeting/{name}")
  Map<String, String> greeting(@PathVariable String name) {
    return Map.of("greeting", service.greeting(name));
  }

  @PostMapping("/bulk-greetings")
  List<Greeting> bulkGreetings(@RequestBody List<String> names) {
    return service.bulkGreetings(names);
  }

  @GetMapping("/timestamp")
  Map<String, Long> timestamp() {
    return Map.of("timestamp_ms", service.currentTimestamp());
  }

  /**
   * Converts the client's exceptions to problem details. The messages of these exceptions do not
   * contain names, so they can be returned.
   */
  @ExceptionHandler
  ProblemDetail problem(FunctionCallException e) {
    HttpStatus status =
        switch (e.code()) {
          case INVALID_ARGUMENT -> HttpStatus.BAD_REQUEST;
          default -> HttpStatus.SERVICE_UNAVAILABLE;
        };
    ProblemDetail detail = ProblemDetail.forStatusAndDetail(status, e.problem().message());
    detail.setProperty("code", e.code());
    return detail;
  }
}
