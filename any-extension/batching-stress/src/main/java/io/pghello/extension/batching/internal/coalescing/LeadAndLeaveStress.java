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
import org.openjdk.jcstress.infra.results.III_Result;

/** A call that is assigned as leader at its deadline either leads or times out. */
@JCStressTest
@Outcome(id = "1, 2, 2", expect = ACCEPTABLE, desc = "it leads")
@Outcome(id = "0, 3, 3", expect = ACCEPTABLE, desc = "it has left")
@Outcome(expect = FORBIDDEN, desc = "lost, or ended twice")
@State
public class LeadAndLeaveStress extends CoalescerStress {
  private final Call<CoalescerStress.Name, String> call = newCall();

  @Actor
  public void lead(III_Result result) {
    result.r1 = call.offerLead(new Batch<>(0, false, 1, 1)) ? 1 : 0;
  }

  @Actor
  public void leave(III_Result result) {
    call.end(Errors.timedOut(CALL_TIMEOUT));
    result.r2 = kind(call.outcome(), "a");
  }

  @Arbiter
  public void outcome(III_Result result) {
    result.r3 = kind(call.outcome(), "a");
  }
}
