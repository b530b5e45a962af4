// SPDX-License-Identifier: MIT
package io.pghello.examples.micronaut;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micronaut.test.extensions.junit5.annotation.MicronautTest;
import io.pghello.PgHelloClient;
import jakarta.inject.Inject;
import org.junit.jupiter.api.Test;

/** An entity with Micronaut Data, and the client. */
// region test
@MicronautTest(transactional = false)
class GreetingsIT implements WithPostgres {
  @Inject PgHelloClient client;
  @Inject Users users;

  @Test
  void greetsUsers() {
    User user = users.save(new User("Ada"));
    assertEquals("Hello, Ada!", user.getGreeting());
    assertEquals("Hello, Ada!", client.hello("Ada"));
  }
}
// endregion
