// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static io.pghello.FaultsIT.join;
import static io.pghello.PgHelloClientIT.ask;
import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests calls on the caller's own connection, in its transaction. */
@PgHelloTest
class OnConnectionIT {
  @Test
  void greetsInTheTransactionOfTheCaller(DataSource dataSource) throws SQLException {
    PgHelloClient client = PgHelloClient.create(dataSource);
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("SET LOCAL pg_hello.repeat = 3");
      PgHelloOperations view = client.withConnection(connection);
      String thrice = "Hello, Ada! Hello, Ada! Hello, Ada!";
      assertThat(view.hello("Ada")).isEqualTo(thrice);
      assertThat(view.helloAll(List.of("Ada", "Zoë")).get(0)).isEqualTo(thrice);
      assertThat(view.info().defaultRepeat()).isEqualTo(3);
      assertThat(view.withRepeat(2).hello("Ada")).isEqualTo("Hello, Ada! Hello, Ada!");
      assertThat(client.withRepeat(2).withConnection(connection).hello("Ada"))
          .isEqualTo("Hello, Ada! Hello, Ada!");
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      assertThat(state(connection)).isEqualTo(TransactionState.OPEN);
      connection.rollback();
      assertThat(view.hello("Ada")).isEqualTo("Hello, Ada!");
    }
  }

  @Test
  void doesNotEndTheTransaction(DataSource dataSource) throws SQLException {
    PgHelloClient client = PgHelloClient.create(dataSource);
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("CREATE TABLE draft ()");
      SessionsIT.callAll(client.withConnection(connection), 1);
      connection.rollback();
      assertThat(ask(connection, "SELECT to_regclass('draft') IS NULL")).isEqualTo("t");
      connection.rollback();
      statement.execute("CREATE TABLE kept ()");
      SessionsIT.callAll(client.withConnection(connection), 1);
      connection.commit();
      assertThat(ask(dataSource, "SELECT to_regclass('kept') IS NULL")).isEqualTo("f");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void changesNothingOfTheConnection(boolean autoCommit, DataSource dataSource)
      throws SQLException {
    PgHelloClient client = PgHelloClient.create(dataSource);
    try (Connection connection = dataSource.getConnection()) {
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      connection.setAutoCommit(autoCommit);
      for (int networkTimeout : new int[] {0, 3_000, 60_000}) {
        connection.setNetworkTimeout(Runnable::run, networkTimeout);
        String before = SessionsIT.state(connection);
        SessionsIT.callAll(client.withConnection(connection), 1);
        assertThat(connection.getNetworkTimeout()).isEqualTo(networkTimeout);
        assertThat(state(connection))
            .isEqualTo(autoCommit ? TransactionState.IDLE : TransactionState.OPEN);
        if (!autoCommit) {
          connection.rollback();
        }
        assertThat(SessionsIT.state(connection)).isEqualTo(before);
      }
    }
  }

  @Test
  void leavesATransactionUsableAfterARefusal(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("CREATE TABLE kept ()");
      PgHelloOperations view = PgHelloClient.create(dataSource).withConnection(connection);
      assertFails(Code.INVALID_ARGUMENT, () -> view.hello("a\0"));
      assertFails(Code.INVALID_ARGUMENT, () -> view.helloAll(List.of("Ada", "\udc00")));
      assertFails(Code.INVALID_ARGUMENT, () -> view.hello("Ada", 0));
      assertFails(Code.INVALID_ARGUMENT, () -> view.withRepeat(11));
      assertThat(state(connection)).isEqualTo(TransactionState.OPEN);
      assertThat(view.hello("Ada")).isEqualTo("Hello, Ada!");
      connection.commit();
      assertThat(ask(dataSource, "SELECT to_regclass('kept') IS NULL")).isEqualTo("f");
    }
  }

  @Test
  void reportsAFailedTransaction(DataSource dataSource) throws SQLException {
    PgHelloClient client = PgHelloClient.create(dataSource);
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      // with and without a cached installation
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> statement.execute("SELECT 1 / 0"))
            .isInstanceOf(SQLException.class);
        for (FaultsIT.Kind kind : FaultsIT.Kind.values()) {
          FunctionCallException error =
              assertFails(
                  Code.SERVER_ERROR, () -> kind.call.accept(client.withConnection(connection)));
          assertThat(error.remedy()).containsIgnoringCase("roll it back");
          assertThat(error.sqlState()).contains("25P02");
        }
        assertThat(state(connection)).isEqualTo(TransactionState.FAILED);
        connection.rollback();
        assertThat(client.withConnection(connection).hello("Ada")).isEqualTo("Hello, Ada!");
        connection.rollback();
      }
    }
  }

  @Test
  void sendsNoMoreStatementsInAFailedTransaction(
      DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    PgHelloClient client = PgHelloClient.create(dataSource);
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      client.withConnection(connection).hello("Ada");
      connection.rollback();
      execute(dataSource, "CREATE SCHEMA elsewhere");
      execute(superuser, "ALTER EXTENSION pg_hello SET SCHEMA elsewhere");
      FunctionCallException error =
          assertFails(Code.SERVER_ERROR, () -> client.withConnection(connection).hello("Ada"));
      assertThat(error.sqlState()).contains("42883");
      connection.rollback();
    }
  }

  @Test
  void serverErrorFailsTheTransaction(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      PgHelloOperations view =
          PgHelloClient.create(dataSource)
              .withConnection(connection)
              .withTimeout(Duration.ofMinutes(1));
      assertFails(Code.RESULT_TOO_LARGE, () -> view.hello("x".repeat(120_000_000), 10));
      assertThat(state(connection)).isEqualTo(TransactionState.FAILED);
      assertThat(connection.getAutoCommit()).isFalse();
      connection.rollback();
      assertThat(view.hello("Ada")).isEqualTo("Hello, Ada!");
    }
  }

  @Tag("session") // ends sessions, which are not the client's connections
  @ParameterizedTest
  @EnumSource
  void repeatsNothing(FaultsIT.Kind kind, DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    var heard = new Heard();
    PgHelloClient client = PgHelloClient.builder().dataSource(dataSource).listener(heard).build();
    for (boolean autoCommit : new boolean[] {true, false}) {
      try (Connection connection = dataSource.getConnection()) {
        connection.setAutoCommit(autoCommit);
        client.withConnection(connection).hello("Ada");
        FaultsIT.terminate(superuser);
        heard.forget();
        assertFails(
            Code.CONNECTION_LOST, () -> kind.call.accept(client.withConnection(connection)));
        assertThat(heard.repeated).isEmpty();
        assertThat(heard.statements).hasSize(1);
        assertThat(heard.calls).hasSizeLessThanOrEqualTo(1);
      }
    }
  }

  @Test
  void reportsAClosedConnection(DataSource dataSource) throws SQLException {
    Connection connection = dataSource.getConnection();
    connection.close();
    for (FaultsIT.Kind kind : FaultsIT.Kind.values()) {
      assertFails(
          Code.CONNECTION_LOST,
          () -> kind.call.accept(PgHelloClient.create(dataSource).withConnection(connection)));
    }
  }

  @Test
  void runsOnTheCallingThread(DataSource dataSource) throws Exception {
    var threads = new AtomicReference<Thread>();
    var statements = new Heard();
    CallListener listener =
        new CallListener() {
          @Override
          public void statementEnded(StatementEnded event) {
            threads.set(Thread.currentThread());
            statements.statementEnded(event);
          }
        };
    PgHelloClient client =
        PgHelloClient.builder().dataSource(dataSource).listener(listener).build();
    try (Connection connection = dataSource.getConnection()) {
      PgHelloOperations view = client.withConnection(connection);
      assertThat(view.hello("Ada")).isEqualTo("Hello, Ada!");
      assertThat(threads.get()).isEqualTo(Thread.currentThread());
      assertThat(statements.statements).containsExactly("1");
    }
  }

  /** Asynchronous calls would have to block, so the returned type does not have them. */
  @Test
  void hasNoFutures(DataSource dataSource) throws SQLException {
    try (PgHelloClient client = PgHelloClient.create(dataSource);
        Connection connection = dataSource.getConnection()) {
      for (PgHelloOperations view :
          List.of(
              client.withConnection(connection),
              client.withRepeat(2).withConnection(connection),
              client.withConnection(connection).withRepeat(2),
              client.withConnection(connection).withTimeout(Duration.ofSeconds(1)),
              client.withConnection(connection).withConnection(connection))) {
        assertThat(view)
            .isNotInstanceOf(PgHelloAsyncOperations.class)
            .isNotInstanceOf(AutoCloseable.class);
      }
      for (PgHelloOperations view :
          List.of(client.withRepeat(2), client.withTimeout(Duration.ofSeconds(1)))) {
        assertThat(view).isNotInstanceOf(AutoCloseable.class);
      }
    }
  }

  @Tag("session") // settings of a session, or of a role at its login
  @Test
  void neverJoinsABatch(DataSource dataSource) throws SQLException {
    try (PgHelloClient client =
        PgHelloClient.builder().dataSource(dataSource).maxInFlightBatches(1).build()) {
      List<String> greetings =
          IntStream.range(0, 32)
              .parallel()
              .mapToObj(
                  i -> {
                    try (Connection connection = dataSource.getConnection();
                        Statement statement = connection.createStatement()) {
                      statement.execute("SET pg_hello.repeat = " + (i % 10 + 1));
                      return client.withConnection(connection).hello("u" + i);
                    } catch (SQLException e) {
                      throw new AssertionError(e);
                    }
                  })
              .toList();
      for (int i = 0; i < greetings.size(); i++) {
        assertThat(greetings.get(i).split(" Hello").length).isEqualTo(i % 10 + 1);
      }
    }
  }

  @Test
  void closingTheClientWaitsForACall(DataSource dataSource, WireProxy proxy) throws Exception {
    PgHelloClient client =
        PgHelloClient.builder().dataSource(dataSource).callTimeout(Duration.ofSeconds(60)).build();
    try (Connection connection = dataSource.getConnection()) {
      PgHelloOperations operations = client.withConnection(connection);
      operations.hello("Ada");
      proxy.pause();
      var call = new CompletableFuture<String>();
      var caller = new Thread(() -> call.complete(operations.hello("Ada")));
      caller.start();
      while (!isInDriver(caller)) {
        assertThat(caller.isAlive()).isTrue();
        Thread.onSpinWait();
      }
      var closing = new Thread(client::close);
      closing.start();
      while (!String.valueOf(LockSupport.getBlocker(closing)).contains("Dispatcher")) {
        assertThat(closing.isAlive()).as("waits").isTrue();
        Thread.onSpinWait();
      }
      proxy.resume();
      assertThat(call.get(60, TimeUnit.SECONDS)).isEqualTo("Hello, Ada!");
      closing.join(60_000);
      assertThat(closing.isAlive()).isFalse();
    }
  }

  /** The caller must learn that its transaction is lost, even if the answer has just arrived. */
  @Test
  void givesNoAnswerOfAConnectionThatIsAborted(DataSource dataSource) throws SQLException {
    PgHelloClient client = PgHelloClient.create(dataSource);
    try (Connection connection = dataSource.getConnection()) {
      client.withConnection(connection).hello("first");
      var answered = new AtomicBoolean();
      Connection slow =
          intercepted(
              Connection.class,
              connection,
              "prepareStatement",
              prepared ->
                  intercepted(
                      PreparedStatement.class,
                      (PreparedStatement) prepared,
                      // after the answer has been read
                      "close",
                      closed -> {
                        answered.set(true);
                        awaitClosed(connection);
                        return closed;
                      }));
      PgHelloOperations operations = client.withTimeout(Duration.ofSeconds(2)).withConnection(slow);
      assertFails(Code.TIMEOUT, () -> operations.hello("Ada"));
      assertThat(answered).isTrue();
      assertThat(connection.isClosed()).isTrue();
    }
  }

  /** Returns a wrapper of an object that replaces the results of one method. */
  private static <T> T intercepted(
      Class<T> type, T object, String name, UnaryOperator<Object> replacement) {
    return type.cast(
        Proxy.newProxyInstance(
            OnConnectionIT.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                Object result = method.invoke(object, arguments);
                return method.getName().equals(name) ? replacement.apply(result) : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  private static void awaitClosed(Connection connection) {
    try {
      while (!connection.isClosed()) {
        Thread.onSpinWait();
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isInDriver(Thread thread) {
    return Arrays.stream(thread.getStackTrace())
        .anyMatch(frame -> frame.getMethodName().equals("executeQuery"));
  }

  @Test
  void takesOneRoundTripACall(DataSource dataSource, WireProxy proxy) throws Exception {
    PgHelloClient client = PgHelloClient.create(dataSource);
    try (Connection connection = dataSource.getConnection()) {
      proxy.assertRoundTrips(2, () -> client.withConnection(connection).hello("Ada"));
      for (boolean autoCommit : new boolean[] {true, false}) {
        connection.setAutoCommit(autoCommit);
        client.withConnection(connection).hello("Ada");
        proxy.assertRoundTrips(1, () -> client.withConnection(connection).hello("Ada"));
        proxy.assertRoundTrips(
            1, () -> client.withConnection(connection).helloAll(List.of("Ada", "Zoë")));
        proxy.assertRoundTrips(1, () -> client.withConnection(connection).now());
      }
    }
  }

  @Test
  void findsTheExtensionInAnotherDatabase(
      DataSource dataSource, TestDatabase database, @Superuser DataSource superuser)
      throws SQLException {
    String name = database.name() + "_other";
    execute(superuser, "CREATE DATABASE " + name);
    try {
      PGSimpleDataSource other = database.superuserDataSource().unwrap(PGSimpleDataSource.class);
      other.setDatabaseName(name);
      execute(other, "CREATE SCHEMA elsewhere");
      execute(other, "CREATE EXTENSION pg_hello SCHEMA elsewhere");
      PgHelloClient client = PgHelloClient.create(dataSource);
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      try (Connection connection = other.getConnection();
          Connection own = dataSource.getConnection()) {
        connection.setAutoCommit(false);
        own.setAutoCommit(false);
        for (int i = 0; i < 3; i++) {
          assertThat(client.withConnection(connection).hello("Ada")).isEqualTo("Hello, Ada!");
          assertThat(client.withConnection(connection).info().schema()).isEqualTo("elsewhere");
          assertThat(client.withConnection(own).helloAll(List.of("Ada")))
              .containsExactly("Hello, Ada!");
          assertThat(client.withConnection(own).info().schema()).isEqualTo("public");
          assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
          assertThat(client.info().schema()).isEqualTo("public");
        }
        assertThat(state(connection)).isEqualTo(TransactionState.OPEN);
        assertThat(state(own)).isEqualTo(TransactionState.OPEN);
      }
    } finally {
      execute(superuser, "DROP DATABASE " + name + " WITH (FORCE)");
    }
  }

  /** A routing data source for databases with the extension in different schemas. */
  @Test
  void locatesTheExtensionOncePerDatabaseOfARoutingDataSource(
      DataSource dataSource,
      TestDatabase database,
      @Superuser DataSource superuser,
      WireProxy proxy)
      throws Exception {
    String name = database.name() + "_routed";
    execute(superuser, "CREATE DATABASE " + name);
    try {
      PGSimpleDataSource other = database.superuserDataSource().unwrap(PGSimpleDataSource.class);
      other.setDatabaseName(name);
      other.setServerNames(new String[] {proxy.host()});
      other.setPortNumbers(new int[] {proxy.port()});
      execute(other, "CREATE SCHEMA elsewhere");
      execute(other, "CREATE EXTENSION pg_hello SCHEMA elsewhere");
      var elsewhere = new AtomicBoolean();
      try (Connection there = other.getConnection();
          Connection here = dataSource.getConnection();
          PgHelloClient client = routing(() -> elsewhere.get() ? there : here)) {
        // the client finds both schemas
        for (boolean which : new boolean[] {false, true, false}) {
          elsewhere.set(which);
          assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
        }
        proxy.assertRoundTrips(
            10,
            () -> {
              for (int i = 0; i < 10; i++) {
                elsewhere.set(i % 2 == 0);
                assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
              }
            });
      }
    } finally {
      execute(superuser, "DROP DATABASE " + name + " WITH (FORCE)");
    }
  }

  /** Returns a client that gets its connections from the given supplier. */
  private static PgHelloClient routing(Supplier<Connection> route) {
    return PgHelloClient.builder()
        .connections(() -> new OneConnection(route.get()).getConnection())
        .batching(false)
        .build();
  }

  /**
   * The owner of one tenant's database may have created a function with the signature of another
   * tenant's extension function.
   */
  @Test
  void callsTheInstalledFunctionInEachDatabaseOfARoutingDataSource(
      DataSource dataSource, TestDatabase database, @Superuser DataSource superuser)
      throws Exception {
    String name = database.name() + "_tenant";
    execute(superuser, "CREATE DATABASE " + name);
    try {
      PGSimpleDataSource other = database.superuserDataSource().unwrap(PGSimpleDataSource.class);
      other.setDatabaseName(name);
      execute(other, "CREATE SCHEMA elsewhere");
      execute(other, "CREATE EXTENSION pg_hello SCHEMA elsewhere");
      execute(other, "CREATE TABLE called (by name)");
      execute(
          other,
          """
          CREATE FUNCTION public.pg_hello(text, integer) RETURNS text LANGUAGE sql AS
          $$INSERT INTO public.called VALUES (current_user); SELECT 'Hello, Ada! Hello, Ada!'$$
          """);
      var elsewhere = new AtomicBoolean();
      try (Connection there = other.getConnection();
          Connection here = dataSource.getConnection();
          PgHelloClient client = routing(() -> elsewhere.get() ? there : here)) {
        for (boolean which : new boolean[] {false, true}) {
          elsewhere.set(which);
          assertThat(client.hello("Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!");
        }
      }
      // the same applies to a caller's own connection if the client otherwise uses only one
      // database
      try (Connection there = other.getConnection();
          PgHelloClient client = PgHelloClient.create(dataSource)) {
        assertThat(client.hello("Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!");
        assertThat(client.withConnection(there).hello("Ada", 2))
            .isEqualTo("Hello, Ada! Hello, Ada!");
      }
      assertThat(ask(other, "SELECT count(*) FROM called")).isEqualTo("0");
    } finally {
      execute(superuser, "DROP DATABASE " + name + " WITH (FORCE)");
    }
  }

  /** An installation found on such a connection must not affect the client's own calls. */
  @Test
  void keepsInstallationsOfDatabasesSeparate(
      DataSource dataSource, TestDatabase database, @Superuser DataSource superuser)
      throws Exception {
    String name = database.name() + "_new";
    execute(dataSource, "DROP EXTENSION pg_hello");
    execute(dataSource, "CREATE EXTENSION pg_hello VERSION '1.0'");
    execute(superuser, "CREATE DATABASE " + name);
    try {
      PGSimpleDataSource other = database.superuserDataSource().unwrap(PGSimpleDataSource.class);
      other.setDatabaseName(name);
      execute(other, "CREATE EXTENSION pg_hello");
      try (PgHelloClient client =
              PgHelloClient.builder().dataSource(dataSource).maxInFlightBatches(1).build();
          Connection connection = other.getConnection()) {
        for (int i = 0; i < 5; i++) {
          assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
          assertThat(client.withConnection(connection).helloAll(List.of("Ada", "Zoë"))).hasSize(2);
          List<CompletableFuture<String>> futures =
              IntStream.range(0, 16).mapToObj(n -> client.helloAsync("u" + n)).toList();
          for (int n = 0; n < 16; n++) {
            assertThat(join(futures.get(n))).isEqualTo("Hello, u" + n + "!");
          }
        }
      }
    } finally {
      execute(superuser, "DROP DATABASE " + name + " WITH (FORCE)");
    }
  }

  @Test
  void takesAConnectionOfAnotherUser(DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    PgHelloClient client = PgHelloClient.create(dataSource);
    try (Connection first = dataSource.getConnection();
        Connection second = superuser.getConnection()) {
      for (int i = 0; i < 3; i++) {
        SessionsIT.callAll(client.withConnection(first), 1);
        SessionsIT.callAll(client.withConnection(second), 1);
        SessionsIT.callAll(client, 1);
      }
    }
  }

  @Test
  void reportsAMissingExtensionInAnotherDatabase(
      DataSource dataSource, TestDatabase database, @Superuser DataSource superuser)
      throws SQLException {
    PGSimpleDataSource other = database.superuserDataSource().unwrap(PGSimpleDataSource.class);
    other.setDatabaseName("template1");
    PgHelloClient client = PgHelloClient.create(dataSource);
    client.hello("Ada");
    try (Connection connection = other.getConnection()) {
      connection.setAutoCommit(false);
      assertFails(Code.NOT_CREATED, () -> client.withConnection(connection).hello("Ada"));
      assertThat(state(connection)).isEqualTo(TransactionState.OPEN);
    }
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
  }

  @Test
  void endsWithTheClient(DataSource dataSource) throws SQLException {
    PgHelloClient client = PgHelloClient.create(dataSource);
    try (Connection connection = dataSource.getConnection()) {
      PgHelloOperations view = client.withConnection(connection);
      assertThat(view.hello("Ada")).isEqualTo("Hello, Ada!");
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      client.close();
      client.close();
      assertThat(connection.isClosed()).isFalse();
      for (PgHelloOperations closed :
          List.of(client, view, view.withRepeat(2), client.withRepeat(2))) {
        for (FaultsIT.Kind kind : FaultsIT.Kind.values()) {
          assertFails(Code.CLOSED, () -> kind.call.accept(closed));
        }
      }
    }
  }

  private static TransactionState state(Connection connection) throws SQLException {
    return connection.unwrap(BaseConnection.class).getTransactionState();
  }
}
