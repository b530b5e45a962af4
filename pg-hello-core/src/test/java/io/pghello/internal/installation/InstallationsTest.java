// SPDX-License-Identifier: MIT
package io.pghello.internal.installation;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.internal.Function;
import io.pghello.internal.ServerFunction;
import io.pghello.internal.ServerFunctions;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Shows what is kept of the places that connections lead to. */
@Timeout(60)
class InstallationsTest {
  private static final int ROUNDS = 50_000;
  private static final Map<ServerFunction, String> HERE = Map.of(Function.HELLO, "SELECT here");
  private static final Map<ServerFunction, String> THERE = Map.of(Function.HELLO, "SELECT there");

  @Test
  void keepsNoMoreThanAThousand() {
    var installations = new Installations(ServerFunctions.OF_PG_HELLO, null);
    installations.put("first", HERE);
    assertThat(installations.only()).isSameAs(HERE);
    for (int i = 0; i < 3_000; i++) {
      installations.put("tenant " + i, THERE);
      assertThat(installations.only()).isNull();
    }
    assertThat(installations.size()).isEqualTo(1_000);
  }

  @Test
  void knowsOfTwoThatAreFoundAtOnce() {
    var rounds = new Installations[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      rounds[i] = new Installations(ServerFunctions.OF_PG_HELLO, null);
    }
    var barrier = new CyclicBarrier(2);
    CompletableFuture<Void> other =
        CompletableFuture.runAsync(() -> putInAll(rounds, barrier, "there", THERE));
    putInAll(rounds, barrier, "here", HERE);
    other.join();
    for (Installations round : rounds) {
      assertThat(round.only()).isNull();
    }
  }

  private static void putInAll(
      Installations[] rounds,
      CyclicBarrier barrier,
      String place,
      Map<ServerFunction, String> found) {
    for (int i = 0; i < ROUNDS; i++) {
      if (i % 500 == 0) {
        await(barrier);
      }
      rounds[i].put(place, found);
    }
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await(20, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
