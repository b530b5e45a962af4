// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.batching.BatchMapper;
import io.pghello.extension.batching.BatchedFunction;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionAsyncOperations;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.FunctionOperations;
import io.pghello.extension.batching.TextArray;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Duration;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.util.PSQLException;

/** Shows that a program's own function is called in batches, like {@code pg_hello}. */
@ExtensionTest(extensions = "pg_hello")
@Timeout(120)
class BatchedFunctionIT {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final String POOL_CHECKS_AFTER = "com.zaxxer.hikari.aliveBypassWindowMs";

  // region function
  static final ExtensionDescription EXTENSION =
      ExtensionDescription.builder("pg_hello")
          .function("pg_hello_all(text[], integer[])", "text[]")
          .build();

  record Greeting(String name, int times) {}

  /** Greets each name so many times. */
  static class GreetAll implements BatchMapper<Greeting, String> {
    @Override
    public void bind(PreparedStatement statement, List<Greeting> requests) throws SQLException {
      var connection = statement.getConnection();
      List<String> names = requests.stream().map(Greeting::name).toList();
      Integer[] times = requests.stream().map(Greeting::times).toArray(Integer[]::new);
      statement.setArray(1, TextArray.of(connection, names));
      statement.setArray(2, connection.createArrayOf("int4", times));
    }

    @Override
    public List<String> read(Array answers) throws SQLException {
      return Arrays.asList((String[]) answers.getArray());
    }

    @Override
    public boolean matches(Greeting request, String answer) {
      return answer.startsWith("Hello, " + request.name() + "!");
    }

    @Override
    public int sizeInBytes(Greeting request) {
      return request.name().length() + Integer.BYTES;
    }
  }

  // endregion

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Heard heard = new Heard();

