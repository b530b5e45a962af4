// SPDX-License-Identifier: MIT
package io.pghello.examples.service.load;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.pghello.examples.service.load.LoadConfiguration.LoadRunners;
import io.pghello.examples.service.load.LoadRunner.Result;
import io.pghello.examples.web.Problems;
import io.swagger.v3.oas.annotations.Hidden;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Runs a load test with limits on time, threads and calls. Only one load test runs at a time. */
@Hidden // the page uses this controller, which is usually disabled
@RestController
@RequestMapping(path = "/api/load", produces = MediaType.APPLICATION_JSON_VALUE)
class LoadController {
  private final @Nullable LoadRunners runners;
  private final Semaphore running = new Semaphore(1);

  LoadController(ObjectProvider<LoadRunners> runners) {
    this.runners = runners.getIfAvailable();
  }

  record LoadDescription(boolean enabled, int threads, long milliseconds) {}

  record LoadAnswer(
      long calls,
      @JsonProperty("calls_per_second") long callsPerSecond,
      List<BucketAnswer> histogram) {}

  record BucketAnswer(@JsonProperty("up_to_us") long upToMicros, long calls) {}

  @GetMapping
  LoadDescription describe() {
    return new LoadDescription(runners != null, LoadRunner.THREADS, LoadRunner.DURATION.toMillis());
  }

  @PostMapping
  ResponseEntity<?> run(@RequestParam("batching") boolean wanted) throws InterruptedException {
    if (runners == null) {
      return problem(HttpStatus.FORBIDDEN, "LOAD_DISABLED", "greeting.load.enabled is not true.");
    }
    if (!running.tryAcquire()) {
      return problem(HttpStatus.CONFLICT, "LOAD_RUNNING", "Another load test is running.");
    }
    try {
      return ResponseEntity.ok(answer((wanted ? runners.batching() : runners.unbatched()).run()));
    } finally {
      running.release();
    }
  }

  private static LoadAnswer answer(Result result) {
    return new LoadAnswer(
        result.calls(),
        Math.round(result.calls() * 1e9 / result.nanos()),
        result.histogram().buckets().stream()
            .map(bucket -> new BucketAnswer(bucket.upToMicros(), bucket.calls()))
            .toList());
  }

  private static ResponseEntity<?> problem(HttpStatus status, String code, String detail) {
    return ResponseEntity.status(status)
        .contentType(MediaType.APPLICATION_PROBLEM_JSON)
        .body(Problems.of(status, code, detail));
  }
}
