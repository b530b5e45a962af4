// SPDX-License-Identifier: MIT
package io.pghello.examples.jooq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.jooq.SQLDialect;
import org.jooq.exception.DataAccessException;
import org.jooq.exception.IntegrityConstraintViolationException;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** The users table, and a setting shared by all connections. */
@PgHelloTest
class UsersIT {
  private static Users on(Connection connection) {
    return new Users(DSL.using(connection, SQLDialect.POSTGRES));
  }

  @Test
  void welcomesInTheDatabase(Connection connection) throws Exception {
    Users users = on(connection);
    users.createSchema();
    users.signUp(List.of("alice", "bob"));
    assertThat(users.report())
        .extracting(Users.User::welcomeMessage)
        .containsExactly("Hello, alice!", "Hello, bob!");
    assertThat(users.report())
        .extracting(Users.User::createdAt)
        .allSatisfy(
            createdAt ->
                assertThat(createdAt).isCloseTo(Instant.now(), within(1, ChronoUnit.MINUTES)));
  }

  @Test
  void changesForConnectionsThatAreOpen(DataSource dataSource) throws Exception {
    try (Connection one = dataSource.getConnection();
        Connection another = dataSource.getConnection()) {
      Users users = on(one);
      users.createSchema();
      users.signUp(List.of("alice"));
      assertThat(on(another).report()).hasSize(1);

      assertThat(users.updateGreetingConfig(3))
          .startsWith("Updated from default to 3. Test: Hello, Config Test! ");
      on(another).signUp(List.of("bob"));
      assertThat(users.report())
          .extracting(Users.User::welcomeMessage)
          .containsExactly("Hello, alice!", "Hello, bob! Hello, bob! Hello, bob!");
      assertThat(on(another).report())
          .extracting(Users.User::greeting)
          .as("the current greetings")
          .contains("Hello, alice! Hello, alice! Hello, alice!");
      assertThat(on(another).updateGreetingConfig(1)).startsWith("Updated from 3 to 1.");
    }
    try (Connection later = dataSource.getConnection()) {
      on(later).signUp(List.of("carol"));
      assertThat(on(later).report().get(2).welcomeMessage()).isEqualTo("Hello, carol!");
    }
  }

  @Test
  void notifiesListeners(DataSource dataSource) throws Exception {
    try (Connection one = dataSource.getConnection();
        Connection listener = dataSource.getConnection()) {
      on(one).createSchema();
      DSL.using(listener, SQLDialect.POSTGRES).execute("listen app_config");
      on(one).updateGreetingConfig(2);
      assertThat(listener.unwrap(PGConnection.class).getNotifications(10_000))
          .singleElement()
          .satisfies(message -> assertThat(message.getParameter()).isEqualTo("greeting_repeat"));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 11, 100})
  void keepsTheCountIfTheNewOneIsInvalid(int repeat, Connection connection) throws Exception {
    Users users = on(connection);
    users.createSchema();
    users.updateGreetingConfig(2);
    assertThatThrownBy(() -> users.updateGreetingConfig(repeat))
        .isInstanceOf(DataAccessException.class)
        .hasMessageContaining("greeting_repeat_from_1_to_10");
    assertThat(users.updateGreetingConfig(10)).startsWith("Updated from 2 to 10.");
  }

  @Test
  void refusesAnotherOfTheSameName(Connection connection) throws Exception {
    Users users = on(connection);
    users.createSchema();
    assertThatThrownBy(() -> users.signUp(List.of("alice", "alice")))
        .isInstanceOf(IntegrityConstraintViolationException.class);
    assertThat(users.report()).isEmpty();
  }

  @Test
  void takesOneRoundTripHoweverMany(Connection connection, WireProxy proxy) throws Exception {
    Users users = on(connection);
    users.createSchema();
    List<String> names = IntStream.range(0, 1_000).mapToObj(i -> "user" + i).toList();
    proxy.assertRoundTrips(1, () -> users.signUp(names));
    proxy.assertRoundTrips(1, () -> assertThat(users.report()).hasSize(1_000));
    proxy.assertRoundTrips(1, () -> users.updateGreetingConfig(2));
  }
}
