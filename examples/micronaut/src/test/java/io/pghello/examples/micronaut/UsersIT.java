// SPDX-License-Identifier: MIT
package io.pghello.examples.micronaut;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micronaut.test.extensions.junit5.annotation.MicronautTest;
import io.micronaut.transaction.TransactionOperations;
import io.pghello.PgHelloClient;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.testkit.WireProxy;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Entities with Micronaut Data. */
@MicronautTest(transactional = false)
class UsersIT implements WithPostgres {
  private final WireProxy proxy = WireProxy.to(SERVER.port());

  @Inject PgHelloClient client;
  @Inject Users users;
  @Inject SessionFactory factory;
  @Inject TransactionOperations<Session> transactions;

  @Override
  public Map<String, String> getProperties() {
    var properties = new HashMap<>(WithPostgres.super.getProperties());
    int port = SERVER.port();
    properties.computeIfPresent(
        "datasources.default.url",
        (key, url) -> url.replace(":" + port + "/", ":" + proxy.port() + "/"));
    return properties;
  }

  @AfterEach
  void deleteAll() {
    users.deleteAll();
  }

  @Test
  void fillsOneHundredUsersInSevenRoundTrips() throws Exception {
    users.saveAll(numbered(100)); // takes two blocks of identifiers
    // begin, two blocks of identifiers, greetings and times, two batches, and commit
    proxy.assertRoundTrips(7, () -> users.saveAll(numbered(100)));
    assertThat(users.findAll())
        .hasSize(200)
        .allSatisfy(
            user -> {
              assertThat(user.getGreeting()).isEqualTo("Hello, " + user.getUsername() + "!");
              assertThat(user.getCreatedAt()).isNotNull();
            });
  }

  @Test
  void callsTheFunctionInAQuery() {
    users.save(new User("Zoë"));
    assertThat(users.greetTwice()).containsExactly("Hello, Zoë! Hello, Zoë!");
  }

  @Test
  void refusesANameWithTheCauseAtTheRoot() {
    assertThatThrownBy(() -> users.save(new User("\0")))
        .hasRootCauseInstanceOf(FunctionCallException.class);
  }

  @Test
  void callsDoNotJoinTheTransaction() {
    String greeting =
        transactions.executeWrite(
            status -> {
              status.getConnection().doWork(UsersIT::repeatTwice);
              return client.hello("Ada");
            });
    assertThat(greeting).isEqualTo("Hello, Ada!");
  }

  private static void repeatTwice(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL pg_hello.repeat = 2");
    }
  }

  @Test
  void passesSettingsToHibernate() {
    assertThat(factory.getProperties()).containsEntry("pg-hello.preflight", "fail");
  }

  private static List<User> numbered(int count) {
    return IntStream.range(0, count).mapToObj(i -> new User("user" + i)).toList();
  }
}
