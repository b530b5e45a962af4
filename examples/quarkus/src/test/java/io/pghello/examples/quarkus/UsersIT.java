// SPDX-License-Identifier: MIT
package io.pghello.examples.quarkus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.testkit.WireProxy;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.util.List;
import java.util.stream.IntStream;
import org.hibernate.exception.DataException;
import org.junit.jupiter.api.Test;

/** Tests an entity with plain Hibernate. */
@QuarkusTest
@SuppressWarnings("NullAway.Init") // injected
@WithPostgres("pg_hello")
class UsersIT {
  @Inject Users users;

  WireProxy proxy;

  @Test
  void fillsOneHundredUsersInSevenRoundTrips() throws Exception {
    List<String> names = IntStream.range(0, 100).mapToObj(i -> "user" + i).toList();
    users.createAll(names); // takes two blocks of identifiers
    // begin, two blocks of identifiers, greetings and times, two batches, and commit
    proxy.assertRoundTrips(7, () -> users.createAll(names));
  }

  @Test
  void fillsGreetingAndTime() {
    assertThat(users.createAll(List.of("Grace", "Zoë")))
        .extracting(User::getGreeting)
        .containsExactly("Hello, Grace!", "Hello, Zoë!");
    assertThat(users.createAll(List.of("Ada"))).allMatch(user -> user.getCreatedAt() != null);
  }

  @Test
  void callsTheFunctionInHql() {
    users.createAll(List.of("Linus"));
    assertThat(users.greetAll(2)).contains("Hello, Linus! Hello, Linus!");
  }

  @Test
  void refusesANameWithTheCauseAtTheRoot() {
    assertThatThrownBy(() -> users.createAll(List.of("\0")))
        .hasRootCauseInstanceOf(FunctionCallException.class)
        .isInstanceOf(DataException.class);
  }
}