  @AfterEach
  void stop() throws InterruptedException {
    threads.shutdownNow();
    assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void manyThreadsShareFewStatementsAndGetTheRightAnswers(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 4);
        var greetings = builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).build()) {
      greetings.call(once("first"));
      proxy.delay(Duration.ofMillis(200));
      long before = proxy.statements();
      List<CompletableFuture<String>> calls =
          IntStream.range(0, 256)
              .mapToObj(
                  i ->
                      CompletableFuture.supplyAsync(
                          () -> greetings.call(new Greeting("u" + i, 1 + i % 3)), threads))
              .toList();
      for (int i = 0; i < calls.size(); i++) {
        assertThat(get(calls.get(i))).isEqualTo(greeting("u" + i, 1 + i % 3));
      }
      assertThat(proxy.statements() - before).isBetween(2L, 40L);
    }
  }

  @Test
  void aLoneCallTakesOneRoundTrip(DataSource dataSource, WireProxy proxy) throws Exception {
    try (var pool = pool(dataSource, 1)) {
      // region call
      try (var greetings =
          BatchedFunction.create(pool, EXTENSION, "pg_hello_all", new GreetAll())) {
        assertThat(greetings.call(new Greeting("Ada", 2))).isEqualTo("Hello, Ada! Hello, Ada!");
      }
      // endregion
      try (var greetings = builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).build()) {
        greetings.call(once("first"));
        proxy.assertRoundTrips(1, () -> greetings.call(once("Ada")));
        proxy.assertRoundTrips(1, () -> get(greetings.callAsync(once("Ada"))));
      }
    }
  }

  @Test
  void futuresThatWaitShareOneStatementInTheirOrder(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
                .maxInFlightBatches(1)
                .build()) {
      holdUp(greetings, proxy);
      List<CompletableFuture<String>> calls =
          IntStream.range(0, 100).mapToObj(i -> greetings.callAsync(once("u" + i))).toList();
      assertThat(greetings.queuedCalls()).isEqualTo(100);
      assertThat(greetings.inFlightStatements()).isEqualTo(1);
      proxy.resume();
      for (int i = 0; i < calls.size(); i++) {
        assertThat(get(calls.get(i))).isEqualTo(greeting("u" + i, 1));
      }
      assertThat(heard.statements).containsExactly("1", "1", "100");
      assertThat(heard.calls).hasSize(102).containsOnly("pg_hello_all(text[],integer[])");
    }
  }

  @Test
  void listsAndConnectionsAreCalledAsThePageShows(DataSource dataSource) throws SQLException {
    var ada = once("Ada");
    var zoe = once("Zoë");
    try (var pool = pool(dataSource, 1);
        var greetings = BatchedFunction.create(pool, EXTENSION, "pg_hello_all", new GreetAll())) {
      // region calls
      List<String> inOrder = greetings.callAll(List.of(ada, zoe)); // 1,024 a round trip
      String patient = greetings.withTimeout(Duration.ofSeconds(20)).call(ada);
      try (Connection connection = pool.getConnection()) {
        connection.setAutoCommit(false);
        String here = greetings.withConnection(connection).call(ada); // in this transaction
        assertThat(here).isEqualTo(patient);
        connection.commit();
      }
      // endregion
      assertThat(patient).isEqualTo("Hello, Ada!");
      assertThat(inOrder).containsExactly("Hello, Ada!", "Hello, Zoë!");
    }
  }

  // region errors
  /** Returns the greeting, or an empty value if the function rejects the count. */
  static Optional<String> greet(FunctionOperations<Greeting, String> greetings, Greeting request) {
    try {
      return Optional.of(greetings.call(request));
    } catch (FunctionCallException e) {
      if (e.sqlState().filter("22023"::equals).isPresent()) { // the function's errcode in C
        return Optional.empty();
      }
      if (e.code().isRetryable()) { // e.g. TIMEOUT, OVERLOADED, CONNECTION_UNAVAILABLE
        throw new IllegalStateException("Try again later", e);
      }
      throw e; // the message ends with the fix
    }
  }

  // endregion

  @Test
  void errorsAreHandledAsThePageShows(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 1);
        var greetings = builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).build()) {
      assertThat(greet(greetings, once("Ada"))).contains("Hello, Ada!");
      assertThat(greet(greetings, new Greeting("Ada", 11))).isEmpty();
      proxy.pause();
      var impatient = greetings.withTimeout(Duration.ofMillis(100));
      assertThatIllegalStateException()
          .isThrownBy(() -> greet(impatient, once("Ada")))
          .withCauseInstanceOf(FunctionCallException.class);
      proxy.resume();
    }
    var missing =
        ExtensionDescription.builder("pg_hello").function("pg_hello_all(uuid[])", "text[]").build();
    try (var pool = pool(dataSource, 1);
        var greetings = builder(pool, missing, "pg_hello_all", new GreetAll()).build()) {
      assertThatThrownBy(() -> greet(greetings, once("Ada")))
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> assertThat(e).hasMessageEndingWith(e.problem().remedy()));
    }
  }

  @Test
  void aListTakesARoundTripForEachBatch(DataSource dataSource, WireProxy proxy) throws Exception {
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).maxBatchSize(100).build()) {
      greetings.call(once("first"));
      heard.forget();
      List<Greeting> requests = IntStream.range(0, 250).mapToObj(i -> once("u" + i)).toList();
      List<String> answers = requests.stream().map(each -> greeting(each.name(), 1)).toList();
      proxy.assertRoundTrips(
          3, () -> assertThat(greetings.callAll(requests)).isEqualTo(answers).isUnmodifiable());
      proxy.assertRoundTrips(
          3,
          () ->
              assertThat(get(greetings.callAllAsync(requests)))
                  .isEqualTo(answers)
                  .isUnmodifiable());
      proxy.assertRoundTrips(
          0,
          () -> {
            assertThat(greetings.callAll(List.of())).isEmpty();
            assertThat(get(greetings.callAllAsync(List.of()))).isEmpty();
          });
      assertThat(heard.kinds).hasSize(6).containsOnly(CallListener.Kind.BULK);
      assertThat(heard.statements).containsExactly("100", "100", "50", "100", "100", "50");
      until(() -> heard.calls.size() == 4);
      assertThat(heard.calls).containsOnly("pg_hello_all(text[],integer[])");
    }
  }

  @Test
  @SuppressWarnings("NullAway")
  void aListFailsWithTheErrorOfItsArgument(DataSource dataSource, WireProxy proxy)
      throws Exception {
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).maxBatchSize(2).build()) {
      greetings.call(once("first"));
      List<Greeting> requests =
          List.of(once("a"), once("b"), once("c"), new Greeting("d", 11), once("e"));
      proxy.assertRoundTrips(2, () -> assertRefused(() -> greetings.callAll(requests)));
      proxy.assertRoundTrips(2, () -> assertRefused(() -> get(greetings.callAllAsync(requests))));
      assertThatNullPointerException().isThrownBy(() -> greetings.callAll(null));
      assertThatNullPointerException().isThrownBy(() -> greetings.callAllAsync(null));
      List<Greeting> withNull = Arrays.asList(once("a"), null);
      proxy.assertRoundTrips(
          0,
          () -> {
            assertThatNullPointerException().isThrownBy(() -> greetings.callAll(withNull));
            assertThatNullPointerException().isThrownBy(() -> greetings.callAllAsync(withNull));
          });
    }
  }

  private static void assertRefused(ThrowingCallable call) {
    assertThatThrownBy(call)
        .hasRootCauseInstanceOf(SQLException.class)
        .satisfies(
            e ->
                assertThat(e instanceof FunctionCallException ? e : e.getCause())
                    .isInstanceOfSatisfying(
                        FunctionCallException.class,
                        own -> assertThat(own.sqlState()).contains("22023")));
  }

  @Test
  void aListOfWrongAnswersIsRefused(DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    try (var pool = pool(dataSource, 1);
        var greetings = builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).build()) {
      greetings.call(once("first"));
      replace(superuser, "ARRAY['Hello, Zoë!', 'Hello, Ada!']");
      assertThatThrownBy(() -> greetings.callAll(List.of(once("Ada"), once("Zoë"))))
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> assertThat(e.code()).isEqualTo(Code.RESPONSE_MISMATCH));
    }
  }

  /** The answer matches the request, but a pooler has run another program's statement. */
  @Test
  void theAnswerOfAnotherFunctionIsRefused(DataSource dataSource) throws SQLException {
    try (var pool = pool(dataSource, 1);
        var greetings = builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).build()) {
      for (int i = 0; i < 10; i++) {
        greetings.call(once("Ada"));
      }
      String name =
          askSession(
              pool, "SELECT name FROM pg_prepared_statements WHERE statement ~ 'pg_hello_all[(]'");
      askSession(pool, "DEALLOCATE \"" + name + '"');
      askSession(
          pool,
          "PREPARE \"%s\" (text[], integer[]) AS SELECT 'other(text[])'::text, ARRAY['Hello, Ada!']"
              .formatted(name));
      assertThatThrownBy(() -> greetings.call(once("Ada")))
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> assertThat(e.code()).isEqualTo(Code.RESPONSE_MISMATCH));
    }
  }

  /**
   * A call with a shorter timeout shares a batch with a slow call, and leaves the batch when it
   * times out.
   */
  @Test
  void aSlowArgumentHoldsUpItsBatchAsLongAsEachCallHasTime(
      DataSource dataSource, @Superuser DataSource superuser, WireProxy proxy) throws SQLException {
    raising(superuser, "PERFORM pg_catalog.pg_advisory_xact_lock(7)");
    try (var pool = pool(dataSource, 1);
        var lock = superuser.getConnection();
        var greetings = inSchema("raising", pool)) {
      lock.setAutoCommit(false);
      lock.createStatement().execute("SELECT pg_catalog.pg_advisory_xact_lock(7)");
      holdUp(greetings, proxy);
      CompletableFuture<String> slow = greetings.callAsync(once("bad"));
      CompletableFuture<String> patient = greetings.callAsync(once("Ada"));
      CompletableFuture<String> hasty =
          greetings.withTimeout(Duration.ofMillis(500)).callAsync(once("Zoë"));
      proxy.resume();
      assertThat(failure(hasty, Code.TIMEOUT)).hasMessageContaining("500 ms");
      assertThat(slow).isNotDone();
      assertThat(patient).isNotDone();
      lock.rollback();
      assertThat(get(slow)).isEqualTo("Hello, bad!");
      assertThat(get(patient)).isEqualTo("Hello, Ada!");
      assertThat(heard.statements).containsExactly("1", "1", "3");
    }
  }

  @Test
  @SuppressWarnings("try") // closes it before
  void aTimeoutCountsForItsOwnCalls(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 1);
        var greetings = builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).build()) {
      FunctionAsyncOperations<Greeting, String> hasty =
          greetings.withTimeout(Duration.ofMillis(300));
      assertThat(greetings.withTimeout(LONG.plusSeconds(1)).call(once("Ada")))
          .isEqualTo("Hello, Ada!");
      assertThat(hasty.toString()).contains("300 ms");
      assertThat(hasty.withTimeout(LONG)).hasToString(greetings.toString());
      proxy.pause();
      assertTimesOut(() -> hasty.call(once("Ada")));
      assertTimesOut(() -> hasty.callAll(List.of(once("Ada"))));
      assertThatThrownBy(() -> get(hasty.callAsync(once("Ada"))))
          .hasCauseInstanceOf(FunctionCallException.class);
      proxy.resume();
      assertThat(greetings.call(once("Ada"))).isEqualTo("Hello, Ada!");
      assertThatIllegalArgumentException().isThrownBy(() -> greetings.withTimeout(Duration.ZERO));
      greetings.close();
      assertThatThrownBy(() -> hasty.call(once("Ada")))
          .isInstanceOfSatisfying(
              FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
    }
  }

  private static void assertTimesOut(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            FunctionCallException.class,
            e -> assertThat(e.code()).isIn(Code.TIMEOUT, Code.CONNECTION_UNAVAILABLE))
        .hasMessageContaining("300 ms");
  }

  /**
   * The function sees the settings of the transaction, and waiting calls do not join the
   * transaction.
   */
  @Test
  @SuppressWarnings({"NullAway", "try"}) // closes it before
  void callsRunInTheTransactionOfTheCallersConnection(
      DataSource dataSource, @Superuser DataSource superuser, WireProxy proxy) throws Exception {
    execute(superuser, "CREATE SCHEMA raising");
    execute(superuser, "GRANT USAGE ON SCHEMA raising TO PUBLIC");
    execute(
        superuser,
        "CREATE FUNCTION raising.pg_hello_all(names text[], repeats integer[]) RETURNS text[]"
            + " LANGUAGE sql AS $$SELECT pg_catalog.array_agg(pg_catalog.concat('Hello, ', name,"
            + " '!', pg_catalog.current_setting('app.tenant', true))) FROM pg_catalog.unnest(names)"
            + " name$$");
    try (var pool = pool(dataSource, 2);
        var greetings = inSchema("raising", pool);
        var connection = pool.getConnection()) {
      greetings.call(once("first"));
      connection.setAutoCommit(false);
      connection.createStatement().execute("SET LOCAL app.tenant = ' (7)'");
      FunctionOperations<Greeting, String> here = greetings.withConnection(connection);
      assertThat(here.call(once("Ada"))).isEqualTo("Hello, Ada! (7)");
      proxy.assertRoundTrips(
          1,
          () ->
              assertThat(here.callAll(List.of(once("Ada"), once("Zoë"))))
                  .containsExactly("Hello, Ada! (7)", "Hello, Zoë! (7)"));
      proxy.assertRoundTrips(
          1, () -> assertThat(here.withTimeout(LONG).call(once("Bo"))).isEqualTo("Hello, Bo! (7)"));
      assertThat(greetings.call(once("Ada"))).isEqualTo("Hello, Ada!");
      assertThat(connection.getAutoCommit()).isFalse();
      assertThat(greetings.inFlightStatements()).isZero();
      connection.createStatement().execute("SELECT 1");
      connection.rollback();
      assertThatNullPointerException().isThrownBy(() -> greetings.withConnection(null));
      greetings.close();
      assertThatThrownBy(() -> here.call(once("Ada")))
          .isInstanceOfSatisfying(
              FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
      assertThatThrownBy(() -> here.callAll(List.of(once("Ada"))))
          .isInstanceOfSatisfying(
              FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
      assertThat(connection.isClosed()).isFalse();
    }
  }

  @Test
  void anErrorOnTheCallersConnectionIsNotSentAgain(DataSource dataSource, WireProxy proxy)
      throws Exception {
    try (var pool = pool(dataSource, 1);
        var greetings = builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).build()) {
      greetings.call(once("first"));
      try (var connection = pool.getConnection()) {
        connection.setAutoCommit(false);
        FunctionOperations<Greeting, String> here = greetings.withConnection(connection);
        here.call(once("Ada"));
        proxy.assertRoundTrips(
            1,
            () -> assertRefused(() -> here.callAll(List.of(once("Ada"), new Greeting("Zoë", 11)))));
        connection.rollback();
        assertThat(here.call(once("Ada"))).isEqualTo("Hello, Ada!");
      }
    }
  }

  @Test
  void functionsOnOnePoolDoNotMixAnswers(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 4);
        var once = builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).build();
        var thrice = builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).build();
        var twice = builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).build()) {
      proxy.delay(Duration.ofMillis(5));
      var calls = new ArrayList<CompletableFuture<Boolean>>();
      for (int i = 0; i < 300; i++) {
        String name = "u" + i;
        calls.add(once.callAsync(once(name)).thenApply(greeting(name, 1)::equals));
        calls.add(thrice.callAsync(new Greeting(name, 3)).thenApply(greeting(name, 3)::equals));
        calls.add(twice.callAsync(new Greeting(name, 2)).thenApply(greeting(name, 2)::equals));
      }
      assertThat(calls).allMatch(BatchedFunctionIT::get);
    }
  }

  @Test
  void argumentThatTheServerRejectsFailsOnlyItsCall(DataSource dataSource, WireProxy proxy)
      throws SQLException {
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
                .maxInFlightBatches(1)
                .build()) {
      String session = askSession(pool, "SELECT pg_backend_pid()");
      holdUp(greetings, proxy);
      List<CompletableFuture<String>> calls =
          IntStream.range(0, 32)
              .mapToObj(
                  i ->
                      switch (i) {
                        case 3 -> greetings.callAsync(new Greeting("secret", 11));
                        case 20 -> greetings.callAsync(once("secret \0"));
                        default -> greetings.callAsync(once("u" + i));
                      })
              .toList();
      proxy.resume();
      for (int i = 0; i < calls.size(); i++) {
        if (i == 3 || i == 20) {
          String state = i == 3 ? "22023" : "22021";
          assertThat(failure(calls.get(i), Code.SERVER_ERROR).sqlState()).contains(state);
        } else {
          assertThat(get(calls.get(i))).isEqualTo(greeting("u" + i, 1));
        }
      }
      assertThatThrownBy(() -> greetings.call(once("secret \0")))
          .isInstanceOfSatisfying(
              FunctionCallException.class, e -> assertThat(e.sqlState()).contains("22021"))
          .hasMessageNotContaining("secret");
      assertThat(askSession(pool, "SELECT pg_backend_pid()")).isEqualTo(session);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 21", "1000, 1999"})
  void rejectedArgumentsInABatchNeedAtMostTheExpectedStatements(
      int refused, int statements, DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
                .maxInFlightBatches(1)
                .maxBatchSize(1000)
                .build()) {
      long before = holdUp(greetings, proxy);
      List<CompletableFuture<String>> calls =
          IntStream.range(0, 1000)
              .mapToObj(i -> greetings.callAsync(new Greeting("u" + i, i < refused ? 11 : 1)))
              .toList();
      proxy.resume();
      for (int i = 0; i < calls.size(); i++) {
        if (i < refused) {
          failure(calls.get(i), Code.SERVER_ERROR);
        } else {
          assertThat(get(calls.get(i))).isEqualTo(greeting("u" + i, 1));
        }
      }
      assertThat(proxy.statements() - before).isBetween(2L, (long) statements);
    }
  }

  /** A single call may have caused any of these errors, so the batch is sent again in parts. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "02000", "0A000", "21000", "22003", "22P02", "22P05", "23514", "26000", "2F003", "38001",
        "42601", "42P05", "44000", "53200", "53400", "54000", "55000", "58030", "58P01", "72000",
        "F0000", "HV000", "P0001", "P0002", "XX000", "XX001"
      })
  void errorForOneArgumentFailsOnlyItsCall(
      String state, DataSource dataSource, @Superuser DataSource superuser, WireProxy proxy)
      throws SQLException {
    raising(
        superuser, "RAISE EXCEPTION 'no greeting for %', names USING ERRCODE = '" + state + "'");
    try (var pool = pool(dataSource, 1);
        var greetings = inSchema("raising", pool)) {
      long before = holdUp(greetings, proxy);
      CompletableFuture<String> refused = greetings.callAsync(once("bad"));
      CompletableFuture<String> other = greetings.callAsync(once("Ada"));
      proxy.resume();
      assertThat(get(other)).isEqualTo("Hello, Ada!");
      FunctionCallException own = failure(refused, Code.SERVER_ERROR);
      assertThat(own.sqlState()).contains(state);
      assertThat(own)
          .hasMessageStartingWith(
              "The server reported an error (" + state + "): no greeting for {bad}. See the cause")
          .hasCauseInstanceOf(SQLException.class);
      assertThat(heard.statements.subList(2, 5))
          .containsExactly("2 SERVER_ERROR", "1 SERVER_ERROR", "1");
      // the driver itself repeats statements that it considers stale (0A000, 26000)
      assertThat(proxy.statements() - before).isBetween(3L, 5L);
    }
  }

  /** The server also reports these errors if a pooler mixes up prepared statements. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "EXECUTE 'DEALLOCATE secret'",
        "EXECUTE 'EXECUTE secret'",
        "EXECUTE 'PREPARE secret AS SELECT 1'; EXECUTE 'PREPARE secret AS SELECT 1'",
        // the server's words are: cached plan must not change result type
        "EXECUTE 'CREATE TEMP TABLE kept (a int)'; EXECUTE 'PREPARE p' || (1e9 * random())::bigint"
            + " || ' AS TABLE kept'; EXECUTE 'ALTER TABLE kept ADD secret int'; EXECUTE (SELECT"
            + " 'EXECUTE ' || name FROM pg_prepared_statements WHERE statement LIKE '%TABLE kept'"
            + " ORDER BY prepare_time DESC LIMIT 1)"
      })
  void functionThatUsesPreparedStatementsFailsOnlyItsCall(
      String statement, DataSource dataSource, @Superuser DataSource superuser, WireProxy proxy)
      throws SQLException {
    raising(superuser, statement);
    try (var pool = pool(dataSource, 1);
        var greetings = inSchema("raising", pool)) {
      holdUp(greetings, proxy);
      CompletableFuture<String> refused = greetings.callAsync(once("bad"));
      CompletableFuture<String> other = greetings.callAsync(once("Ada"));
      proxy.resume();
      assertThat(get(other)).isEqualTo("Hello, Ada!");
      FunctionCallException own = failure(refused);
      assertThat(own.code()).isEqualTo(Code.SERVER_ERROR);
      assertThat(own.getMessage()).containsAnyOf("secret", "cached plan");
    }
  }

  /** An error of an inlined function has no context, but is not an installation problem either. */
  @ParameterizedTest
  @ValueSource(strings = {"regproc", "regoper", "regnamespace"})
  void errorInAnInlinedFunctionFailsOnlyItsCall(
      String type, DataSource dataSource, @Superuser DataSource superuser, WireProxy proxy)
      throws SQLException {
    execute(superuser, "CREATE SCHEMA raising");
    execute(superuser, "GRANT USAGE ON SCHEMA raising TO PUBLIC");
    execute(
        superuser,
        "CREATE FUNCTION raising.pg_hello_all(names text[], repeats integer[]) RETURNS text[]"
            + " LANGUAGE sql STABLE AS $$ SELECT CASE WHEN names::text ~ 'bad' THEN names::"
            + type
            + "[]::text[] ELSE public.pg_hello_all(names, repeats) END $$");
    try (var pool = pool(dataSource, 1);
        var greetings = inSchema("raising", pool)) {
      holdUp(greetings, proxy);
      CompletableFuture<String> refused = greetings.callAsync(once("bad"));
      CompletableFuture<String> other = greetings.callAsync(once("Ada"));
      proxy.resume();
      assertThat(get(other)).isEqualTo("Hello, Ada!");
      failure(refused, Code.SERVER_ERROR);
    }
  }

  /**
   * Errors of the connection, the transaction or a shutdown, and errors that end a wait, which each
   * part of the batch would repeat.
   */
  @ParameterizedTest
  @CsvSource({
    "25006, SERVER_ERROR",
    "28000, SERVER_ERROR",
    "3D000, SERVER_ERROR",
    "40001, SERVER_ERROR",
    "40P01, SERVER_ERROR",
    "55P03, SERVER_ERROR",
    "57000, SERVER_ERROR",
    "57014, CANCELLED_BY_SERVER"
  })
  void anErrorOfTheBatchHasNoWordsOfACall(
      String state,
      Code code,
      DataSource dataSource,
      @Superuser DataSource superuser,
      WireProxy proxy)
      throws SQLException {
    raising(
        superuser, "RAISE EXCEPTION 'no greeting for %', names USING ERRCODE = '" + state + "'");
    try (var pool = pool(dataSource, 1);
        var greetings = inSchema("raising", pool)) {
      long before = holdUp(greetings, proxy);
      CompletableFuture<String> first = greetings.callAsync(once("bad"));
      CompletableFuture<String> second = greetings.callAsync(once("Ada"));
      proxy.resume();
      for (CompletableFuture<String> call : List.of(first, second)) {
        FunctionCallException error = failure(call, code);
        assertThat(error.sqlState()).contains(state);
        assertThat(error).hasMessageNotContaining("bad").hasNoCause().hasNoSuppressedExceptions();
      }
      assertThat(proxy.statements() - before).isEqualTo(1);
      // in a separate statement, the error contains the server's message
      if (code == Code.SERVER_ERROR) {
        assertThat(failure(greetings.callAsync(once("bad")), code))
            .hasMessageContaining("no greeting for {bad}")
            .hasCauseInstanceOf(SQLException.class);
      }
    }
  }

  /** The error codes of PostgreSQL 18, and some codes that only extensions use. */
  private static final String ALL_STATES =
      """
      00001 01003 01004 01006 01007 01008 0100C 01P01 02000 02001 03000 08000 08001 08003 08004
      08006 08007 08P01 09000 0A000 0B000 0F000 0F001 0L000 0LP01 0P000 0Z000 0Z002 10608 20000
      21000 22000 22001 22002 22003 22004 22005 22007 22008 22009 2200B 2200C 2200D 2200F 2200G
      2200H 2200L 2200M 2200N 2200S 2200T 22010 22011 22012 22013 22014 22015 22016 22018 22019
      2201B 2201E 2201F 2201G 2201W 2201X 22021 22022 22023 22024 22025 22026 22027 2202E 2202G
      2202H 22030 22031 22032 22033 22034 22035 22036 22037 22038 22039 2203A 2203B 2203C 2203D
      2203E 2203F 2203G 22P01 22P02 22P03 22P04 22P05 22P06 23000 23001 23502 23503 23505 23514
      23P01 24000 25000 25001 25002 25003 25004 25005 25006 25007 25008 25P01 25P02 25P03 25P04
      26000 27000 28000 28P01 2B000 2BP01 2D000 2F000 2F002 2F003 2F004 2F005 34000 38000 38001
      38002 38003 38004 39000 39001 39004 39P01 39P02 39P03 3B000 3B001 3D000 3F000 40000 40001
      40002 40003 40P01 42000 42501 42601 42602 42611 42622 42701 42702 42703 42704 42710 42712
      42723 42725 42803 42804 42809 42830 42846 42883 428C9 42939 42P01 42P02 42P03 42P04 42P05
      42P06 42P07 42P08 42P09 42P10 42P11 42P12 42P13 42P14 42P15 42P16 42P17 42P18 42P19 42P20
      42P21 42P22 44000 53000 53100 53200 53300 53400 54000 54001 54011 54023 55000 55006 55P02
      55P03 55P04 57000 57014 57P01 57P02 57P03 57P04 57P05 58000 58030 58P01 58P02 58P03 99999
      F0000 F0001 HV000 HV001 HV002 HV004 HV005 HV006 HV007 HV008 HV009 HV00A HV00B HV00C HV00D
      HV00J HV00K HV00L HV00M HV00N HV00P HV00Q HV00R HV010 HV014 HV021 HV024 HV090 HV091 P0000
      P0001 P0002 P0003 P0004 XX000 XX001 XX002 ZZZZZ
      """;

  /** A batch fails as a whole only for the documented reasons. */
  @Tag("session") // some codes mean that the session is lost
  @Test
  void errorMessagesDoNotReachOtherCalls(
      DataSource dataSource, @Superuser DataSource superuser, WireProxy proxy) throws Exception {
    String words = "'secret ' || names::text";
    raising(
        superuser,
        "RAISE EXCEPTION USING ERRCODE = (SELECT substr(name, 5) FROM pg_catalog.unnest(names) name"
            + " WHERE name ~ '^bad '),"
            + " MESSAGE = %1$s, DETAIL = %1$s, HINT = %1$s, COLUMN = %1$s, CONSTRAINT = %1$s, DATATYPE = %1$s, TABLE = %1$s, SCHEMA = %1$s"
                .formatted(words));
    var failed = new ArrayList<String>();
    var told = new ArrayList<String>();
    try (var pool = pool(dataSource, 1);
        var greetings = inSchema("raising", pool)) {
      for (String state : states()) {
        holdUp(greetings, proxy);
        CompletableFuture<String> bad = greetings.callAsync(once("bad " + state));
        List<CompletableFuture<String>> others =
            List.of("Ada", "Zoë", "Bo").stream()
                .map(name -> greetings.callAsync(once(name)))
                .toList();
        proxy.resume();
        assertThat(failure(bad).sqlState().orElse("")).as(state).isIn(state, "");
        for (CompletableFuture<String> other : others) {
          try {
            get(other);
          } catch (CompletionException e) {
            failed.add(state);
            if (text(e).contains("secret")) {
              told.add(state);
            }
          }
        }
      }
    }
    assertThat(told).isEmpty();
    assertThat(failed.stream().distinct())
        .allMatch(state -> state.matches("(?:25|28|3D|40|57).*|55P03"));
  }

  /** Returns the error codes that the driver passes on. */
  List<String> states() {
    return List.of(ALL_STATES.strip().split("\\s+", -1));
  }

  /** Returns the text of an error, with all its causes and suppressed exceptions. */
  private static String text(Throwable error) {
    var text = new StringWriter();
    error.printStackTrace(new PrintWriter(text));
    for (Throwable e = error; e != null; e = e.getCause()) {
      if (e instanceof PSQLException reported) {
        text.append(String.valueOf(reported.getServerErrorMessage()));
      }
    }
    return text.toString();
  }

  /** A crash of the function, or an error of the level FATAL, ends the session. */
  @Tag("session") // ends its session
  @ParameterizedTest
  @ValueSource(
      strings = {
        "PERFORM pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())",
        "RAISE EXCEPTION 'no greeting for %', names USING ERRCODE = '08006'",
        "RAISE EXCEPTION 'no greeting for %', names USING ERRCODE = '57P02'"
      })
  void argumentThatEndsTheSessionFailsOnlyItsCall(
      String statement, DataSource dataSource, @Superuser DataSource superuser, WireProxy proxy)
      throws SQLException {
    raising(superuser, statement);
    try (var pool = pool(dataSource, 1);
        var greetings = inSchema("raising", pool)) {
      holdUp(greetings, proxy);
      List<CompletableFuture<String>> calls =
          IntStream.range(0, 32)
              .mapToObj(i -> greetings.callAsync(once(i == 7 ? "bad" : "u" + i)))
              .toList();
      proxy.resume();
      for (int i = 0; i < calls.size(); i++) {
        if (i == 7) {
          assertThat(failure(calls.get(i), Code.CONNECTION_LOST)).hasMessageNotContaining("bad");
        } else {
          assertThat(get(calls.get(i))).isEqualTo(greeting("u" + i, 1));
        }
      }
      // two statements for each size of a part, from 32 to 1, and one on an event loop
      assertThat(heard.statements.stream().filter(each -> each.endsWith("LOST")))
          .hasSizeBetween(7, 13);
      assertThat(heard.statements).hasSizeLessThan(22);
    }
  }

  /**
   * If the cause may be a server without enough resources, the number of additional statements is
   * limited.
   */
  @ParameterizedTest
  @CsvSource({"53200, 1, 21", "53200, 1000, 30", "XX000, 1, 21"})
  void failedBatchNeedsAtMostTheExpectedStatements(
      String state,
      int refused,
      int statements,
      DataSource dataSource,
      @Superuser DataSource superuser,
      WireProxy proxy)
      throws SQLException {
    raising(
        superuser, "RAISE EXCEPTION 'no greeting for %', names USING ERRCODE = '" + state + "'");
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
                .schema("raising")
                .maxInFlightBatches(1)
                .maxBatchSize(1000)
                .build()) {
      long before = holdUp(greetings, proxy);
      List<CompletableFuture<String>> calls =
          IntStream.range(0, 1000)
              .mapToObj(i -> greetings.callAsync(once(i < refused ? "bad" : "u" + i)))
              .toList();
      proxy.resume();
      for (int i = 0; i < calls.size(); i++) {
        if (i < refused) {
          assertThat(failure(calls.get(i), Code.SERVER_ERROR).sqlState()).contains(state);
        } else {
          assertThat(get(calls.get(i))).isEqualTo(greeting("u" + i, 1));
        }
      }
      assertThat(proxy.statements() - before).isBetween(2L, (long) statements);
    }
  }

  /** Replaces the function with one that executes a statement if one of the names is "bad". */
  private static void raising(DataSource superuser, String statement) throws SQLException {
    execute(superuser, "CREATE SCHEMA raising");
    execute(superuser, "GRANT USAGE ON SCHEMA raising TO PUBLIC");
    execute(
        superuser,
        "CREATE FUNCTION raising.pg_hello_all(names text[], repeats integer[]) RETURNS text[]"
            + " LANGUAGE plpgsql AS $$BEGIN IF names::text ~ 'bad' THEN "
            + statement
            + "; END IF; RETURN pg_hello_all(names, repeats); END$$");
  }

  private BatchedFunction<Greeting, String> inSchema(String schema, DataSource pool) {
    return builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
        .schema(schema)
        .maxInFlightBatches(1)
        .build();
  }

  @Test
  void exceptionInUserCodeFailsOnlyItsCall(DataSource dataSource, WireProxy proxy)
      throws SQLException {
    var function =
        new GreetAll() {
          @Override
          public void bind(PreparedStatement statement, List<Greeting> requests)
              throws SQLException {
            refuse(requests, "bind");
            super.bind(statement, requests);
          }

          @Override
          public boolean matches(Greeting request, String answer) {
            refuse(List.of(request), "check");
            return super.matches(request, answer);
          }

          private void refuse(List<Greeting> requests, String name) {
            if (requests.contains(once(name))) {
              throw new UnsupportedOperationException(name);
            }
            if (requests.contains(once(name + " error"))) {
              throw new AssertionError(name);
            }
          }
        };
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", function).maxInFlightBatches(1).build()) {
      String session = askSession(pool, "SELECT pg_backend_pid()");
      holdUp(greetings, proxy);
      var refused =
          List.of("bind", "check", "bind error", "check error").stream()
              .map(name -> greetings.callAsync(once(name)))
              .toList();
      CompletableFuture<String> other = greetings.callAsync(once("Ada"));
      proxy.resume();
      assertThat(get(other)).isEqualTo("Hello, Ada!");
      for (CompletableFuture<String> call : refused) {
        assertThat(failure(call, Code.SERVER_ERROR).getCause())
            .isInstanceOfAny(UnsupportedOperationException.class, AssertionError.class);
      }
      assertThat(askSession(pool, "SELECT pg_backend_pid()")).isEqualTo(session);
    }
  }

  @Tag("session") // identifies the session by its process
  @Test
  void rejectsAnswersThatDoNotMatchTheRequests(
      DataSource dataSource, @Superuser DataSource superuser, WireProxy proxy) throws Exception {
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
                .maxInFlightBatches(1)
                .build()) {
      greetings.call(once("first"));
      // too few answers, too many, none, null, and answers in the wrong order
      for (String body :
          List.of(
              "ARRAY['Hello, Ada!', 'Hello, Ada!']",
              "ARRAY['Hello, Ada!', 'Hello, Zoë!', 'Hello, Bo!', 'Hello, Bo!']",
              "'{}'",
              "NULL")) {
        replace(superuser, body);
        for (CompletableFuture<String> call : batch(greetings, proxy)) {
          failure(call, Code.RESPONSE_MISMATCH);
        }
      }
      replace(superuser, "ARRAY['Hello, Zoë!', NULL, 'Hello, Bo!']");
      String session = askSession(pool, "SELECT pg_backend_pid()");
      List<CompletableFuture<String>> calls = batch(greetings, proxy);
      failure(calls.get(0), Code.RESPONSE_MISMATCH);
      failure(calls.get(1), Code.RESPONSE_MISMATCH);
      assertThat(get(calls.get(2))).isEqualTo("Hello, Bo!");
      // a session that returned such an answer is not used again
      assertThat(askSession(pool, "SELECT pg_backend_pid()")).isNotEqualTo(session);
    }
  }

  /**
   * The functions have the right parameters, but return no row, or something other than an array.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {"SETOF text[] LANGUAGE sql AS 'SELECT names WHERE false'", "text RETURN 'x'"})
  void resultOfAnotherShapeIsAMismatch(
      String returned, DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    execute(superuser, "CREATE SCHEMA shapes");
    execute(superuser, "GRANT USAGE ON SCHEMA shapes TO PUBLIC");
    execute(
        superuser,
        "CREATE FUNCTION shapes.pg_hello_all(names text[], repeats integer[]) RETURNS " + returned);
    try (var pool = pool(dataSource, 1);
        var greetings = inSchema("shapes", pool)) {
      failure(greetings.callAsync(once("Ada")), Code.RESPONSE_MISMATCH);
      failure(greetings.callAsync(once("Ada")), Code.RESPONSE_MISMATCH);
    }
  }

  /** A caller's connection may belong to a database that has the extension in another schema. */
  @Test
  void callOnAnotherDatabaseDoesNotChangeOwnCalls(
      TestDatabase database, DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    try (TestDatabase other = database.copy();
        Connection connection = other.dataSource().getConnection();
        var pool = pool(dataSource, 1);
        var greetings = builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).build()) {
      execute(other.superuserDataSource(), "DROP EXTENSION pg_hello");
      execute(other.superuserDataSource(), "CREATE SCHEMA elsewhere");
      execute(other.superuserDataSource(), "GRANT USAGE ON SCHEMA elsewhere TO PUBLIC");
      execute(other.superuserDataSource(), "CREATE EXTENSION pg_hello SCHEMA elsewhere");
      execute(superuser, "CREATE SCHEMA elsewhere");
      execute(superuser, "GRANT USAGE ON SCHEMA elsewhere TO PUBLIC");
      execute(
          superuser,
          "CREATE FUNCTION elsewhere.pg_hello_all(names text[], repeats integer[]) RETURNS text[]"
              + " RETURN ARRAY['Hello, Ada! from a function of somebody else']");
      assertThat(greetings.withConnection(connection).call(once("Ada"))).isEqualTo("Hello, Ada!");
      assertThat(greetings.call(once("Ada"))).isEqualTo("Hello, Ada!");
      assertThat(get(greetings.callAsync(once("Ada")))).isEqualTo("Hello, Ada!");
      assertThat(greetings.withConnection(connection).call(once("Ada"))).isEqualTo("Hello, Ada!");
    }
  }

  /** Makes three calls in one statement. */
  private static List<CompletableFuture<String>> batch(
      BatchedFunction<Greeting, String> greetings, WireProxy proxy) {
    // the pool may have to open a connection first
    assertThat(greetings.call(once("Ada"))).isEqualTo("Hello, Ada!");
    long before = proxy.statements();
    proxy.pause();
    CompletableFuture<String> unused = greetings.callAsync(once("held up"));
    until(() -> proxy.statements() > before);
    List<CompletableFuture<String>> calls =
        List.of("Ada", "Zoë", "Bo").stream().map(name -> greetings.callAsync(once(name))).toList();
    proxy.resume();
    return calls;
  }

  /** Replaces the function with one that returns the same answers to every batch. */
  private static void replace(DataSource superuser, String answers) throws SQLException {
    execute(
        superuser,
        "CREATE OR REPLACE FUNCTION pg_hello_all(names text[], repeats integer[] DEFAULT NULL)"
            + " RETURNS text[] IMMUTABLE PARALLEL SAFE RETURN CASE cardinality(names) WHEN 1"
            + " THEN ARRAY['Hello, ' || names[1] || '!'] ELSE CAST("
            + answers
            + " AS text[]) END");
  }

  @Test
  void aBatchHasNoMoreThanItMay(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 1)) {
      for (ClientBuilder<BatchedFunction<Greeting, String>> builder :
          List.of(
              builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).maxBatchSize(4),
              builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
                  .maxBatchBytes(4 * (3 + 4)))) {
        heard.forget();
        try (var greetings = builder.maxInFlightBatches(1).build()) {
          holdUp(greetings, proxy);
          List<CompletableFuture<String>> calls =
              IntStream.range(100, 110).mapToObj(i -> greetings.callAsync(once("" + i))).toList();
          proxy.resume();
          calls.forEach(BatchedFunctionIT::get);
          assertThat(heard.statements).containsExactly("1", "1", "4", "4", "2");
        }
      }
    }
  }

  @Test
  void largeRequestIsNotBatched(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 2);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
                .maxInFlightBatches(1)
                .build()) {
      holdUp(greetings, proxy);
      String name = "x".repeat(16 * 1024);
      List<CompletableFuture<String>> calls =
          List.of(greetings.callAsync(once(name)), greetings.callAsync(once("Ada")));
      proxy.resume();
      assertThat(get(calls.get(0))).isEqualTo(greeting(name, 1));
      assertThat(get(calls.get(1))).isEqualTo("Hello, Ada!");
      assertThat(heard.statements).containsExactly("1", "1", "1", "1");
    }
  }

  @Test
  void oneMoreThanMayWaitIsRefused(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
                .maxInFlightBatches(1)
                .maxQueuedCalls(2)
                .build()) {
      holdUp(greetings, proxy);
      var waiting = List.of(greetings.callAsync(once("a")), greetings.callAsync(once("b")));
      failure(greetings.callAsync(once("c")), Code.OVERLOADED);
      assertThatThrownBy(() -> greetings.call(once("d")))
          .isInstanceOfSatisfying(
              FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.OVERLOADED));
      proxy.resume();
      waiting.forEach(BatchedFunctionIT::get);
    }
  }

  @Test
  void callCancelledWhileQueuedIsNotSent(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
                .maxInFlightBatches(1)
                .build()) {
      holdUp(greetings, proxy);
      CompletableFuture<String> cancelled = greetings.callAsync(once("secret"));
      CompletableFuture<String> other = greetings.callAsync(once("Ada"));
      assertThat(cancelled.cancel(false)).isTrue();
      assertThat(greetings.queuedCalls()).isEqualTo(1);
      proxy.resume();
      assertThat(get(other)).isEqualTo("Hello, Ada!");
      assertThat(heard.statements).containsExactly("1", "1", "1");
      assertThat(cancelled).isCancelled();
    }
  }

  @Test
  void listenerReceivesQueueTime(DataSource dataSource, WireProxy proxy) {
    var waited = new CopyOnWriteArrayList<Long>();
    var listener =
        new CallListener() {
          @Override
          public void callEnded(CallEnded event) {
            waited.add(event.queueNanos());
          }
        };
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
                .listener(listener)
                .maxInFlightBatches(1)
                .build()) {
      holdUp(greetings, proxy);
      CompletableFuture<String> call =
          CompletableFuture.supplyAsync(() -> greetings.call(once("Ada")), threads);
      until(() -> greetings.queuedCalls() == 1);
      proxy.resume();
      assertThat(get(call)).isEqualTo("Hello, Ada!");
      until(() -> waited.size() == 3);
      // the future waits for a thread; the first call does not wait
      assertThat(waited).filteredOn(nanos -> nanos > 0).hasSize(2);
    }
  }

  @Test
  void interruptEndsOnlyTheCallOfItsThread(DataSource dataSource, WireProxy proxy)
      throws Exception {
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
                .maxInFlightBatches(1)
                .build()) {
      holdUp(greetings, proxy);
      var outcome = new AtomicReference<Object>();
      var caller =
          new Thread(
              () -> {
                try {
                  outcome.set(greetings.call(once("secret")));
                } catch (FunctionCallException e) {
                  outcome.set(e.code() + " " + Thread.currentThread().isInterrupted());
                }
              });
      caller.start();
      until(() -> greetings.queuedCalls() == 1);
      CompletableFuture<String> other = greetings.callAsync(once("Ada"));
      caller.interrupt();
      caller.join();
      assertThat(outcome).hasValue("INTERRUPTED true");
      proxy.resume();
      assertThat(get(other)).isEqualTo("Hello, Ada!");
    }
  }

  @Test
  void closeWaitsForQueuedCalls(DataSource dataSource, WireProxy proxy) throws Exception {
    try (var pool = pool(dataSource, 1)) {
      var greetings =
          builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).maxInFlightBatches(1).build();
      holdUp(greetings, proxy);
      CompletableFuture<String> waiting = greetings.callAsync(once("Ada"));
      CompletableFuture<Void> closing = CompletableFuture.runAsync(greetings::close, threads);
      until(() -> failsWith(greetings.callAsync(once("late")), Code.CLOSED));
      assertThat(closing).isNotDone();
      proxy.resume();
      get(closing);
      assertThat(waiting).isCompletedWithValue("Hello, Ada!");
    }
  }

  @Test
  void closeFailsUnansweredCalls(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 1)) {
      var greetings =
          builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
              .callTimeout(Duration.ofMillis(500))
              .maxInFlightBatches(1)
              .build();
      holdUp(greetings, proxy);
      CompletableFuture<String> waiting = greetings.callAsync(once("Ada"));
      greetings.close();
      assertThat(failure(waiting).code())
          .isIn(Code.CLOSED, Code.TIMEOUT, Code.CONNECTION_UNAVAILABLE);
      proxy.resume();
      failure(greetings.callAsync(once("late")), Code.CLOSED);
      // if a connection is returned while the pool closes, HikariCP leaves the connection open
      until(() -> pool.getHikariPoolMXBean().getActiveConnections() == 0);
    }
  }

  @Test
  void callsAreRetriedAfterALostConnectionAndAnsweredOnce(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll())
                .maxInFlightBatches(1)
                .build()) {
      long before = holdUp(greetings, proxy);
      var answers = new ArrayList<String>();
      List<CompletableFuture<Void>> calls =
          IntStream.range(0, 20)
              .mapToObj(
                  i ->
                      greetings
                          .callAsync(once("u" + i))
                          .thenAccept(
                              answer -> {
                                synchronized (answers) {
                                  answers.add(answer);
                                }
                              }))
              .toList();
      proxy.delay(Duration.ofMillis(500));
      proxy.resume();
      until(() -> proxy.statements() == before + 1);
      proxy.delay(Duration.ZERO);
      proxy.resetConnections();
      calls.forEach(BatchedFunctionIT::get);
      assertThat(answers)
          .containsExactlyInAnyOrderElementsOf(
              IntStream.range(0, 20).mapToObj(i -> greeting("u" + i, 1)).toList());
      assertThat(heard.repeated).containsExactly(FunctionCallException.Code.CONNECTION_LOST);
      assertThat(heard.statements).containsExactly("1", "1", "20 CONNECTION_LOST", "20");
    }
  }

  /**
   * A pool that does not notice a restart of the server hands out one dead connection after the
   * other.
   */
  @Tag("session") // ends sessions, which are not the client's connections
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 20})
  void aBatchIsRepeatedUntilAConnectionLives(
      int calls, DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    var begun = new CountDownLatch(1);
    var mayFail = new CountDownLatch(1);
    try (var connections = new KeptConnections(dataSource, 12);
        var greetings =
            BatchedFunction.builder(EXTENSION, "pg_hello_all", new GreetAll())
                .connections(
                    new ConnectionSource() {
                      @Override
                      public Connection getConnection() throws SQLException {
                        if (begun.getCount() > 0) {
                          begun.countDown();
                          await(mayFail);
                          throw new SQLException("held up");
                        }
                        return connections.getConnection();
                      }

                      @Override
                      public void release(Connection connection) throws SQLException {
                        connections.release(connection);
                      }
                    })
                .callTimeout(LONG)
                .listener(heard)
                .maxInFlightBatches(1)
                .build()) {
      String ended =
          ask(
              superuser,
              "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
                  + " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()");
      assertThat(ended).isEqualTo("12");
      CompletableFuture<String> heldUp = greetings.callAsync(once("held up"));
      await(begun);
      List<CompletableFuture<String>> waiting =
          IntStream.range(0, calls).mapToObj(i -> greetings.callAsync(once("u" + i))).toList();
      mayFail.countDown();
      failure(heldUp, Code.CONNECTION_UNAVAILABLE);
      for (int i = 0; i < calls; i++) {
        assertThat(get(waiting.get(i))).isEqualTo(greeting("u" + i, 1));
      }
      assertThat(heard.statements.get(1)).isEqualTo(calls + " CONNECTION_LOST");
      assertThat(heard.statements.stream().filter(each -> each.endsWith(" CONNECTION_LOST")))
          .hasSize(12);
      assertThat(heard.repeated)
          .isNotEmpty()
          .containsOnly(FunctionCallException.Code.CONNECTION_LOST);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void reportsInstallationProblemsAndRecoversOnceTheyAreFixed(
      DataSource dataSource, @Superuser DataSource owner) throws SQLException {
    var newer =
        ExtensionDescription.builder("pg_hello")
            .minimumVersion("1.0")
            .function(
                ExtensionFunction.of("pg_hello_all(text[], integer[])", "text[]").withSince("1.1"))
            .build();
    try (var pool = pool(dataSource, 1);
        var greetings = builder(pool, newer, "pg_hello_all", new GreetAll()).build()) {
      assertThat(greetings.call(once("Ada"))).isEqualTo("Hello, Ada!");
      execute(owner, "DROP EXTENSION pg_hello");
      FunctionCallException gone = failure(greetings.callAsync(once("Ada")), Code.NOT_CREATED);
      assertThat(gone.problem().remedy()).contains("CREATE EXTENSION pg_hello");
      execute(owner, "CREATE EXTENSION pg_hello VERSION '1.0'");
      FunctionCallException old = failure(greetings.callAsync(once("Ada")), Code.VERSION_TOO_OLD);
      assertThat(old.problem().remedy()).contains("ALTER EXTENSION pg_hello UPDATE");
      execute(owner, "DROP EXTENSION pg_hello");
      execute(owner, "CREATE SCHEMA \"else where\"");
      execute(owner, "GRANT USAGE ON SCHEMA \"else where\" TO PUBLIC");
      execute(owner, "CREATE EXTENSION pg_hello SCHEMA \"else where\"");
      assertThat(greetings.call(once("Ada"))).isEqualTo("Hello, Ada!");
    }
  }

  @Test
  @SuppressWarnings("NullAway")
  void rejectsInvalidConfiguration(DataSource dataSource) {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                BatchedFunction.builder(
                    ExtensionDescription.lookup("pg_hello"), "pg_hello_all", new GreetAll()))
        .withMessage(
            "The description of pg_hello has no functions named pg_hello_all that return an array;"
                + " it must have one.");
    var single =
        ExtensionDescription.builder("pg_hello").function("pg_hello_all(text)", "text").build();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BatchedFunction.builder(single, "pg_hello_all", new GreetAll()));
    assertThatIllegalStateException()
        .isThrownBy(
            () -> BatchedFunction.builder(EXTENSION, "pg_hello_all", new GreetAll()).build())
        .withMessage("Set exactly one of dataSource, connections and url");
    var tiny =
        new GreetAll() {
          @Override
          public int sizeInBytes(Greeting request) {
            return -1;
          }
        };
    try (var greetings = BatchedFunction.create(dataSource, EXTENSION, "pg_hello_all", tiny)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> greetings.call(once("Ada")))
          .withMessage("BatchMapper.sizeInBytes returned -1 bytes; it must be 0 or more.");
      assertThatNullPointerException().isThrownBy(() -> greetings.call(null));
    }
  }

  @Tag("session") // identifies the session by its process
  @Test
  void connectionWithAWrongAnswerIsClosedEvenIfMatchesThrows(
      DataSource dataSource, @Superuser DataSource superuser, WireProxy proxy) throws Exception {
    var function =
        new GreetAll() {
          @Override
          public boolean matches(Greeting request, String answer) {
            if (answer.contains("Zoë")) {
              throw new UnsupportedOperationException();
            }
            return super.matches(request, answer);
          }
        };
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", function).maxInFlightBatches(1).build()) {
      greetings.call(once("first"));
      replace(superuser, "ARRAY['Hello, another!', 'Hello, Zoë!']");
      String session = askSession(pool, "SELECT pg_backend_pid()");
      holdUp(greetings, proxy);
      CompletableFuture<String> mistaken = greetings.callAsync(once("Ada"));
      CompletableFuture<String> refused = greetings.callAsync(once("Zoë"));
      proxy.resume();
      // this call is sent again in a separate statement
      assertThat(get(mistaken)).isEqualTo("Hello, Ada!");
      failure(refused, Code.SERVER_ERROR);
      assertThat(askSession(pool, "SELECT pg_backend_pid()")).isNotEqualTo(session);
    }
  }

  @Test
  void anAnswerThatCannotBeReadFromItsListLeavesTheConnection(
      DataSource dataSource, WireProxy proxy) throws SQLException {
    var function =
        new GreetAll() {
          @Override
          public List<String> read(Array answers) throws SQLException {
            List<String> all = super.read(answers);
            return new AbstractList<>() {
              @Override
              public String get(int index) {
                if (all.get(index).contains("secret")) {
                  throw new UnsupportedOperationException();
                }
                return all.get(index);
              }

              @Override
              public int size() {
                return all.size();
              }
            };
          }
        };
    try (var pool = pool(dataSource, 1);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", function).maxInFlightBatches(1).build()) {
      String session = askSession(pool, "SELECT pg_backend_pid()");
      holdUp(greetings, proxy);
      CompletableFuture<String> refused = greetings.callAsync(once("secret"));
      CompletableFuture<String> other = greetings.callAsync(once("Ada"));
      proxy.resume();
      assertThat(get(other)).isEqualTo("Hello, Ada!");
      assertThat(failure(refused, Code.SERVER_ERROR))
          .hasCauseInstanceOf(UnsupportedOperationException.class);
      assertThat(askSession(pool, "SELECT pg_backend_pid()")).isEqualTo(session);
    }
  }

  /**
   * Sorts numbers. If the requests of a batch are in order, the answers are equal to the requests.
   */
  private static final class Sort implements BatchMapper<Integer, Integer> {
    @Override
    public void bind(PreparedStatement statement, List<Integer> requests) throws SQLException {
      // with Types.OTHER, the driver does not send the type of the argument
      statement.setObject(1, requests.toString().replace('[', '{').replace(']', '}'), Types.OTHER);
    }

    @Override
    public List<Integer> read(Array answers) throws SQLException {
      return Arrays.asList((Integer[]) answers.getArray());
    }

    @Override
    public boolean matches(Integer request, Integer answer) {
      return request.equals(answer);
    }

    @Override
    public int sizeInBytes(Integer request) {
      return Integer.BYTES;
    }
  }

  @Test
  void aFunctionOfAnotherExtensionIsNamedInErrors(
      DataSource dataSource, @Superuser DataSource superuser, WireProxy proxy) throws SQLException {
    ExtensionDescription intarray =
        ExtensionDescription.builder("intarray")
            .library("$libdir/_int")
            .function("sort_asc(integer[])", "integer[]")
            .build();
    try (var pool = pool(dataSource, 1);
        var sort = builder(pool, intarray, "sort_asc", new Sort()).maxInFlightBatches(1).build()) {
      assertThat(failure(sort.callAsync(1), Code.NOT_CREATED).problem().remedy())
          .contains("CREATE EXTENSION intarray");
      execute(superuser, "CREATE EXTENSION intarray");
      assertThat(sort.call(1)).isEqualTo(1);
      // without the cast of the argument, these overloads would match equally well or better
      for (String type : List.of("text[]", "bigint[]", "text")) {
        execute(
            superuser,
            "CREATE FUNCTION sort_asc("
                + type
                + ") RETURNS integer[] LANGUAGE sql RETURN '{666}'::integer[]");
      }
      long before = proxy.statements();
      proxy.pause();
      CompletableFuture<Integer> first = sort.callAsync(1);
      until(() -> proxy.statements() == before + 1);
      List<CompletableFuture<Integer>> inOrder =
          IntStream.range(0, 20).mapToObj(sort::callAsync).toList();
      proxy.resume();
      assertThat(get(first)).isEqualTo(1);
      for (int i = 0; i < 20; i++) {
        assertThat(get(inOrder.get(i))).isEqualTo(i);
      }
      assertThat(heard.calls).contains("sort_asc(integer[])");
      long later = proxy.statements();
      proxy.pause();
      CompletableFuture<Integer> again = sort.callAsync(1);
      until(() -> proxy.statements() == later + 1);
      List<CompletableFuture<Integer>> mixed =
          List.of(7, 5, 6, 9).stream().map(sort::callAsync).toList();
      proxy.resume();
      assertThat(get(again)).isEqualTo(1);
      assertThat(get(mixed.get(3))).isEqualTo(9);
      for (CompletableFuture<Integer> wrong : mixed.subList(0, 3)) {
        assertThat(failure(wrong, Code.RESPONSE_MISMATCH).problem().remedy())
            .contains("intarray", "BatchMapper")
            .doesNotContain("pg_hello");
      }
    }
  }

  private <Q, A> ClientBuilder<BatchedFunction<Q, A>> builder(
      DataSource dataSource,
      ExtensionDescription extension,
      String name,
      BatchMapper<Q, A> mapper) {
    return connect(BatchedFunction.builder(extension, name, mapper), dataSource)
        .callTimeout(LONG)
        .listener(heard);
  }

  /** Sets the source of connections. */
  <C> ClientBuilder<C> connect(ClientBuilder<C> builder, DataSource dataSource) {
    return builder.dataSource(dataSource);
  }

  /**
   * Sends a call that gets no answer before the proxy resumes, so that later calls wait.
   *
   * @return the number of statements so far
   */
  private static long holdUp(BatchedFunction<Greeting, String> greetings, WireProxy proxy) {
    // opens the connection, which may take longer than the timeout of a test
    greetings.withTimeout(LONG).call(once("first"));
    long before = proxy.statements();
    proxy.pause();
    CompletableFuture<String> unused = greetings.callAsync(once("held up"));
    until(() -> proxy.statements() == before + 1);
    return before + 1;
  }

  private static Greeting once(String name) {
    return new Greeting(name, 1);
  }

  private static String greeting(String name, int times) {
    return ("Hello, " + name + "! ").repeat(times).stripTrailing();
  }

  @Tag("session") // counts a client's sessions
  @Test
  void functionsFromOneBuilderHaveSeparatePools(
      TestDatabase database, @Superuser DataSource superuser) throws Exception {
    var builder =
        BatchedFunction.builder(EXTENSION, "pg_hello_all", new GreetAll()).url(database.jdbcUrl());
    var greetings = builder.build();
    // another client, with a separate pool
    try (var others = builder.build()) {
      assertThat(greetings.call(once("Ada")))
          .isEqualTo(others.call(once("Ada")))
          .isEqualTo("Hello, Ada!");
      assertThat(sessions(superuser)).isEqualTo("2");
      greetings.close();
      greetings.close();
      assertThatThrownBy(() -> greetings.call(once("Ada")))
          .isInstanceOfSatisfying(
              FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
      assertThat(others.call(once("Ada"))).isEqualTo("Hello, Ada!");
    }
    until(() -> sessions(superuser).equals("0"));
  }

  private static String sessions(DataSource superuser) {
    try {
      return ask(
          superuser,
          "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND"
              + " application_name = 'pg-extension'");
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  /** The driver closes the connection if a result exceeds its limit. */
  @Test
  void batchesAreSentInPartsThatFitTheDriversLimit(TestDatabase database) throws Exception {
    PGSimpleDataSource limited = database.dataSource().unwrap(PGSimpleDataSource.class);
    limited.setMaxResultBuffer("64K");
    try (var pool = pool(limited, 4);
        var greetings =
            builder(pool, EXTENSION, "pg_hello_all", new GreetAll()).schema("public").build()) {
      List<CompletableFuture<String>> calls =
          IntStream.range(0, 3_000)
              .mapToObj(i -> greetings.callAsync(once("x".repeat(80) + i)))
              .toList();
      for (int i = 0; i < calls.size(); i++) {
        assertThat(get(calls.get(i))).isEqualTo(greeting("x".repeat(80) + i, 1));
      }
    }
  }

  private static HikariDataSource pool(DataSource dataSource, int size) {
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(size);
    // otherwise, the pool would validate connections that were idle for 500 ms, and the paused
    // proxy would block it
    System.setProperty(POOL_CHECKS_AFTER, Long.toString(LONG.toMillis()));
    HikariDataSource pool;
    try {
      pool = new HikariDataSource(config);
    } finally {
      System.clearProperty(POOL_CHECKS_AFTER);
    }
    // wait until the pool is full, because the proxy would count or block its logins
    until(() -> pool.getHikariPoolMXBean().getIdleConnections() == size);
    return pool;
  }

  private static boolean failsWith(CompletableFuture<String> call, Code code) {
    return call.isCompletedExceptionally() && failure(call).code() == code;
  }

  private static FunctionCallException failure(CompletableFuture<?> call, Code code) {
    FunctionCallException failure = failure(call);
    assertThat(failure.code()).isEqualTo(code);
    assertThat(failure).hasMessageNotContaining("secret");
    return failure;
  }

  private static FunctionCallException failure(CompletableFuture<?> call) {
    try {
      throw new AssertionError("it has an answer: " + get(call));
    } catch (CompletionException e) {
      return (FunctionCallException) Objects.requireNonNull(e.getCause());
    }
  }

  private static <T> T get(CompletableFuture<T> future) {
    return future.orTimeout(60, TimeUnit.SECONDS).join();
  }

  private static void until(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(end - System.nanoTime()).as("time left to wait").isPositive();
      LockSupport.parkNanos(1_000_000);
    }
  }

  /**
   * Runs a statement in the session of a client with one connection. Returns the first value; empty
   * if there is none.
   */
  String askSession(DataSource pool, String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      if (!statement.execute(sql)) {
        return "";
      }
      ResultSet row = statement.getResultSet();
      row.next();
      return row.getString(1);
    }
  }

  private static String ask(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      return ask(connection, sql);
    }
  }

  private static String ask(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getString(1);
    }
  }

  private static void execute(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
