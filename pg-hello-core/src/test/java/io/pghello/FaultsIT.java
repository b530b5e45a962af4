// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.PgHelloClientIT.ask;
import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Shows how faults of servers, networks and pools affect calls, and which errors the callers
 * receive.
 */
@PgHelloTest
@Timeout(60)
class FaultsIT {
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration MARGIN = Duration.ofSeconds(15);

  /** Calls that take one statement. Each call checks its answer. */
  enum Kind {
    HELLO(client -> assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!")),
    HELLO_REPEAT(client -> assertThat(client.hello("Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!")),
    HELLO_ASYNC(
        client ->
            assertThat(
                    client instanceof PgHelloAsyncOperations async
                        ? join(async.helloAsync("Ada"))
                        : client.hello("Ada"))
                .isEqualTo("Hello, Ada!")),
    HELLO_ALL(
        client ->
            assertThat(client.helloAll(List.of("Ada", "Zoë")))
                .containsExactly("Hello, Ada!", "Hello, Zoë!")),
    HELLO_EACH(
        client ->
            assertThat(client.helloEach(List.of("Ada").iterator(), greeting -> {})).isEqualTo(1)),
    NOW(
        client ->
            assertThat(client.nowMillis()).isCloseTo(System.currentTimeMillis(), within(60_000L))),
    SPI_VERSION(client -> assertThat(client.spiVersion()).startsWith("PostgreSQL ")),
    INFO(
        client ->
            assertThat(client.info().extensionVersion())
                .isEqualTo(NativeExtension.fromClassPath("pg_hello").version())),
    PREFLIGHT(client -> assertThat(client.preflight().problems()).isEmpty());

    @SuppressWarnings("ImmutableEnumChecker")
    final Consumer<PgHelloOperations> call;

    Kind(Consumer<PgHelloOperations> call) {
      this.call = call;
    }
  }

  @Tag("session") // ends sessions, which are not the client's connections
  @ParameterizedTest
  @EnumSource
  void retriesASingleCallAfterALostConnection(
      Kind kind, DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    var heard = new Heard();
    try (var connections = new KeptConnections(dataSource, 1);
        PgHelloClient client =
            PgHelloClient.builder().connections(connections).listener(heard).build()) {
      client.hello("Ada");
      terminate(superuser);
      heard.forget();
      kind.call.accept(client);
      assertThat(heard.repeated).containsExactly(Code.CONNECTION_LOST);
      assertThat(heard.statements).hasSize(2);
    }
  }

  /** The pool hands out connections without validating them. */
  @Tag("session") // ends sessions, which are not the client's connections
  @ParameterizedTest
  @EnumSource
  void repeatsACallUntilAConnectionLives(
      Kind kind, DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    var heard = new Heard();
    try (var connections = new KeptConnections(dataSource, 25);
        PgHelloClient client =
            PgHelloClient.builder()
                .connections(connections)
                .callTimeout(Duration.ofSeconds(30))
                .listener(heard)
                .build()) {
      for (int i = 0; i < 25; i++) {
        client.hello("Ada");
      }
      terminate(superuser);
      heard.forget();
      kind.call.accept(client);
      assertThat(heard.repeated).hasSize(25).containsOnly(Code.CONNECTION_LOST);
      assertThat(heard.statements).hasSize(26);
      assertThat(heard.errors).isEmpty();
    }
  }

  /** If a server ends each session that it has accepted, the client pauses between its attempts. */
  @ParameterizedTest
  @EnumSource
  void endsInTimeIfEachConnectionIsLost(Kind kind, DataSource dataSource) throws SQLException {
    var heard = new Heard();
    Duration callTimeout = Duration.ofSeconds(1);
    try (PgHelloClient client =
        PgHelloClient.builder()
            .connections(
                () -> {
                  Connection connection = dataSource.getConnection();
                  connection.close();
                  return connection;
                })
            .callTimeout(callTimeout)
            .listener(heard)
            .build()) {
      long begin = System.nanoTime();
      assertThatThrownBy(() -> kind.call.accept(client))
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> {
                // a future can time out before its statement ends, for example while the statement
                // is connecting
                if (kind != Kind.HELLO_ASYNC
                    || (e.code() != Code.TIMEOUT && e.code() != Code.CONNECTION_UNAVAILABLE)) {
                  assertThat(e)
                      .hasMessageStartingWith("The connection to the database was lost")
                      .hasCauseInstanceOf(SQLException.class);
                }
              });
      assertThat(Duration.ofNanos(System.nanoTime() - begin))
          .isBetween(callTimeout.dividedBy(2), callTimeout.plus(MARGIN));
      assertThat(heard.repeated).hasSizeBetween(1, 70);
    }
  }

