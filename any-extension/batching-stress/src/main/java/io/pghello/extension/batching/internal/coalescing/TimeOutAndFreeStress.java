// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.pghello.extension.batching.internal.Deadline;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** The permit is released while one call reaches its deadline. Another call must not time out. */
@JCStressTest
@Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "it was in time")
@Outcome(id = "3, 1, 1", expect = ACCEPTABLE, desc = "it timed out")
@Outcome(expect = FORBIDDEN, desc = "lost, or ended twice")
@State
public class TimeOutAndFreeStress extends CoalescerStress {
  private final CompletableFuture<String> other;

  public TimeOutAndFreeStress() {
    acquire();
    other = future("b");
  }

  @Actor
  public void call(III_Result result) {
    result.r1 = wait(Call.ofThread(request("a"), Deadline.after(Duration.ofNanos(1_000))));
  }

  @Actor
  public void free() {
    release();
  }

  @Arbiter
  public void end(III_Result result) {
    result.r2 = kind(other, "b");
    result.r3 = nothingIsLost();
  }
}
