// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** Two callers compete for one permit. Both must get their answers. */
@JCStressTest
@Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "both are answered")
@Outcome(expect = FORBIDDEN, desc = "lost, or ended twice")
@State
public class TwoCallersStress extends CoalescerStress {
  @Actor
  public void first(III_Result result) {
    result.r1 = call("a");
  }

  @Actor
  public void second(III_Result result) {
    result.r2 = call("b");
  }

  @Arbiter
  public void end(III_Result result) {
    result.r3 = nothingIsLost();
  }
}
