// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.ArgumentChecks;
import io.pghello.extension.batching.BatchMapper;
import io.pghello.extension.batching.BatchedFunction;
import io.pghello.extension.batching.ClientDefinition;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.api.BatchedFunctionIT.GreetAll;
import io.pghello.extension.batching.api.BatchedFunctionIT.Greeting;
import io.pghello.extension.batching.vertx.VertxConnections;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.WireProxy;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.ThreadingModel;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.Connection;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Shows the differences between connections of Vert.x and JDBC. */
@ExtensionTest(extensions = "pg_hello")
@Timeout(120)
class VertxConnectionsIT {
  /** The first call in a JVM takes seconds on a busy machine. */
  private static final Duration LONG = Duration.ofSeconds(50);

  private static final ExtensionDescription EXTENSION = BatchedFunctionIT.EXTENSION;

  private final VertxPools pools = new VertxPools();

  @AfterEach
  void close() throws Exception {
    pools.close();
  }

  @Test
  void oneEventLoopSendsAndCompletesBatches(DataSource dataSource, WireProxy proxy)
      throws SQLException {
    try (var greetings = greetings(dataSource, 1)) {
      get(greetings.callAsync(once("first")));
      long before = proxy.statements();
      var threads = new ArrayList<Thread>();
      List<CompletableFuture<Void>> calls =
          onEventLoop(
              () ->
                  IntStream.range(0, 500)
                      .mapToObj(
                          i ->
                              greetings
                                  .callAsync(once("u" + i))
                                  .thenAccept(
                                      answer -> {
                                        assertThat(answer).isEqualTo("Hello, u" + i + "!");
                                        threads.add(Thread.currentThread());
                                      }))
                      .toList());
      calls.forEach(VertxConnectionsIT::get);
      assertThat(threads).hasSize(500).containsOnly(onEventLoop(Thread::currentThread));
      assertThat(proxy.statements() - before).isLessThan(10);
    }
  }

  @Test
  void oneBatchIsInFlightByDefault(DataSource dataSource) throws SQLException {
    try (var greetings = greetings(dataSource, 1)) {
      assertThat(greetings.describe()).isEqualTo("Vert.x, timeout 50000 ms, batching 1 x 1024");
    }
  }

  /** Each answer causes the next call, for example in a server that answers requests. */
  @Test
  void callsOfDependentStagesShareStatements(DataSource dataSource, WireProxy proxy)
      throws SQLException {
    try (var greetings = greetings(dataSource, 2)) {
      get(greetings.callAsync(once("first")));
      long before = proxy.statements();
      List<CompletableFuture<String>> chains =
          IntStream.range(0, 100).mapToObj(i -> next(greetings, "u" + i, 10)).toList();
      for (int i = 0; i < chains.size(); i++) {
        assertThat(get(chains.get(i))).isEqualTo("Hello, u" + i + "!");
      }
      assertThat(proxy.statements() - before).isLessThan(50);
    }
  }

  private static CompletableFuture<String> next(
      BatchedFunction<Greeting, String> greetings, String name, int left) {
    CompletableFuture<String> call = greetings.callAsync(once(name));
    return left == 0 ? call : call.thenCompose(answer -> next(greetings, name, left - 1));
  }

  @Test
  void blockingCallFailsOnAnEventLoopOnly(DataSource dataSource) throws SQLException {
    try (var greetings = greetings(dataSource, 1)) {
      assertThat(greetings.call(once("Ada"))).isEqualTo("Hello, Ada!");
      FunctionCallException error =
          onEventLoop(
              () -> {
                try {
                  throw new AssertionError(greetings.call(once("Ada")));
                } catch (FunctionCallException e) {
                  return e;
                }
              });
      assertThat(error.code()).isEqualTo(Code.CONNECTION_UNAVAILABLE);
      assertThat(error).hasMessageContaining("use the asynchronous methods");
    }
  }

