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
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A caller is interrupted while the permit is released. Either only this call fails, or another
 * leader has already answered it.
 */
@JCStressTest
@Outcome(id = "4, 1, 1", expect = ACCEPTABLE, desc = "only the interrupted call failed")
@Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "another leader had already answered the call")
@Outcome(expect = FORBIDDEN, desc = "lost, or ended twice")
@State
public class InterruptAndFreeStress extends CoalescerStress {
  private final CompletableFuture<String> other;

  public InterruptAndFreeStress() {
    acquire();
    other = future("b");
  }

  @Actor
  public void call(III_Result result) {
    Thread.currentThread().interrupt();
    result.r1 = wait(Call.ofThread(request("a"), soon()));
    if (!Thread.interrupted()) {
      result.r1 = OTHER;
    }
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
