// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.pghello.extension.batching.internal.Errors;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A call that completes at its deadline either succeeds or times out, never both. */
@JCStressTest
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "it was in time")
@Outcome(id = "3, 3", expect = ACCEPTABLE, desc = "it timed out")
@Outcome(expect = FORBIDDEN, desc = "lost, or ended twice")
@State
public class EndAndLeaveStress extends CoalescerStress {
  private final Call<CoalescerStress.Name, String> call = newCall();

  @Actor
  public void end() {
    call.end("a");
  }

  @Actor
  public void leave(II_Result result) {
    call.end(Errors.timedOut(CALL_TIMEOUT));
    result.r1 = kind(call.outcome(), "a");
  }

  @Arbiter
  public void outcome(II_Result result) {
    result.r2 = kind(call.outcome(), "a");
  }
}
