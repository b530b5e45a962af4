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

/** Two calls are added while a permit is available. Each call must be sent once. */
@JCStressTest
@Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "both are answered")
@Outcome(expect = FORBIDDEN, desc = "lost, or ended twice")
@State
public class AddAndAddStress extends CoalescerStress {
  private CompletableFuture<String> first = new CompletableFuture<>();
  private CompletableFuture<String> second = new CompletableFuture<>();

  @Actor
  public void first() {
    first = future("a");
  }

  @Actor
  public void second() {
    second = future("b");
  }

  @Arbiter
  public void end(III_Result result) {
    result.r1 = kind(first, "a");
    result.r2 = kind(second, "b");
    result.r3 = nothingIsLost();
  }
}
