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
 * A caller is assigned as leader while the timeout check revokes assignments. Each call must be
 * sent exactly once.
 */
@JCStressTest
@Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "both are answered")
@Outcome(expect = FORBIDDEN, desc = "lost, or ended twice")
@State
public class WaitAndTimeOutStress extends CoalescerStress {
  private final CompletableFuture<String> other;

  public WaitAndTimeOutStress() {
    acquire();
    other = future("b");
  }

  @Actor
  public void call(III_Result result) {
    result.r1 = wait(Call.ofThread(request("a"), soon()));
  }

  @Actor
  public void freeAndCheck() {
    release();
    coalescer.checkTimeouts();
    coalescer.checkTimeouts();
  }

  @Arbiter
  public void end(III_Result result) {
    result.r2 = kind(other, "b");
    result.r3 = nothingIsLost();
  }
}
