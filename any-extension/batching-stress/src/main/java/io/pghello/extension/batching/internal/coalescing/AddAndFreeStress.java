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
 * A call is added while the permit is released. At least one of the two threads must see the
 * other's change.
 */
@JCStressTest
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "it is answered")
@Outcome(expect = FORBIDDEN, desc = "lost, or ended twice")
@State
public class AddAndFreeStress extends CoalescerStress {
  private CompletableFuture<String> future = new CompletableFuture<>();

  public AddAndFreeStress() {
    acquire();
  }

  @Actor
  public void add() {
    future = future("a");
  }

  @Actor
  public void free() {
    release();
  }

  @Arbiter
  public void end(II_Result result) {
    result.r1 = kind(future, "a");
    result.r2 = nothingIsLost();
  }
}
