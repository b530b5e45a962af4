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

/** Either the assigned leader begins or its assignment is revoked, but not both. */
@JCStressTest
@Outcome(id = "1, 0, 9", expect = ACCEPTABLE, desc = "the leader begins")
@Outcome(
    id = "0, 1, 0",
    expect = ACCEPTABLE,
    desc = "the assignment is revoked, and the call waits")
@Outcome(expect = FORBIDDEN, desc = "lost, or led twice")
@State
public class LeadAndRevokeStress extends CoalescerStress {
  private final Call<CoalescerStress.Name, String> call = newCall();
  private final Batch<CoalescerStress.Name, String> batch = new Batch<>(0, false, 1, 1);

  public LeadAndRevokeStress() {
    batch.assignTo(call);
  }

  @Actor
  public void lead(III_Result result) {
    result.r1 = call.beginLead(batch) ? 1 : 0;
  }

  @Actor
  public void revokeLead(III_Result result) {
    result.r2 = batch.revokeLead() ? 1 : 0;
  }

  @Arbiter
  public void outcome(III_Result result) {
    result.r3 = kind(call.outcome(), "a");
  }
}
