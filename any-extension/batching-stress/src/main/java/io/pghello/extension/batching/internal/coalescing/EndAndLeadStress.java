// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A call either ends or leads, never both. */
@JCStressTest
@Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "it ended")
@Outcome(id = "1, 2", expect = ACCEPTABLE, desc = "it leads")
@Outcome(expect = FORBIDDEN, desc = "lost, or ended twice")
@State
public class EndAndLeadStress extends CoalescerStress {
  private final Call<CoalescerStress.Name, String> call = newCall();

  @Actor
  public void end() {
    call.end("a");
  }

  @Actor
  public void lead(II_Result result) {
    result.r1 = call.offerLead(new Batch<>(0, false, 1, 1)) ? 1 : 0;
  }

  @Arbiter
  public void outcome(II_Result result) {
    result.r2 = kind(call.outcome(), "a");
  }
}
