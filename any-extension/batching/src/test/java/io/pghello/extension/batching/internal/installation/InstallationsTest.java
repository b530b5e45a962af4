// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.installation;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.NameRequest;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Shows what is cached for each database and user. */
@Timeout(60)
class InstallationsTest {
  private static final int ROUNDS = 50_000;
  private static final Map<ServerFunction, String> HERE =
      Map.of(NameRequest.FUNCTION, "SELECT here");
  private static final Map<ServerFunction, String> THERE =
      Map.of(NameRequest.FUNCTION, "SELECT there");

  @Test
  void keepsNoMoreThanAThousand() {
    var installations = new Installations(NameRequest.FUNCTIONS, null);
    installations.put("first", HERE);
    assertThat(installations.only()).isSameAs(HERE);
    for (int i = 0; i < 3_000; i++) {
      installations.put("tenant " + i, THERE);
      assertThat(installations.only()).isNull();
    }
    assertThat(installations.size()).isEqualTo(1_000);
  }

  @Test
  void detectsTwoInstallationsThatAreFoundConcurrently() {
    var rounds = new Installations[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      rounds[i] = new Installations(NameRequest.FUNCTIONS, null);
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