  @Tag("session") // ends sessions, which are not the client's connections
  @ParameterizedTest
  @EnumSource
  void doesNotRetryIfRetriesAreOff(
      Kind kind, DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    var heard = new Heard();
    try (var connections = new KeptConnections(dataSource, 1);
        PgHelloClient client =
            PgHelloClient.builder()
                .connections(connections)
                .retryOnConnectionLoss(false)
                .listener(heard)
                .build()) {
      client.hello("Ada");
      terminate(superuser);
      heard.forget();
      assertThat(assertFails(Code.CONNECTION_LOST, () -> kind.call.accept(client)))
          .hasMessageStartingWith("The connection to the database was lost during the call.");
      assertThat(heard.repeated).isEmpty();
      assertThat(heard.statements).hasSize(1);
      kind.call.accept(client);
    }
  }

  @Tag("session") // ends sessions, which are not the client's connections
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "HELLO_ASYNC")
  void repeatsNothingForAThreadThatIsInterrupted(
      Kind kind, DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    var heard = new Heard();
    try (var connections = new KeptConnections(dataSource, 1);
        PgHelloClient client =
            PgHelloClient.builder().connections(connections).listener(heard).build()) {
      client.hello("Ada");
      terminate(superuser);
      heard.forget();
      Thread.currentThread().interrupt();
      assertFails(Code.INTERRUPTED, () -> kind.call.accept(client));
      assertThat(Thread.interrupted()).isTrue();
      assertThat(heard.repeated).isEmpty();
      assertThat(heard.statements).hasSize(1);
      kind.call.accept(client);
    }
  }