  @Test
  void contextOfWorkerThreadsIsRejected() {
    Pool pool = pools.pool(new PgConnectOptions(), 1);
    var worker =
        new AbstractVerticle() {
          private Context context() {
            return context;
          }
        };
    var options = new DeploymentOptions().setThreadingModel(ThreadingModel.WORKER);
    get(pools.vertx().deployVerticle(worker, options).toCompletionStage().toCompletableFuture());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> VertxConnections.of(worker.context(), pool))
        .withMessageContaining("worker threads");
  }

  @Test
  void rejectedLoginIsReported(DataSource dataSource) throws SQLException {
    PgConnectOptions options = VertxPools.options(dataSource).setPassword("wrong");
    try (var greetings = greetings(options, 1)) {
      FunctionCallException error = failure(greetings.callAsync(once("secret")));
      assertThat(error.code()).isEqualTo(Code.LOGIN_FAILED);
      assertThat(error.sqlState()).contains("28P01");
      assertThat(error).hasMessageNotContaining("secret");
    }
  }

  @Test
  void unavailableServerIsReported(DataSource dataSource) throws SQLException {
    PgConnectOptions options = VertxPools.options(dataSource).setHost("localhost").setPort(1);
    try (var greetings = greetings(options, 1)) {
      FunctionCallException error = failure(greetings.callAsync(once("Ada")));
      assertThat(error.code()).isEqualTo(Code.CONNECTION_UNAVAILABLE);
      assertThat(error.remedy()).isEqualTo("Check the URL, and that the server is running.");
    }
  }

  /** The statement of the batch ends on the server, and its connection is not used again. */
  @Tag("session") // identifies the session by its process
  @Test
  void timeoutOfABatchEndsItsStatement(DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    createSlow(superuser);
    try (var greetings = slow(pools.pool(VertxPools.options(dataSource), 1))) {
      assertThat(get(greetings.callAsync(once("Ada")))).isEqualTo("Hello, Ada!");
      long begin = System.nanoTime();
      FunctionCallException error =
          failure(greetings.withTimeout(Duration.ofSeconds(2)).callAsync(once("slow")));
      assertThat(error.code()).isEqualTo(Code.TIMEOUT);
      assertThat(Duration.ofNanos(System.nanoTime() - begin))
          .isBetween(Duration.ofMillis(1_900), Duration.ofSeconds(20));
      // the pool has only one connection, which is free again
      assertThat(get(greetings.callAsync(once("Zoë")))).isEqualTo("Hello, Zoë!");
      until(() -> running(superuser) == 0);
    }
  }

  /** Creates a function that takes a minute for some names. */
  private static void createSlow(DataSource superuser) throws SQLException {
    execute(superuser, "CREATE SCHEMA slow");
    execute(superuser, "GRANT USAGE ON SCHEMA slow TO PUBLIC");
    execute(
        superuser,
        "CREATE FUNCTION slow.pg_hello_all(names text[], repeats integer[]) RETURNS text[] LANGUAGE"
            + " plpgsql AS $$BEGIN IF names::text ~ 'slow' THEN PERFORM pg_catalog.pg_sleep(60);"
            + " END IF; RETURN pg_hello_all(names, repeats); END$$");
  }

  private BatchedFunction<Greeting, String> slow(Pool pool) {
    return BatchedFunction.builder(EXTENSION, "pg_hello_all", new GreetAll())
        .connections(VertxConnections.of(pools.context, pool))
        .schema("slow")
        .callTimeout(LONG)
        .build();
  }

  private static int running(DataSource superuser) {
    try (Connection connection = superuser.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                    + " AND datname = current_database()")) {
      row.next();
      return row.getInt(1);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void callOnAConnectionOfJdbcLeavesBatchesOnTheEventLoop(boolean first, DataSource dataSource)
      throws SQLException {
    var readers = new CopyOnWriteArrayList<Thread>();
    var mapper =
        new GreetAll() {
          @Override
          public List<String> read(Array answers) throws SQLException {
            readers.add(Thread.currentThread());
            return super.read(answers);
          }
        };
    try (var greetings = greetings(mapper, VertxPools.options(dataSource), 1);
        Connection connection = dataSource.getConnection()) {
      if (first) {
        greetings.withConnection(connection).call(once("Ada"));
      }
      get(greetings.callAsync(once("Ada")));
      assertThat(greetings.withConnection(connection).call(once("Ada"))).isEqualTo("Hello, Ada!");
      readers.clear();
      assertThat(get(greetings.callAsync(once("Zoë")))).isEqualTo("Hello, Zoë!");
      assertThat(readers).containsExactly(onEventLoop(Thread::currentThread));
    }
  }

  @Test
  void callsEndIfThePoolIsClosed(DataSource dataSource) throws Exception {
    Pool pool = pools.pool(VertxPools.options(dataSource), 1);
    try (var greetings =
        BatchedFunction.builder(EXTENSION, "pg_hello_all", new GreetAll())
            .connections(VertxConnections.of(pools.context, pool))
            .callTimeout(LONG)
            .build()) {
      assertThat(get(greetings.callAsync(once("Ada")))).isEqualTo("Hello, Ada!");
      pool.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertThat(failure(greetings.callAsync(once("Ada"))).code())
          .isIn(Code.CONNECTION_UNAVAILABLE, Code.CONNECTION_LOST);
    }
  }

  /** The arrays of JDBC for the types that createArrayOf accepts, with an element and a null. */
  static List<Arguments> types() {
    return List.of(
        Arguments.of("text", "text", new String[] {"x", null}, null),
        Arguments.of("varchar", "varchar", new String[] {"x", null}, null),
        Arguments.of("smallint", "int2", new Short[] {1, null}, null),
        Arguments.of("integer", "int4", new Integer[] {1, null}, null),
        Arguments.of("bigint", "int8", new Long[] {1L, null}, null),
        Arguments.of("real", "float4", new Float[] {1f, null}, null),
        Arguments.of("double precision", "float8", new Double[] {1d, null}, null),
        Arguments.of("boolean", "bool", new Boolean[] {true, null}, null),
        Arguments.of("bytea", "bytea", new byte[][] {{1, 0}, null}, null),
        Arguments.of("uuid", "uuid", new UUID[] {new UUID(1, 2), null}, null),
        Arguments.of(
            "date",
            "date",
            new LocalDate[] {LocalDate.of(2026, 1, 2), null},
            new Date[] {Date.valueOf("2026-01-02"), null}),
        Arguments.of(
            "timestamptz",
            "timestamptz",
            new Object[] {Instant.EPOCH.atOffset(ZoneOffset.UTC), null},
            new Timestamp[] {new Timestamp(0), null}));
  }

  @ParameterizedTest
  @MethodSource("types")
  void arraysHaveTheClassesOfJdbc(
      String type, String name, Object[] elements, Object[] read, DataSource dataSource)
      throws SQLException {
    try (Connection connection = connections(VertxPools.options(dataSource), 1).getConnection();
        PreparedStatement call = connection.prepareStatement("SELECT ?::" + type + "[]")) {
      call.setArray(1, connection.createArrayOf(name, elements));
      try (ResultSet row = call.executeQuery()) {
        assertThat(row.next()).isTrue();
        Object answer = row.getArray(1).getArray();
        Object expected = read == null ? elements : read;
        assertThat(answer).hasSameClassAs(expected);
        assertThat((Object[]) answer).isEqualTo(expected);
      }
    }
  }

  @Test
  void numericIsReadAsByJdbc(DataSource dataSource) throws SQLException {
    try (Connection connection = connections(VertxPools.options(dataSource), 1).getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT ARRAY[1.5, NULL]")) {
      assertThat(row.next()).isTrue();
      assertThat(row.getArray(1).getArray())
          .isEqualTo(new BigDecimal[] {new BigDecimal("1.5"), null});
    }
  }

  @Test
  void otherTypesAreRejectedWithTheFix(DataSource dataSource) throws SQLException {
    try (Connection connection = connections(VertxPools.options(dataSource), 1).getConnection()) {
      assertThatThrownBy(() -> connection.createArrayOf("jsonb", new String[] {"{}"}))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("Pass an array of the type text");
      assertThatThrownBy(connection::createBlob)
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("createBlob");
    }
  }

  /** Binds a value of a type that Vert.x cannot send. */
  @Test
  void parameterOfAWrongTypeFailsWithoutItsValue(DataSource dataSource) throws SQLException {
    var mapper =
        new GreetAll() {
          @Override
          public void bind(PreparedStatement statement, List<Greeting> requests)
              throws SQLException {
            super.bind(statement, requests);
            if (requests.toString().contains("secret")) {
              statement.setObject(2, "secret");
            }
          }
        };
    try (var greetings = greetings(mapper, VertxPools.options(dataSource), 1)) {
      assertThat(get(greetings.callAsync(once("Ada")))).isEqualTo("Hello, Ada!");
      FunctionCallException error = failure(greetings.callAsync(once("secret")));
      assertThat(error.code()).isEqualTo(Code.SERVER_ERROR);
      assertThat(error.getCause()).hasMessageContaining("types of the parameters");
      assertThat(error.getCause()).hasMessageNotContaining("secret");
    }
  }

  @Test
  void errorOfTheMapperFailsOnlyItsCall(DataSource dataSource) throws SQLException {
    var reads = new AtomicInteger();
    var mapper =
        new GreetAll() {
          @Override
          public List<String> read(Array answers) throws SQLException {
            if (reads.incrementAndGet() == 2) {
              throw new StackOverflowError();
            }
            return super.read(answers);
          }
        };
    try (var greetings = greetings(mapper, VertxPools.options(dataSource), 1)) {
      assertThat(get(greetings.callAsync(once("Ada")))).isEqualTo("Hello, Ada!");
      assertThat(failure(greetings.callAsync(once("Ada"))).getCause())
          .isInstanceOf(StackOverflowError.class);
      assertThat(get(greetings.callAsync(once("Ada")))).isEqualTo("Hello, Ada!");
    }
  }

  /** The event loop cannot wait for the result, so a thread of the client sends the batch. */
  @Test
  void mapperMaySendStatements(DataSource dataSource) throws SQLException {
    var mapper =
        new GreetAll() {
          @Override
          public void bind(PreparedStatement statement, List<Greeting> requests)
              throws SQLException {
            try (Statement query = statement.getConnection().createStatement();
                ResultSet row = query.executeQuery("SELECT 1")) {
              assertThat(row.next()).isTrue();
            }
            super.bind(statement, requests);
          }
        };
    try (var greetings = greetings(mapper, VertxPools.options(dataSource), 1)) {
      for (int i = 0; i < 3; i++) {
        assertThat(get(greetings.callAsync(once("Ada")))).isEqualTo("Hello, Ada!");
      }
    }
  }

  /** The pool was exhausted before, but has a connection again, on which a statement is slow. */
  @Test
  void timeoutBehindASlowStatementIsReported(DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    createSlow(superuser);
    Pool pool = pools.pool(VertxPools.options(dataSource), 1);
    try (var greetings = slow(pool)) {
      assertThat(get(greetings.callAsync(once("Ada")))).isEqualTo("Hello, Ada!");
      SqlConnection taken = get(pool.getConnection().toCompletionStage().toCompletableFuture());
      assertThat(
              failure(greetings.withTimeout(Duration.ofSeconds(1)).callAsync(once("Ada"))).code())
          .isEqualTo(Code.CONNECTION_UNAVAILABLE);
      get(taken.close().toCompletionStage().toCompletableFuture());
      CompletableFuture<String> slow =
          greetings.withTimeout(Duration.ofSeconds(4)).callAsync(once("slow"));
      until(() -> running(superuser) == 1);
      assertThat(
              failure(greetings.withTimeout(Duration.ofSeconds(1)).callAsync(once("Ada"))).code())
          .isEqualTo(Code.TIMEOUT);
      assertThat(failure(slow).code()).isEqualTo(Code.TIMEOUT);
    }
  }

  /** The role of the session may not end the session, or nobody may. */
  @Tag("session") // identifies the session by its process
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void abortedSessionIsNotUsedAgain(
      boolean otherRole, DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    createSlow(superuser);
    PgConnectOptions options = VertxPools.options(dataSource);
    if (otherRole) {
      execute(superuser, "CREATE ROLE vertx_group");
      execute(superuser, "GRANT vertx_group TO \"" + options.getUser() + '"');
      options.addProperty("role", "vertx_group");
    } else {
      execute(
          superuser,
          "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_terminate_backend(integer, bigint)"
              + " FROM PUBLIC");
    }
    try (var greetings = slow(pools.pool(options, 1))) {
      assertThat(get(greetings.callAsync(once("Ada")))).isEqualTo("Hello, Ada!");
      String session = pools.ask("SELECT pg_backend_pid()");
      assertThat(
              failure(greetings.withTimeout(Duration.ofSeconds(1)).callAsync(once("slow"))).code())
          .isEqualTo(Code.TIMEOUT);
      assertThat(pools.ask("SELECT pg_backend_pid()")).isNotEqualTo(session);
      assertThat(get(greetings.callAsync(once("Ada")))).isEqualTo("Hello, Ada!");
    } finally {
      if (otherRole) {
        execute(superuser, "DROP ROLE vertx_group");
      }
    }
  }

  /** The checks throw an exception after the statement, but before its outcome is known. */
  @Test
  void errorOfTheChecksFailsOnlyItsCall(DataSource dataSource) throws SQLException {
    ServerFunction function =
        ServerFunction.of(
            EXTENSION.functions().stream()
                .filter(each -> each.name().equals("pg_hello_all"))
                .findFirst()
                .orElseThrow());
    var reason = new IllegalStateException("check");
    ArgumentChecks<Greeting> checks =
        (state, encoding) -> {
          throw reason;
        };
    try (var greetings =
        ClientDefinition.of(EXTENSION, function, new GreetAll())
            .checks(checks)
            .builder("acme", client -> client)
            .connections(connections(VertxPools.options(dataSource), 1))
            .callTimeout(LONG)
            .build()) {
      assertThat(get(greetings.callAsync(once("Ada")))).isEqualTo("Hello, Ada!");
      assertThat(failure(greetings.callAsync(new Greeting("Ada", -1)))).hasRootCause(reason);
      assertThat(get(greetings.callAsync(once("Ada")))).isEqualTo("Hello, Ada!");
    }
  }

  private BatchedFunction<Greeting, String> greetings(DataSource dataSource, int size)
      throws SQLException {
    return greetings(VertxPools.options(dataSource), size);
  }

  private BatchedFunction<Greeting, String> greetings(PgConnectOptions options, int size) {
    return greetings(new GreetAll(), options, size);
  }

  private BatchedFunction<Greeting, String> greetings(
      BatchMapper<Greeting, String> mapper, PgConnectOptions options, int size) {
    return BatchedFunction.builder(EXTENSION, "pg_hello_all", mapper)
        .connections(connections(options, size))
        .callTimeout(LONG)
        .build();
  }

  private VertxConnections connections(PgConnectOptions options, int size) {
    return VertxConnections.of(pools.context, pools.pool(options, size));
  }

  private <T> T onEventLoop(Supplier<T> work) {
    var result = new CompletableFuture<T>();
    pools.context.runOnContext(
        unused -> {
          try {
            result.complete(work.get());
          } catch (RuntimeException | Error e) {
            result.completeExceptionally(e);
          }
        });
    return get(result);
  }

  private static Greeting once(String name) {
    return new Greeting(name, 1);
  }

  private static <T> T get(CompletableFuture<T> future) {
    return future.orTimeout(60, TimeUnit.SECONDS).join();
  }

  private static FunctionCallException failure(CompletableFuture<?> call) {
    try {
      throw new AssertionError("it has an answer: " + get(call));
    } catch (CompletionException e) {
      return (FunctionCallException) Objects.requireNonNull(e.getCause());
    }
  }

  private static void until(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(end - System.nanoTime()).as("time left to wait").isPositive();
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static void execute(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
