// SPDX-License-Identifier: MIT
package io.pghello.examples.quarkus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.PgHelloClient;
import io.quarkus.test.TestTransaction;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import org.junit.jupiter.api.Test;

/** Tests a Panache entity, the client, and another extension. */
@SuppressWarnings("NullAway.Init") // injected
// region test
@QuarkusTest
@WithTestResource(PostgresResource.class)
class GuestIT {
  @Inject PgHelloClient client;
  @Inject EntityManager entities;

  @Test
  @TestTransaction
  void greetsGuests() {
    var guest = new Guest();
    guest.name = "Ada";
    guest.persistAndFlush();
    assertEquals("Hello, Ada!", guest.greeting);
    assertEquals("Hello, Ada!", client.hello("Ada"));
  }

  @Test
  void findsSimilarWords() {
    String sql = "SELECT similarity('word', 'words')";
    assertEquals(0.5714286f, entities.createNativeQuery(sql, Float.class).getSingleResult());
  }
}
// endregion
