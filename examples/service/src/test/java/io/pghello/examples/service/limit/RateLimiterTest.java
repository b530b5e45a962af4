// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.bucket4j.Bandwidth;
import io.pghello.examples.service.limit.RateLimiter.Decision;
import io.pghello.examples.service.limit.RateLimiter.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RateLimiterTest {
  private static RateLimiter limiter(Map<String, Object> variables) {
    RateLimitProperties properties = RateLimitPropertiesTest.bind(variables);
    Bandwidth limit = new RateLimitConfiguration().rateLimit(properties);
    return new RateLimiter(
        properties, new MemoryBuckets(limit, properties.window(), properties.maxClients()));
  }

  private static List<Decision> takeTogether(RateLimiter limiter, int requests) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(100);
    try {
      List<Callable<Decision>> tasks = new ArrayList<>();
      for (int i = 0; i < requests; i++) {
        tasks.add(() -> limiter.tryConsumeWithDelay("client"));
      }
      var decisions = new ArrayList<Decision>();
      for (Future<Decision> future : threads.invokeAll(tasks)) {
        decisions.add(future.get());
      }
      return decisions;
    } finally {
      threads.shutdownNow();
    }
  }

  private static long count(List<Decision> decisions, Outcome outcome) {
    return decisions.stream().filter(decision -> decision.outcome() == outcome).count();
  }

  @Test
  void allowsExactlyAsManyAsItShouldHoweverManyComeTogether() throws Exception {
    List<Decision> decisions =
        takeTogether(limiter(Map.of("GREETING_RATE_LIMIT_DELAY", "0s")), 1_000);
    assertThat(count(decisions, Outcome.ALLOWED)).isEqualTo(100);
    assertThat(count(decisions, Outcome.LIMIT_REACHED)).isEqualTo(900);
    assertThat(
            decisions.stream()
                .filter(decision -> decision.outcome() == Outcome.ALLOWED)
                .map(Decision::remaining)
                .distinct())
        .hasSize(100);
  }

  @Test
  void neverAllowsMoreWhenRequestsWait() throws Exception {
    RateLimiter limiter =
        limiter(
            Map.of(
                "GREETING_RATE_LIMIT_DELAY", "1ms",
                "GREETING_RATE_LIMIT_MAX_DELAY", "1ms",
                "GREETING_RATE_LIMIT_MAX_WAITING", "5"));
    long allowed = 0;
    // rejected requests are retried
    for (int round = 0; round < 20; round++) {
      allowed += count(takeTogether(limiter, 200), Outcome.ALLOWED);
    }
    assertThat(allowed).isEqualTo(100);
  }

  @Test
  void aRequestThatFindsNoPlaceToWaitDoesNotCount() throws Exception {
    RateLimiter limiter =
        limiter(
            Map.of(
                "GREETING_RATE_LIMIT_SLOW_AFTER", "0",
                "GREETING_RATE_LIMIT_DELAY", "1h",
                "GREETING_RATE_LIMIT_MAX_DELAY", "1h",
                "GREETING_RATE_LIMIT_MAX_WAITING", "1"));
    var waiting =
        new Thread(
            () -> {
              try {
                limiter.tryConsumeWithDelay("client");
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    waiting.start();
    await().until(waiting::getState, state -> state == Thread.State.TIMED_WAITING);
    for (int i = 0; i < 3; i++) {
      Decision decision = limiter.tryConsumeWithDelay("client");
      assertThat(decision.outcome()).isEqualTo(Outcome.TOO_MANY_WAITING);
      assertThat(decision.remaining()).isEqualTo(99);
      assertThat(decision.retryAfter()).isEqualTo(Duration.ofHours(1));
    }
    waiting.interrupt();
    waiting.join();
    // an interrupted request frees its slot
    Thread.currentThread().interrupt();
    org.assertj.core.api.Assertions.assertThatExceptionOfType(InterruptedException.class)
        .isThrownBy(() -> limiter.tryConsumeWithDelay("client"));
  }

  @Test
  void takesAllOrNothing() throws Exception {
    RateLimiter limiter = limiter(Map.of("GREETING_RATE_LIMIT_REQUESTS", "10"));
    assertThat(limiter.tryConsume("client", 7).remaining()).isEqualTo(3);
    Decision refused = limiter.tryConsume("client", 4);
    assertThat(refused.outcome()).isEqualTo(Outcome.LIMIT_REACHED);
    assertThat(refused.remaining()).isEqualTo(3);
    assertThat(limiter.tryConsume("client", 3).outcome()).isEqualTo(Outcome.ALLOWED);
  }

  @Test
  void countsEachClientForItself() throws Exception {
    RateLimiter limiter = limiter(Map.of("GREETING_RATE_LIMIT_REQUESTS", "1"));
    assertThat(limiter.tryConsumeWithDelay("one").outcome()).isEqualTo(Outcome.ALLOWED);
    Decision refused = limiter.tryConsumeWithDelay("one");
    assertThat(refused.outcome()).isEqualTo(Outcome.LIMIT_REACHED);
    assertThat(refused.retryAfter()).isBetween(Duration.ofMinutes(14), Duration.ofMinutes(15));
    assertThat(limiter.tryConsumeWithDelay("two").outcome()).isEqualTo(Outcome.ALLOWED);
  }
}
