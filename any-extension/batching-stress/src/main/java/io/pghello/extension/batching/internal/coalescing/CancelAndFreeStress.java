// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.CompletableFuture;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A future is cancelled while the permit is released. The future's share of the queue limit must be
 * released exactly once.
 */
@JCStressTest
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "it has left")
@Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "it was answered before")
@Outcome(expect = FORBIDDEN, desc = "the queue limit is not released, or twice")
@State
public class CancelAndFreeStress extends CoalescerStress {
  private final CompletableFuture<String> future;

  public CancelAndFreeStress() {
    acquire();
    future = future("a");
  }

  @Actor
  public void cancel(II_Result result) {
    result.r1 = future.cancel(false) ? 1 : 0;
  }

  @Actor
  public void free() {
    release();
  }

  @Arbiter
  public void end(II_Result result) {
    result.r2 = nothingIsLost();
  }
}
