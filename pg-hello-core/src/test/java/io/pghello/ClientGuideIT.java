// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.ServerErrors;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Contains the snippets of docs/pg-hello/client.md. */
@PgHelloTest
@SuppressWarnings("SystemOut")
class ClientGuideIT {
  @Test
  void keepsTenantsApart(DataSource dataSource) {
    DataSource routingDataSource = dataSource;
    // region routing
    PgHelloClient client =
        PgHelloClient.builder().dataSource(routingDataSource).batching(false).build();
    // endregion
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
  }

  // region fake
  /** A part of a program that can be tested without a database. */
  record Welcome(PgHelloOperations greetings) {
    String text(String name) {
      try {
        return greetings.hello(name);
      } catch (FunctionCallException e) {
        return e.code().isRetryable() ? "Hello!" : e.remedy();
      }
    }
  }

  // endregion

  @Test
  void canBeReplacedInTests() {
    // region replaced
    var overloaded =
        new FunctionCallException(FunctionCallException.Code.OVERLOADED, "Too many calls.");
    PgHelloOperations refusing =
        (PgHelloOperations)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {PgHelloOperations.class},
                (proxy, method, arguments) -> {
                  throw overloaded;
                });
    assertThat(new Welcome(refusing).text("Ada")).isEqualTo("Hello!");
    // endregion
  }

  @Test
  void createsAPoolForTheUrl(TestDatabase database) {
    String url = database.jdbcUrl();
    // region url
    try (PgHelloClient client =
        PgHelloClient.builder()
            .url(url)
            .applicationName("greetings")
            .callTimeout(Duration.ofSeconds(2))
            .pool(pool -> pool.setMaximumPoolSize(10))
            .build()) {
      System.out.println(client.hello("Ada"));
    }
    // endregion
  }

  @Test
  void greetsInEveryWay(DataSource dataSource) {
    Stream<String> lines = IntStream.range(0, 3000).mapToObj(i -> "u" + i);
    var out = new ArrayList<String>();
    // region calls
    PgHelloClient client = PgHelloClient.create(dataSource);
    String greeting = client.hello("Ada"); // Hello, Ada!
    String twice = client.withRepeat(2).hello("Ada"); // Hello, Ada! Hello, Ada!
    List<String> all = client.helloAll(List.of("Ada", "Grace")); // in order, 1,024 a round trip
    long greeted = client.helloEach(lines, out::add); // any number, in constant memory
    CompletableFuture<Integer> length = client.helloAsync("Ada").thenApply(String::length);
    PgHelloOperations patient = client.withTimeout(Duration.ofSeconds(20)); // for each of its calls
    Instant now = client.now(); // the server's clock
    PgHelloInfo info = client.info(); // versions, schema, default count
    // endregion
    assertThat(greeting).isEqualTo("Hello, Ada!");
    assertThat(twice).isEqualTo("Hello, Ada! Hello, Ada!");
    assertThat(all).containsExactly("Hello, Ada!", "Hello, Grace!");
    assertThat(greeted).isEqualTo(3000);
    assertThat(out).hasSize(3000).last().isEqualTo("Hello, u2999!");
    assertThat(length.join()).isEqualTo(11);
    assertThat(patient.hello("Ada")).isEqualTo("Hello, Ada!");
    assertThat(now).isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(60));
    assertThat(info.extensionVersion())
        .isEqualTo(NativeExtension.fromClassPath("pg_hello").version());
    assertThat(info.schema()).isEqualTo("public");
    assertThat(info.defaultRepeat()).isEqualTo(1);
  }

  @Test
  void joinsTheCallersTransaction(DataSource dataSource) throws SQLException {
    PgHelloClient client = PgHelloClient.create(dataSource);
    // region on
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      connection.createStatement().execute("SET LOCAL pg_hello.repeat = 2");
      assertThat(client.withConnection(connection).hello("Ada"))
          .isEqualTo("Hello, Ada! Hello, Ada!");
      connection.commit();
    }
    // endregion
  }

  private static void greetInOwnStatement(DataSource dataSource) {
    // region own
    var requests = List.of(PgHelloRequest.of("Ada"), PgHelloRequest.of("Zoë", 2));
    PgHelloMapper mapper = PgHelloMapper.INSTANCE;
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement("SELECT pg_hello_all(?, ?), now_ms()")) {
      mapper.bind(statement, requests);
      ResultSet row = statement.executeQuery();
      row.next();
      assertThat(mapper.read(row.getArray(1)))
          .containsExactly("Hello, Ada!", "Hello, Zoë! Hello, Zoë!");
      Instant now = Instant.ofEpochMilli(row.getLong(2));
      assertThat(now).isAfter(Instant.EPOCH);
    } catch (SQLException e) { // as an error of the client, without names
      throw ServerErrors.translate(e, PgHelloClient.extension(), mapper);
    }
    // endregion
  }

  @Test
  void ownStatementBindsRequests(DataSource dataSource) throws SQLException {
    greetInOwnStatement(dataSource);
    execute(dataSource, "DROP EXTENSION pg_hello");
    assertThatThrownBy(() -> greetInOwnStatement(dataSource))
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.sqlState()).contains("42883"));
  }

  // region seam
  /**
   * Takes the connection of the current thread's transaction. Without one, borrows from the pool.
   */
  record TransactionAware(DataSource pool, ThreadLocal<@Nullable Connection> current)
      implements ConnectionSource {
    @Override
    public Connection getConnection() throws SQLException {
      Connection bound = current.get();
      return bound != null ? bound : pool.getConnection();
    }

    @Override
    public void release(Connection connection) throws SQLException {
      if (!connection.equals(current.get())) {
        connection.close();
      }
    }

    @Override
    public boolean mayJoinBatch() {
      return current.get() == null;
    }
  }

  // endregion

  private static final ThreadLocal<@Nullable Connection> CURRENT = new ThreadLocal<>();

  @Test
  void followsTheThreadsTransaction(DataSource dataSource) throws SQLException {
    ThreadLocal<@Nullable Connection> current = CURRENT;
    PgHelloClient client =
        PgHelloClient.builder().connections(new TransactionAware(dataSource, current)).build();
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      connection.createStatement().execute("SET LOCAL pg_hello.repeat = 2");
      current.set(connection);
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada! Hello, Ada!");
      current.remove();
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      assertThat(connection.isClosed()).isFalse();
      connection.rollback();
    }
  }

  @Test
  void errorCodeShowsIfARetryCanSucceed(DataSource dataSource) throws SQLException {
    PgHelloClient client = PgHelloClient.create(dataSource);
    execute(dataSource, "DROP EXTENSION pg_hello");
    // region errors
    try {
      client.hello("Ada");
    } catch (FunctionCallException e) {
      assertThat(e.code().isRetryable()).isFalse(); // the same call would fail again
      assertThat(e.remedy()).isEqualTo("Run in this database: CREATE EXTENSION pg_hello;");
    }
    // endregion
    assertThatThrownBy(() -> client.hello("Ada")).isInstanceOf(FunctionCallException.class);
  }

  @Test
  void listenerCountsCallsAndStatements(DataSource dataSource) {
    // region listener
    var calls = new LongAdder();
    var statements = new LongAdder();
    PgHelloClient client =
        PgHelloClient.builder()
            .dataSource(dataSource)
            .listener(
                new CallListener() {
                  @Override
                  public void callEnded(CallEnded event) {
                    calls.increment();
                  }

                  @Override
                  public void statementEnded(StatementEnded event) {
                    statements.increment();
                  }
                })
            .build();
    // endregion
    client.helloAll(IntStream.range(0, 3000).mapToObj(i -> "u" + i).toList());
    client.hello("Ada");
    assertThat(calls.sum()).isEqualTo(2);
    assertThat(statements.sum()).isEqualTo(4);
  }
}
