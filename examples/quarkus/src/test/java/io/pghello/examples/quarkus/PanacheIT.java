// SPDX-License-Identifier: MIT
package io.pghello.examples.quarkus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.pghello.extension.testkit.WireProxy;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.test.TestTransaction;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Tests a Panache entity. */
@SuppressWarnings("NullAway.Init") // injected
@QuarkusTest
@WithPostgres("pg_hello")
class PanacheIT {
  WireProxy proxy;

  @Test
  @TestTransaction
  void fillsTheTime() {
    Guest guest = guest("Grace");
    guest.persistAndFlush();
    assertThat(guest.arrivedAt).isCloseTo(Instant.now(), within(1, ChronoUnit.MINUTES));
  }

  @Test
  @TestTransaction
  void callsTheFunctionInAQuery() {
    Guest.persist(guest("Ada"), guest("Grace"));
    // region find
    List<Guest> found = Guest.list("pg_hello(name, 2) = ?1", "Hello, Ada! Hello, Ada!");
    // endregion
    assertThat(found).extracting(guest -> guest.name).containsExactly("Ada");
  }

  @Test
  void fillsOneHundredGuestsInSevenRoundTrips() throws Exception {
    create(100);
    proxy.assertRoundTrips(7, () -> create(100));
  }

  private static void create(int count) {
    QuarkusTransaction.requiringNew()
        .run(() -> Guest.persist(IntStream.range(0, count).mapToObj(i -> guest("guest" + i))));
  }

  private static Guest guest(String name) {
    var guest = new Guest();
    guest.name = name;
    return guest;
  }
}
