// SPDX-License-Identifier: MIT
package io.pghello.examples.quarkus;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloClient;
import io.pghello.extension.testkit.WireProxy;
import io.quarkus.test.TestTransaction;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.junit.jupiter.api.Test;

/** The client as a bean, with Agroal and JTA. */
@QuarkusTest
@SuppressWarnings("NullAway.Init") // injected
@WithPostgres("pg_hello")
class ClientIT {
  @Inject PgHelloClient client;
  @Inject DataSource dataSource;
  @Inject SessionFactory factory;

  WireProxy proxy;

  @Test
  @TestTransaction
  void callsInATransactionRunThere() throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL pg_hello.repeat = 2");
    }
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada! Hello, Ada!");
    assertThat(client.helloAsync("Ada")).isCompletedWithValue("Hello, Ada! Hello, Ada!");
    assertThat(client.helloAll(List.of("Ada"))).containsExactly("Hello, Ada! Hello, Ada!");
  }

  @Test
  void otherCallsAreBatched() throws Exception {
    assertThat(
            proxy.countRoundTrips(
                () ->
                    assertThat(
                            IntStream.range(0, 1_000)
                                .mapToObj(i -> client.helloAsync("user" + i))
                                .toList()
                                .stream()
                                .map(CompletableFuture::join))
                        .hasSize(1_000)
                        .contains("Hello, user7!")))
        .isLessThan(200);
  }

  @Test
  void findsTheExtension() {
    assertThat(client.preflight().problems()).isEmpty();
  }

  @Test
  void passesSettingsToHibernate() {
    assertThat(factory.getProperties()).containsEntry("pg-hello.preflight", "fail");
  }
}
