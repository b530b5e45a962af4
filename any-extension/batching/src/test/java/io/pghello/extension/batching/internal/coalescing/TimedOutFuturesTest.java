// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Shows how many threads fail futures. */
class TimedOutFuturesTest extends CoalescerFixture {
  private final AtomicInteger executed = new AtomicInteger();
  private final AtomicInteger begun = new AtomicInteger();
  private final Semaphore steps = new Semaphore(0);

  private final Executor counting =
      task -> {
        executed.incrementAndGet();
        executor.execute(task);
      };

  private final TimedOutFutures failures = new TimedOutFutures(counting);

  @Test
  void anotherThreadStartsOnlyIfAllAreBlocked() {
    for (int i = 0; i < 10; i++) {
      failures.add(this::step);
    }
    failures.check();
    for (int i = 1; i < 6; i++) {
      int before = i;
      until(() -> begun.get() == before);
      steps.release();
      until(() -> begun.get() == before + 1);
      failures.start();
      failures.check();
      assertThat(executed).hasValue(1);
    }
    failures.check();
    assertThat(executed).hasValue(2);
    until(() -> begun.get() == 7);
    steps.release(10);
    until(() -> begun.get() == 10 && failures.isEmpty());
  }

  @Test
  void aFailureThatIsAddedLaterGetsAThread() {
    for (int i = 0; i < 2_000; i++) {
      var future = new CompletableFuture<String>();
      failures.add(() -> future.complete("failed"));
      failures.start();
      assertThat(get(future)).isEqualTo("failed");
    }
  }

  private void step() {
    begun.incrementAndGet();
    steps.acquireUninterruptibly();
  }
}