  @Test
  void repeatsNothingWhenTheTimeIsOver(DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    var heard = new Heard();
    try (var connections = new KeptConnections(dataSource, 1);
        PgHelloClient client =
            PgHelloClient.builder()
                .connections(
                    () -> {
                      // this does not use park, which returns immediately if an earlier call has
                      // left a permit
                      CompletableFuture.runAsync(
                              () -> {},
                              CompletableFuture.delayedExecutor(300, TimeUnit.MILLISECONDS))
                          .join();
                      return connections.getConnection();
                    })
                .schema("public")
                .callTimeout(Duration.ofMillis(100))
                .listener(heard)
                .build()) {
      terminate(superuser);
      assertThat(assertFails(Code.TIMEOUT, () -> client.hello("Ada")))
          .hasMessageStartingWith("The call took longer than its timeout of 100 ms.");
      assertThat(heard.repeated).isEmpty();
      assertThat(heard.statements).hasSize(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void hidesTheLossOfAPooledConnection(
      int size, DataSource dataSource, @Superuser DataSource superuser) throws Exception {
    try (var scene = new Scene(dataSource, size, builder -> {})) {
      for (Kind kind : Kind.values()) {
        String pid = ask(scene.pool, "SELECT pg_backend_pid()");
        ask(superuser, "SELECT pg_terminate_backend(" + pid + ", 5000)");
        kind.call.accept(scene.client);
      }
      scene.assertFullService();
    }
  }

  @Test
  void outlivesTerminatedBackendsUnderLoad(DataSource dataSource, @Superuser DataSource superuser)
      throws Exception {
    try (var scene = new Scene(dataSource, 8, builder -> {})) {
      Load load = Load.start(scene.client, 64, 64);
      for (int i = 0; i < 20; i++) {
        load.awaitAnswers(100);
        terminate(superuser);
      }
      load.stop().assertOnly(CALL_TIMEOUT, Code.CONNECTION_UNAVAILABLE);
      scene.assertFullService();
    }
  }

  @Test
  void outlivesAKilledServer() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        var scene = new Scene(database.dataSource(), 8, builder -> {})) {
      Load load = Load.start(scene.client, 512, 1536);
      load.awaitAnswers(5_000);
      server.kill();
      load.awaitFailure(Code.CONNECTION_UNAVAILABLE);
      Thread.sleep(200);
      server.startAgain();
      load.awaitAnswers(5_000);
      load.stop()
          .assertOnly(
              CALL_TIMEOUT, Code.CONNECTION_LOST, Code.CONNECTION_UNAVAILABLE, Code.TIMEOUT);
      scene.assertFullService();
    }
  }

  @Test
  void outlivesAServerThatIsStoppedInOrder() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        var scene = new Scene(database.dataSource(), 4, builder -> {})) {
      Load load = Load.start(scene.client, 32, 32);
      load.awaitAnswers(500);
      server.stop();
      load.awaitFailure(Code.CONNECTION_UNAVAILABLE);
      server.startAgain();
      load.awaitAnswers(500);
      load.stop()
          .assertOnly(
              CALL_TIMEOUT, Code.CONNECTION_LOST, Code.CONNECTION_UNAVAILABLE, Code.TIMEOUT);
      scene.assertFullService();
    }
  }

  @Test
  void outlivesCutConnectionsUnderLoad(DataSource dataSource, WireProxy proxy) throws Exception {
    try (var scene = new Scene(dataSource, 8, builder -> {})) {
      Load load = Load.start(scene.client, 64, 64);
      for (int i = 0; i < 20; i++) {
        load.awaitAnswers(100);
        proxy.resetConnections();
      }
      load.stop().assertOnly(CALL_TIMEOUT, Code.CONNECTION_UNAVAILABLE);
      scene.assertFullService();
    }
  }

  @ParameterizedTest
  @EnumSource
  void endsAStalledCallInTime(Kind kind, DataSource dataSource, WireProxy proxy) throws Exception {
    var heard = new Heard();
    Duration callTimeout = Duration.ofSeconds(1);
    try (var connections = new KeptConnections(dataSource, 1);
        PgHelloClient client =
            PgHelloClient.builder()
                .connections(connections)
                .callTimeout(callTimeout)
                .listener(heard)
                .build()) {
      // only the stalled call must end within the short timeout
      PgHelloOperations patient = client.withTimeout(Duration.ofSeconds(20));
      patient.hello("Ada");
      heard.forget();
      proxy.pause();
      // otherwise, a call that never ends would block the test
      CompletableFuture.delayedExecutor(30, TimeUnit.SECONDS).execute(proxy::resume);
      long begin = System.nanoTime();
      assertFails(Code.TIMEOUT, () -> kind.call.accept(client));
      Duration took = Duration.ofNanos(System.nanoTime() - begin);
      assertThat(took).isBetween(Duration.ofMillis(200), callTimeout.plus(MARGIN));
      // the statement may end a moment later than its future
      proxy.resume();
      kind.call.accept(patient);
      assertThat(heard.repeated).isEmpty();
    }
  }

  @Test
  void outlivesAStallUnderLoad(DataSource dataSource, WireProxy proxy) throws Exception {
    try (var scene = new Scene(dataSource, 4, builder -> {})) {
      Load load = Load.start(scene.client, 64, 64);
      load.awaitAnswers(500);
      proxy.pause();
      load.awaitFailure(Code.TIMEOUT);
      Thread.sleep(CALL_TIMEOUT.toMillis());
      proxy.resume();
      load.awaitAnswers(500);
      load.stop()
          .assertOnly(
              CALL_TIMEOUT, Code.TIMEOUT, Code.CONNECTION_UNAVAILABLE, Code.CONNECTION_LOST);
      scene.assertFullService();
    }
  }

  @Test
  void outlivesASlowNetwork(DataSource dataSource, WireProxy proxy) throws Exception {
    try (var scene = new Scene(dataSource, 4, builder -> {})) {
      scene.client.hello("Ada");
      proxy.delay(Duration.ofMillis(50));
      Load load = Load.start(scene.client, 64, 64);
      load.awaitAnswers(500);
      load.stop().assertOnly(CALL_TIMEOUT);
      proxy.delay(Duration.ZERO);
      scene.assertFullService();
    }
  }

  /**
   * If there is a loginTimeout of any length, pgjdbc logs in on another thread, so the call need
   * not wait for the login.
   */
  @Test
  void callTimesOutIfTheLoginStalls(DataSource dataSource, WireProxy proxy) throws Exception {
    PGSimpleDataSource unpooled = dataSource.unwrap(PGSimpleDataSource.class);
    unpooled.setLoginTimeout(60);
    try (PgHelloClient client =
        PgHelloClient.builder().dataSource(unpooled).callTimeout(CALL_TIMEOUT).build()) {
      client.hello("Ada");
      proxy.pause();
      // otherwise, a call that never ends would block the test
      CompletableFuture.delayedExecutor(20, TimeUnit.SECONDS).execute(proxy::resume);
      long begin = System.nanoTime();
      FunctionCallException e = assertFails(Code.CONNECTION_UNAVAILABLE, () -> client.hello("Ada"));
      assertThat(Duration.ofNanos(System.nanoTime() - begin))
          .isBetween(CALL_TIMEOUT.dividedBy(2), CALL_TIMEOUT.plus(MARGIN));
      assertThat(e).hasMessageContaining("within the timeout of 2000 ms");
      assertThat(Thread.currentThread().isInterrupted()).isFalse();
      proxy.resume();
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    }
  }

  @Test
  void reportsAnExhaustedPoolToAllWaitingCalls(DataSource dataSource) throws Exception {
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(1);
    // longer than the call's timeout
    config.setConnectionTimeout(30_000);
    try (var pool = new HikariDataSource(config);
        PgHelloClient client =
            PgHelloClient.builder().dataSource(pool).callTimeout(CALL_TIMEOUT).build()) {
      client.hello("Ada");
      try (Connection taken = pool.getConnection()) {
        assertThat(taken.isClosed()).isFalse();
        var calls = new ArrayList<CompletableFuture<String>>();
        ExecutorService threads = Executors.newCachedThreadPool();
        for (int i = 0; i < 30; i++) {
          calls.add(CompletableFuture.supplyAsync(() -> client.hello("Ada"), threads));
          calls.add(client.helloAsync("Ada"));
        }
        for (CompletableFuture<String> call : calls) {
          FunctionCallException e = assertFails(Code.CONNECTION_UNAVAILABLE, () -> join(call));
          assertThat(e).hasMessageContaining("within the timeout of 2000 ms");
        }
        threads.shutdown();
      }
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    }
  }

  @Tag("slow")
  @Test
  void reportsAnExhaustedPool(DataSource dataSource) throws Exception {
    try (var scene = new Scene(dataSource, 1, builder -> {})) {
      scene.client.hello("Ada");
      try (Connection taken = scene.pool.getConnection()) {
        assertThat(taken.isClosed()).isFalse();
        for (Kind kind : List.of(Kind.HELLO, Kind.HELLO_ASYNC, Kind.HELLO_ALL, Kind.PREFLIGHT)) {
          long begin = System.nanoTime();
          assertFails(Code.CONNECTION_UNAVAILABLE, () -> kind.call.accept(scene.client));
          assertThat(Duration.ofNanos(System.nanoTime() - begin))
              .isLessThan(CALL_TIMEOUT.plus(MARGIN));
        }
        Load load = Load.start(scene.client, 16, 16);
        load.awaitFailure(Code.CONNECTION_UNAVAILABLE);
        load.stop().assertOnly(CALL_TIMEOUT, Code.CONNECTION_UNAVAILABLE, Code.TIMEOUT);
      }
      scene.assertFullService();
    }
  }

  @Test
  void reportsARefusedConnection(TestDatabase database) throws Exception {
    PGSimpleDataSource nowhere = database.dataSource().unwrap(PGSimpleDataSource.class);
    nowhere.setServerNames(new String[] {"127.0.0.1"});
    nowhere.setPortNumbers(new int[] {1});
    PgHelloClient client =
        PgHelloClient.builder().dataSource(nowhere).callTimeout(CALL_TIMEOUT).build();
    Set<Thread> before = clientThreads();
    for (Kind kind : Kind.values()) {
      assertFails(Code.CONNECTION_UNAVAILABLE, () -> kind.call.accept(client));
    }
    Load load = Load.start(client, 64, 64);
    load.awaitFailure(Code.CONNECTION_UNAVAILABLE);
    load.stop().assertOnly(CALL_TIMEOUT, Code.CONNECTION_UNAVAILABLE);
    client.close();
    assertNoThreadLeft(before);
  }

  @Test
  void reportsAStatementTimeout(DataSource dataSource, @Superuser DataSource superuser)
      throws Exception {
    execute(
        superuser, "ALTER DATABASE " + ask(superuser, DATABASE) + " SET statement_timeout='1s'");
    try (var scene =
        new Scene(
            dataSource,
            2,
            builder -> builder.schema("public").callTimeout(Duration.ofMinutes(1)))) {
      slow(superuser, 20);
      assertThat(assertFails(Code.CANCELLED_BY_SERVER, () -> scene.client.hello("Ada")))
          .hasMessageStartingWith(
              "The server cancelled the call, on request or because it took too long.");
      assertFails(Code.CANCELLED_BY_SERVER, () -> join(scene.client.helloAsync("Ada")));
      assertThat(scene.client.hello("Ada", 1)).isEqualTo("Hello, Ada!");
      slow(superuser, 0);
      scene.assertFullService();
    }
  }

  @Test
  void reportsCancellationByAnotherSession(DataSource dataSource, @Superuser DataSource superuser)
      throws Exception {
    var heard = new Heard();
    try (var scene =
        new Scene(
            dataSource,
            2,
            builder ->
                builder.schema("public").listener(heard).callTimeout(Duration.ofMinutes(1)))) {
      slow(superuser, 20);
      CompletableFuture<String> future = scene.client.helloAsync("Ada");
      String cancel =
          "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE datname ="
              + " current_database() AND wait_event = 'PgSleep'";
      while (ask(superuser, cancel).equals("0") && !future.isDone()) {
        Thread.sleep(10);
      }
      assertFails(Code.CANCELLED_BY_SERVER, () -> join(future));
      assertThat(heard.repeated).isEmpty();
      slow(superuser, 0);
      scene.assertFullService();
    }
  }

  @Test
  void endsACallThatTheServerIsSlowWithInTime(
      DataSource dataSource, @Superuser DataSource superuser) throws Exception {
    Duration callTimeout = Duration.ofSeconds(1);
    try (var scene = new Scene(dataSource, 4, builder -> {})) {
      scene.assertFullService();
      slow(superuser, 20);
      for (Kind kind : List.of(Kind.HELLO, Kind.HELLO_ASYNC)) {
        long begin = System.nanoTime();
        assertFails(Code.TIMEOUT, () -> kind.call.accept(scene.client.withTimeout(callTimeout)));
        assertThat(Duration.ofNanos(System.nanoTime() - begin))
            .isBetween(Duration.ofMillis(200), callTimeout.plus(MARGIN));
      }
      slow(superuser, 0);
      scene.assertFullService();
    }
  }

  /** Occupies all sessions that the server allows for roles that are not superusers. */
  @Test
  void reportsAServerWithoutFreeConnections() throws Exception {
    var taken = new ArrayList<Connection>();
    try (ExtensionServer server =
            ExtensionServer.builder()
                .extension("pg_hello")
                .setting("max_connections", "8")
                .start();
        TestDatabase database = server.createDatabase();
        PgHelloClient client =
            PgHelloClient.builder()
                .dataSource(database.dataSource())
                .callTimeout(Duration.ofSeconds(20))
                .build()) {
      try {
        FunctionCallException e = null;
        // a superuser's session, for example one that prepares databases, can end and free a
        // session
        while (e == null) {
          takeAll(database.dataSource(), taken);
          e = failure(client);
        }
        assertThat(e.code()).isEqualTo(Code.CONNECTION_UNAVAILABLE);
        assertThat(e.sqlState()).hasValue("53300");
        assertThat(e)
            .hasMessageEndingWith(
                "Try again, reduce the size of the programs' connection pools, or raise"
                    + " max_connections.");
      } finally {
        for (Connection connection : taken) {
          connection.close();
        }
      }
      await("there is room again", () -> failure(client) == null);
    }
  }

  private static void takeAll(DataSource dataSource, List<Connection> taken) {
    try {
      while (true) {
        taken.add(dataSource.getConnection());
      }
    } catch (SQLException e) {
      assertThat(e.getSQLState()).isEqualTo("53300");
    }
  }

  private static @Nullable FunctionCallException failure(PgHelloClient client) {
    try {
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      return null;
    } catch (FunctionCallException e) {
      return e;
    }
  }

  /** Calls succeed again as soon as the extension is new enough, without a new client. */
  @Test
  void outlivesAnUpdateOfTheExtensionUnderLoad(
      DataSource dataSource, @Superuser DataSource superuser) throws Exception {
    execute(superuser, "DROP EXTENSION pg_hello");
    execute(superuser, "CREATE EXTENSION pg_hello VERSION '1.0'");
    try (var scene = new Scene(dataSource, 8, builder -> {})) {
      Load load = Load.start(scene.client, 64, 64);
      load.awaitFailure(Code.VERSION_TOO_OLD);
      execute(superuser, "ALTER EXTENSION pg_hello UPDATE");
      load.awaitAnswers(1_000);
      load.stop().assertOnly(CALL_TIMEOUT, Code.VERSION_TOO_OLD);
      scene.assertFullService();
    }
  }

  @Test
  void worksOnAServerInRecovery() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello")) {
      // the database is dropped with the server, because a standby cannot drop it
      DataSource dataSource = server.createDatabase().dataSource();
      server.stop();
      Path folder = Objects.requireNonNull(server.logFile().getParent());
      Files.createFile(folder.resolve("data").resolve("standby.signal"));
      server.startAgain();
      assertThat(ask(dataSource, "SELECT pg_is_in_recovery()")).isEqualTo("t");
      try (var scene = new Scene(dataSource, 4, builder -> {})) {
        for (Kind kind : Kind.values()) {
          kind.call.accept(scene.client);
        }
        scene.assertFullService();
      }
    }
  }

  @Tag("session") // settings of a session, or of a role at its login
  @Test
  void doesNotRetryAfterAnIdleTransactionTimeout(
      DataSource dataSource, @Superuser DataSource superuser) throws Exception {
    var heard = new Heard();
    try (PgHelloClient client =
            PgHelloClient.builder().dataSource(dataSource).listener(heard).build();
        Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      String pid = ask(connection, "SELECT pg_backend_pid()");
      statement.execute("SET idle_in_transaction_session_timeout = '1s'");
      connection.setAutoCommit(false);
      assertThat(client.withConnection(connection).hello("Ada")).isEqualTo("Hello, Ada!");
      heard.forget();
      String sessions = "SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid;
      await("the session ends", () -> ask(superuser, sessions).equals("0"));
      assertFails(Code.CONNECTION_LOST, () -> client.withConnection(connection).hello("Ada"));
      assertThat(heard.repeated).isEmpty();
      assertThat(heard.statements).containsExactly("1 CONNECTION_LOST");
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    }
  }

  /** A client with its own pool, which must be clean when the scene ends. */
  static final class Scene implements AutoCloseable {
    private final Set<Thread> threadsBefore = clientThreads();
    final HikariDataSource pool;
    final PgHelloClient client;

    Scene(DataSource dataSource, int size, Consumer<ClientBuilder<PgHelloClient>> settings)
        throws SQLException {
      var config = new HikariConfig();
      config.setDataSource(dataSource);
      config.setMaximumPoolSize(size);
      config.setConnectionTimeout(1_000);
      config.setValidationTimeout(500);
      config.setInitializationFailTimeout(-1);
      pool = new HikariDataSource(config);
      ClientBuilder<PgHelloClient> builder =
          PgHelloClient.builder().dataSource(pool).callTimeout(CALL_TIMEOUT);
      settings.accept(builder);
      client = builder.build();
      awaitAllConnections();
    }

    void assertFullService() throws Exception {
      awaitAllConnections();
      client.hello("Ada");
      Load.burst(client, 256);
    }

    /**
     * Waits until the pool has replaced lost connections, because calls wait only one second for a
     * connection.
     */
    private void awaitAllConnections() throws SQLException {
      await("all connections of the pool work", () -> work(pool.getMaximumPoolSize()));
    }

    private boolean work(int connections) {
      if (connections == 0) {
        return true;
      }
      try (Connection connection = pool.getConnection()) {
        return ask(connection, "SELECT 1").equals("1") && work(connections - 1);
      } catch (SQLException e) {
        return false;
      }
    }

    @Override
    public void close() throws SQLException {
      client.close();
      int active = pool.getHikariPoolMXBean().getActiveConnections();
      pool.close();
      assertThat(active).as("connections that were not given back").isZero();
      assertNoThreadLeft(threadsBefore);
    }
  }

  private static Set<Thread> clientThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().matches("pg-hello-\\d+"))
        .collect(Collectors.toSet());
  }

  private static void assertNoThreadLeft(Set<Thread> before) throws SQLException {
    Set<Thread> left = clientThreads();
    left.removeAll(before);
    await("the threads of a closed client end", () -> left.stream().noneMatch(Thread::isAlive));
  }

  interface Condition {
    boolean holds() throws SQLException;
  }

  static void await(String what, Condition condition) throws SQLException {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.holds()) {
      assertThat(end - System.nanoTime()).as("time left until " + what).isPositive();
      LockSupport.parkNanos(5_000_000);
    }
  }

  private static final String DATABASE = "SELECT quote_ident(current_database())";

  /** Ends all other sessions in the database, and waits until they have ended. */
  static void terminate(DataSource superuser) throws SQLException {
    String pids =
        ask(
            superuser,
            "SELECT coalesce(array_agg(pid), '{}') FROM (SELECT pid FROM pg_stat_activity WHERE"
                + " datname = current_database() AND backend_type = 'client backend' AND pid <>"
                + " pg_backend_pid() OFFSET 0) others WHERE pg_terminate_backend(pid)");
    String left = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY ('" + pids + "')";
    try (Connection connection = superuser.getConnection()) {
      long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      while (!ask(connection, left).equals("0")) {
        assertThat(System.nanoTime() - end).as("terminated sessions end").isNegative();
      }
    }
  }

  /**
   * Makes pg_hello(text) slow, for clients with a configured schema, which do not check the
   * function.
   */
  static void slow(DataSource superuser, double seconds) throws SQLException {
    execute(
        superuser,
        "CREATE OR REPLACE FUNCTION pg_hello(name text) RETURNS text LANGUAGE plpgsql STABLE STRICT"
            + " PARALLEL SAFE AS $$ BEGIN PERFORM pg_sleep("
            + seconds
            + "); RETURN 'Hello, ' || name || '!'; END $$");
  }

  static <T> T join(CompletableFuture<T> future) {
    try {
      return future.orTimeout(30, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof FunctionCallException error) {
        throw error;
      }
      throw e;
    }
  }

  static FunctionCallException assertFails(Code code, Runnable call) {
    var caught = new FunctionCallException[1];
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            FunctionCallException.class,
            e -> {
              assertThat(e.code()).as(e.getMessage()).isEqualTo(code);
              caught[0] = e;
            });
    return caught[0];
  }
}
