// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.PgHelloClientIT.ask;
import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.postgresql.ds.PGSimpleDataSource;

/** Shows that calls from many threads share statements, and that each call gets its own answer. */
@PgHelloTest
@Timeout(120)
class CoalescingIT {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final int LARGE = 16 * 1024;
  private static final String POOL_CHECKS_AFTER = "com.zaxxer.hikari.aliveBypassWindowMs";
  // the names that the driver uses after it has executed a statement several times
  private static final String PREPARE_ALL =
      "DO $$ BEGIN FOR i IN 1..20 LOOP EXECUTE format('PREPARE \"S_%s\" AS SELECT 1', i); END"
          + " LOOP; END $$";
  private static final Pattern WORKER = Pattern.compile("pg-hello-[0-9]+");

  private static final ThreadLocal<DataSource> TENANT = new ThreadLocal<>();
  private static final ThreadLocal<@Nullable Connection> OWN = new ThreadLocal<>();

  private final ExecutorService platformThreads = Executors.newCachedThreadPool();
  private final ExecutorService newestThreads = newestThreads();
  private final Queue<Integer> carried = new ConcurrentLinkedQueue<>();

  @AfterEach
  void stop() throws InterruptedException {
    for (ExecutorService threads : List.of(platformThreads, newestThreads)) {
      threads.shutdownNow();
      assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void manyCallsTakeFewStatements(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 4);
        var client = client(pool).build()) {
      client.hello("first");
      proxy.delay(Duration.ofMillis(200));
      long before = proxy.statements();
      List<Started<String>> calls = start(platformThreads, 256, i -> () -> client.hello("u" + i));
      for (int i = 0; i < calls.size(); i++) {
        assertThat(calls.get(i).answer()).isEqualTo("Hello, u" + i + "!");
      }
      assertThat(proxy.statements() - before).isBetween(2L, 40L);
    }
  }

  @Test
  void singleCallerNeedsOneRoundTripOnItsThread(DataSource dataSource, WireProxy proxy)
      throws Exception {
    Queue<Thread> threads = new ConcurrentLinkedQueue<>();
    try (Connection connection = dataSource.getConnection()) {
      var one = new OneConnection(connection);
      ConnectionSource source =
          () -> {
            threads.add(Thread.currentThread());
            return one.getConnection();
          };
      try (var client = PgHelloClient.builder().connections(source).build()) {
        client.hello("first");
        for (int i = 0; i < 10; i++) {
          proxy.assertRoundTrips(1, () -> client.hello("Ada"));
          proxy.assertRoundTrips(1, () -> client.hello("Ada", 2));
        }
      }
    }
    assertThat(threads).hasSize(21).containsOnly(Thread.currentThread());
  }

  @Test
  void waitingCallsWithDifferentCountsShareOneStatement(DataSource dataSource, WireProxy proxy)
      throws SQLException {
    try (var pool = pool(dataSource, 2);
        var client = client(pool).maxInFlightBatches(1).build()) {
      PgHelloOperations thrice = client.withRepeat(3);
      long before = holdUp(client, proxy);
      List<Started<String>> calls =
          start(
              platformThreads,
              40,
              i ->
                  switch (i % 4) {
                    case 0 -> () -> client.hello("u" + i);
                    case 1 -> () -> client.hello("u" + i, 2);
                    case 2 -> () -> thrice.hello("u" + i);
                    default -> () -> client.hello("u" + i, 10);
                  });
      awaitWaiting(calls);
      proxy.resume();
      for (int i = 0; i < calls.size(); i++) {
        int count = List.of(1, 2, 3, 10).get(i % 4);
        assertThat(calls.get(i).answer()).isEqualTo(greeting("u" + i, count));
      }
      assertThat(proxy.statements() - before).isEqualTo(1);
      assertThat(carried).contains(40);
    }
  }

  @Test
  void allKindsOfCallersTravelTogether(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 2);
        var client = client(pool).maxInFlightBatches(1).build()) {
      long before = holdUp(client, proxy);
      List<Started<String>> calls = new ArrayList<>();
      calls.addAll(start(platformThreads, 20, i -> () -> client.hello("p" + i)));
      calls.addAll(start(newestThreads, 20, i -> () -> client.hello("v" + i)));
      awaitWaiting(calls);
      List<CompletableFuture<String>> futures =
          IntStream.range(0, 20).mapToObj(i -> client.helloAsync("f" + i)).toList();
      proxy.resume();
      for (int i = 0; i < 20; i++) {
        assertThat(calls.get(i).answer()).isEqualTo("Hello, p" + i + "!");
        assertThat(calls.get(20 + i).answer()).isEqualTo("Hello, v" + i + "!");
        assertThat(get(futures.get(i))).isEqualTo("Hello, f" + i + "!");
      }
      assertThat(proxy.statements() - before).isEqualTo(1);
      assertThat(carried).contains(60);
    }
  }

  @Test
  void allKindsOfCallersGetTheirAnswersUnderLoad(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 4);
        var client = client(pool).build()) {
      long before = proxy.statements();
      IntFunction<Supplier<Boolean>> task =
          t ->
              () ->
                  IntStream.range(0, 50)
                      .mapToObj(i -> t + "." + i)
                      .allMatch(name -> client.hello(name).equals("Hello, " + name + "!"));
      List<Started<Boolean>> callers = new ArrayList<>();
      callers.addAll(start(platformThreads, 32, task));
      callers.addAll(start(newestThreads, 32, task));
      for (int i = 0; i < 1000; i++) {
        String name = "f" + i;
        assertThat(get(client.helloAsync(name))).isEqualTo("Hello, " + name + "!");
      }
      assertThat(callers).allMatch(Started::answer);
      assertThat(proxy.statements() - before).isLessThan(64 * 50 + 1000);
    }
  }

  /** A virtual thread that was assigned to lead a batch may get no carrier for a long time. */
  @Test
  @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "needs virtual threads")
  void virtualLeaderWithoutACarrierDoesNotDelayOtherCalls(DataSource dataSource, WireProxy proxy)
      throws Exception {
    var stop = new AtomicBoolean();
    try (var pool = pool(dataSource, 2);
        var client =
            client(pool).callTimeout(Duration.ofSeconds(10)).maxInFlightBatches(1).build()) {
      holdUp(client, proxy);
      CompletableFuture<String> future = client.helloAsync("future");
      List<Started<String>> platform =
          start(platformThreads, 1, i -> () -> client.hello("platform"));
      awaitWaiting(platform);
      List<Started<String>> virtual = start(newestThreads, 1, i -> () -> client.hello("virtual"));
      awaitWaiting(virtual);
      keepCarriersBusy(stop);
      try {
        proxy.resume();
        assertThat(platform.get(0).answer()).isEqualTo("Hello, platform!");
        assertThat(get(future)).isEqualTo("Hello, future!");
        assertThat(virtual.get(0).outcome()).isNotDone();
      } finally {
        stop.set(true);
      }
      assertThat(virtual.get(0).answer()).isEqualTo("Hello, virtual!");
      assertThat(carried).contains(3);
    }
  }

  /** A virtual thread that sends its own statement holds a permit until the thread runs again. */
  @Test
  @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "needs virtual threads")
  void virtualThreadWithoutACarrierDoesNotBlockOtherStatements(
      DataSource dataSource, WireProxy proxy) throws Exception {
    var stop = new AtomicBoolean();
    try (var pool = pool(dataSource, 2);
        var client =
            client(pool).callTimeout(Duration.ofSeconds(20)).maxInFlightBatches(1).build()) {
      client.hello("first");
      long before = proxy.statements();
      proxy.pause();
      List<Started<String>> virtual = start(newestThreads, 1, i -> () -> client.hello("virtual"));
      until(() -> proxy.statements() == before + 1);
      keepCarriersBusy(stop);
      try {
        proxy.resume();
        assertThat(start(platformThreads, 1, i -> () -> client.hello("platform")).get(0).answer())
            .isEqualTo("Hello, platform!");
        assertThat(get(client.helloAsync("future"))).isEqualTo("Hello, future!");
        assertThat(virtual.get(0).outcome()).isNotDone();
      } finally {
        stop.set(true);
      }
      assertThat(virtual.get(0).answer()).isEqualTo("Hello, virtual!");
    }
  }

  /** Occupies all carriers, so that no other virtual thread runs until {@code stop} is set. */
  private void keepCarriersBusy(AtomicBoolean stop) throws InterruptedException {
    int carriers =
        Integer.getInteger(
            "jdk.virtualThreadScheduler.parallelism", Runtime.getRuntime().availableProcessors());
    var busy = new CountDownLatch(carriers);
    for (int i = 0; i < carriers; i++) {
      newestThreads.execute(
          () -> {
            busy.countDown();
            while (!stop.get()) {
              Thread.onSpinWait();
            }
          });
    }
    assertThat(busy.await(20, TimeUnit.SECONDS)).isTrue();
  }

  /** An interrupt of a virtual thread closes the socket from which it reads. */
  @Test
  @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "needs virtual threads")
  void anInterruptOfAVirtualLeaderHitsNoOther(DataSource dataSource, WireProxy proxy) {
    var heard = new Heard();
    var first = new AtomicBoolean(true);
    var gate = new CompletableFuture<Connection>();
    try (var pool = pool(dataSource, 2)) {
      ConnectionSource source =
          () -> {
            if (first.getAndSet(false)) {
              throw new SQLException(gate.handle((none, error) -> "refused").join());
            }
            return pool.getConnection();
          };
      try (var client =
          PgHelloClient.builder()
              .connections(source)
              .schema("public")
              .callTimeout(LONG)
              .maxInFlightBatches(1)
              .listener(heard)
              .build()) {
        List<Started<String>> refused = start(platformThreads, 1, i -> () -> client.hello("first"));
        until(() -> !first.get());
        // a virtual thread leads only calls from virtual threads
        List<Started<String>> others = start(newestThreads, 8, i -> () -> client.hello("u" + i));
        awaitWaiting(others);
        List<Started<String>> leader = start(newestThreads, 1, i -> () -> client.hello("leader"));
        awaitWaiting(leader);
        proxy.pause();
        long before = proxy.statements();
        gate.cancel(false);
        assertFails(refused.get(0).outcome(), Code.CONNECTION_UNAVAILABLE);
        until(() -> proxy.statements() == before + 1);
        leader.get(0).thread().interrupt();
        assertFails(leader.get(0).outcome(), Code.INTERRUPTED);
        until(() -> proxy.statements() == before + 2);
        proxy.resume();
        for (int i = 0; i < others.size(); i++) {
          assertThat(others.get(i).answer()).isEqualTo("Hello, u" + i + "!");
        }
        assertThat(heard.repeated).isEmpty();
        assertThat(heard.statements)
            .containsExactly("1 CONNECTION_UNAVAILABLE", "9 INTERRUPTED", "8");
      }
    }
  }

  @Test
  void nameThatCannotBeEncodedFailsOnlyItsCall(
      TestDatabase database, @Superuser DataSource superuser, WireProxy proxy) throws Exception {
    withDatabase(
        superuser,
        database.name() + "_latin1",
        "ENCODING 'LATIN1' LOCALE 'C'",
        latin -> {
          try (var pool = pool(latin, 2);
              var client = client(pool).maxInFlightBatches(1).build()) {
            holdUp(client, proxy);
            List<Started<String>> calls =
                start(
                    platformThreads,
                    20,
                    i -> () -> client.hello(i % 10 == 3 ? "secret €" + i : "Zoë" + i));
            awaitWaiting(calls);
            CompletableFuture<String> good = client.helloAsync("Zoë");
            CompletableFuture<String> bad = client.helloAsync("secret €");
            proxy.resume();
            for (int i = 0; i < calls.size(); i++) {
              if (i % 10 == 3) {
                assertFails(calls.get(i).outcome(), Code.INVALID_ARGUMENT);
              } else {
                assertThat(calls.get(i).answer()).isEqualTo("Hello, Zoë" + i + "!");
              }
            }
            assertThat(get(good)).isEqualTo("Hello, Zoë!");
            assertFails(bad, Code.INVALID_ARGUMENT);
            assertThat(carried).contains(22);
          } finally {
            // otherwise, the database could not be dropped
            proxy.resume();
          }
        });
  }

  @Test
  void namesThatTheDatabaseCannotHoldCostNothing(
      TestDatabase database, @Superuser DataSource superuser, WireProxy proxy) throws Exception {
    withDatabase(
        superuser,
        database.name() + "_latin1",
        "ENCODING 'LATIN1' LOCALE 'C'",
        latin -> {
          try (var pool = pool(latin, 2);
              var client = client(pool).build()) {
            client.hello("Ada");
            carried.clear();
            proxy.pause();
            List<CompletableFuture<String>> futures =
                IntStream.range(0, 512)
                    .mapToObj(i -> client.helloAsync((i % 8 == 3 ? "secret €" : "Zoë") + i))
                    .toList();
            proxy.resume();
            for (int i = 0; i < 512; i++) {
              if (i % 8 == 3) {
                assertFails(futures.get(i), Code.INVALID_ARGUMENT);
              } else {
                assertThat(get(futures.get(i))).isEqualTo("Hello, Zoë" + i + "!");
              }
            }
            assertThat(carried).hasSizeLessThan(70);
          } finally {
            // otherwise, the database could not be dropped
            proxy.resume();
          }
        });
  }

  /** Java has no charset for this encoding, so the server must determine which name it is. */
  @Test
  void findsTheUnencodableNameInAnEncodingUnknownToJava(
      TestDatabase database, @Superuser DataSource superuser, WireProxy proxy) throws Exception {
    withDatabase(
        superuser,
        database.name() + "_euc",
        "ENCODING 'EUC_JIS_2004' LOCALE 'C'",
        japanese -> {
          try (var pool = pool(japanese, 2);
              var client = client(pool).maxInFlightBatches(1).build()) {
            holdUp(client, proxy);
            CompletableFuture<String> good = client.helloAsync("李");
            CompletableFuture<String> bad = client.helloAsync("secret \ud83d\ude00");
            CompletableFuture<String> other = client.helloAsync("小");
            proxy.resume();
            assertThat(get(good)).isEqualTo("Hello, 李!");
            assertFails(bad, Code.INVALID_ARGUMENT);
            assertThat(get(other)).isEqualTo("Hello, 小!");
          } finally {
            proxy.resume();
          }
        });
  }

  /** The next leader sends the batch again, without the call whose thread was interrupted. */
  @Test
  void anInterruptBetweenTheHalvesOfABatchHitsNoOther(
      TestDatabase database, @Superuser DataSource superuser, WireProxy proxy) throws Exception {
    withDatabase(
        superuser,
        database.name() + "_halves",
        "ENCODING 'EUC_JIS_2004' LOCALE 'C'",
        japanese -> {
          var connections = new AtomicInteger();
          var interrupts = new AtomicBoolean();
          try (var pool = pool(japanese, 2);
              var client =
                  PgHelloClient.builder()
                      .connections(
                          () -> {
                            // the connections of the whole batch, of the first half, and of the
                            // second half
                            if (interrupts.get() && connections.incrementAndGet() == 3) {
                              Thread.currentThread().interrupt();
                              throw new SQLException("interrupted", new InterruptedException());
                            }
                            return pool.getConnection();
                          })
                      .callTimeout(LONG.multipliedBy(2))
                      .maxInFlightBatches(1)
                      .build()) {
            holdUp(client, proxy);
            List<Started<String>> leader =
                start(platformThreads, 1, i -> () -> client.hello("leader"));
            awaitWaiting(leader);
            // the deadline of the leader is later
            PgHelloAsyncOperations others = client.withTimeout(LONG);
            CompletableFuture<String> first = others.helloAsync("a");
            CompletableFuture<String> bad = others.helloAsync("secret \ud83d\ude00");
            CompletableFuture<String> last = others.helloAsync("z");
            interrupts.set(true);
            proxy.resume();
            assertFails(leader.get(0).outcome(), Code.INTERRUPTED);
            assertThat(get(first)).isEqualTo("Hello, a!");
            assertFails(bad, Code.INVALID_ARGUMENT);
            assertThat(get(last)).isEqualTo("Hello, z!");
          } finally {
            proxy.resume();
          }
        });
  }

  @Test
  void reportsTheIndexOfAnUnencodableName(TestDatabase database, @Superuser DataSource superuser)
      throws Exception {
    // an encoding with a Java charset, and an encoding without one
    for (String encoding : List.of("LATIN1", "EUC_JIS_2004")) {
      withDatabase(
          superuser,
          database.name() + "_" + encoding.toLowerCase(Locale.ROOT),
          "ENCODING '" + encoding + "' LOCALE 'C'",
          narrow -> {
            try (var pool = pool(narrow, 2);
                var client = client(pool).maxBatchSize(4).build()) {
              List<String> names =
                  List.of(
                      "a", "b", "c", "d", "e", "f", "secret \ud83d\ude00", "secret \ud83d\ude01");
              String words = "The name names[6] has a character that the encoding of this database";
              assertInvalid(words, () -> client.helloAll(names));
              assertInvalid(words, () -> get(client.helloAllAsync(names)));
              var greetings = new ArrayList<String>();
              assertInvalid(words, () -> client.helloEach(names, greetings::add));
              assertThat(greetings).hasSize(4);
              try (Connection connection = pool.getConnection()) {
                connection.setAutoCommit(false);
                carried.clear();
                // in the failed transaction, the index cannot be determined, unless the client
                // rejected the name before sending it
                assertInvalid(
                    encoding.equals("LATIN1") ? words : "The name has a character",
                    () -> client.withConnection(connection).helloAll(names));
                // and no further statements are sent
                assertThat(carried).containsExactly(4, 4);
              }
            }
          });
    }
  }

  @Test
  void showsQueuedCallsAndStatementsInFlight(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 4);
        var client = client(pool).maxInFlightBatches(1).maxConcurrentAsyncCalls(1).build()) {
      assertThat(client.queuedCalls()).isZero();
      assertThat(client.inFlightStatements()).isZero();
      holdUp(client, proxy);
      assertThat(client.inFlightStatements()).isEqualTo(1);
      List<CompletableFuture<String>> futures =
          IntStream.range(0, 7).mapToObj(i -> client.helloAsync("u" + i)).toList();
      assertThat(client.queuedCalls()).isEqualTo(7);
      futures.get(3).cancel(false);
      assertThat(client.queuedCalls()).isEqualTo(6);
      List<CompletableFuture<String>> large =
          IntStream.range(0, 3).mapToObj(i -> client.helloAsync("x".repeat(LARGE))).toList();
      assertThat(client.queuedCalls()).isEqualTo(8);
      until(() -> client.inFlightStatements() == 2);
      proxy.resume();
      large.forEach(CoalescingIT::get);
      assertThat(get(futures.get(6))).isEqualTo("Hello, u6!");
      until(() -> client.queuedCalls() == 0 && client.inFlightStatements() == 0);
    } finally {
      proxy.resume();
    }
  }

  private static void assertInvalid(String words, Runnable call) {
    assertThatThrownBy(
            () -> {
              try {
                call.run();
              } catch (CompletionException e) {
                throw e.getCause();
              }
            })
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.INVALID_ARGUMENT))
        .hasMessageStartingWith(words)
        .hasMessageNotContaining("secret");
  }

  @Test
  void missingAnswerIsAMismatchInAnotherEncoding(
      TestDatabase database, @Superuser DataSource superuser, WireProxy proxy) throws Exception {
    withDatabase(
        superuser,
        database.name() + "_null",
        "ENCODING 'LATIN1' LOCALE 'C'",
        latin -> {
          replaceAll(latin, "SELECT pg_catalog.array_fill(NULL::text, ARRAY[cardinality($1)])");
          try {
            assertMismatchForAll(latin, proxy);
          } finally {
            proxy.resume();
          }
        });
  }

  @Tag("session") // identifies the session by its process
  @Test
  void aConnectionThatHasGivenAWrongAnswerIsNotUsedAgain(
      DataSource dataSource, @Superuser DataSource superuser, WireProxy proxy) throws Exception {
    replaceAll(superuser, "SELECT pg_catalog.array_agg('Hello, Eve!'::text) FROM unnest($1)");
    execute(
        superuser,
        "CREATE OR REPLACE FUNCTION pg_hello(name text, repeat integer) RETURNS text LANGUAGE sql"
            + " IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT 'Hello, Eve!'::text || left($1, 0) $$");
    try (var pool = pool(dataSource, 1);
        var client = client(pool).schema("public").maxInFlightBatches(1).build()) {
      client.hello("Ada");
      List<Runnable> wrong =
          List.of(
              () -> client.hello("Ada", 1),
              () -> client.helloAll(List.of("Ada", "Zoë")),
              () -> {
                holdUp(client, proxy);
                List<CompletableFuture<String>> batch =
                    List.of(client.helloAsync("Ada"), client.helloAsync("Zoë"));
                proxy.resume();
                batch.forEach(CoalescingIT::get);
              });
      for (Runnable call : wrong) {
        String before = ask(pool, "SELECT pg_backend_pid()");
        assertThatThrownBy(call::run);
        // the pool opens another connection
        assertThat(ask(pool, "SELECT pg_backend_pid()")).isNotEqualTo(before);
        assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      }
      try (Connection own = pool.getConnection()) {
        assertFails(
            CompletableFuture.supplyAsync(() -> client.withConnection(own).hello("Ada", 1)),
            Code.RESPONSE_MISMATCH);
        assertThat(client.withConnection(own).hello("Ada")).isEqualTo("Hello, Ada!");
      }
    }
  }

  /** A pooler may have left the connection in a transaction that this program has not begun. */
  @Tag("session") // prepares statements with PREPARE
  @Test
  void connectionWithMixedUpStatementsIsNotReused(DataSource dataSource) throws SQLException {
    try (var pool = pool(dataSource, 1);
        var client = client(pool).schema("public").build()) {
      String before = ask(pool, "SELECT pg_backend_pid()");
      execute(pool, PREPARE_ALL);
      assertMixedUp(client);
      assertThat(ask(pool, "SELECT pg_backend_pid()")).isNotEqualTo(before);
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      try (Connection own = pool.getConnection();
          Statement statement = own.createStatement()) {
        statement.execute(PREPARE_ALL);
        assertMixedUp(client.withConnection(own));
        // the caller closes this connection
        assertThat(own.isValid(20)).isTrue();
      }
    }
  }

  private static void assertMixedUp(PgHelloOperations calls) {
    FaultsIT.assertFails(
        Code.RESPONSE_MISMATCH,
        () -> {
          for (int i = 0; i < 10; i++) {
            calls.hello("Ada");
          }
        });
  }

  @Test
  void largeNameIsNotBatched(DataSource dataSource, WireProxy proxy) {
    String large = "x".repeat(LARGE);
    String lessLarge = "x".repeat(LARGE - 1);
    try (var pool = pool(dataSource, 4);
        var client = client(pool).maxInFlightBatches(1).build()) {
      long before = holdUp(client, proxy);
      List<Started<String>> small =
          start(platformThreads, 3, i -> () -> client.hello(i == 0 ? lessLarge : "u" + i));
      awaitWaiting(small);
      List<Started<String>> alone = start(platformThreads, 1, i -> () -> client.hello(large));
      CompletableFuture<String> future = client.helloAsync(large);
      // both statements are in flight while the other calls wait
      until(() -> proxy.statements() - before == 2);
      proxy.resume();
      assertThat(alone.get(0).answer()).isEqualTo(greeting(large, 1));
      assertThat(get(future)).isEqualTo(greeting(large, 1));
      assertThat(small.get(0).answer()).isEqualTo(greeting(lessLarge, 1));
      assertThat(small.get(1).answer()).isEqualTo("Hello, u1!");
      assertThat(proxy.statements() - before).isEqualTo(3);
      assertThat(carried).containsExactlyInAnyOrder(1, 1, 1, 1, 3);
    }
  }

  @Test
  void withoutCoalescingEachCallIsAStatementOnItsThread(DataSource dataSource, WireProxy proxy) {
    Set<Thread> asked = ConcurrentHashMap.newKeySet();
    var statements = new AtomicInteger();
    try (var pool = pool(dataSource, 4)) {
      ConnectionSource source =
          () -> {
            asked.add(Thread.currentThread());
            statements.incrementAndGet();
            return pool.getConnection();
          };
      try (var client =
          PgHelloClient.builder().connections(source).callTimeout(LONG).batching(false).build()) {
        client.hello("first");
        asked.clear();
        statements.set(0);
        long before = proxy.statements();
        List<Started<String>> calls =
            start(
                platformThreads,
                16,
                t ->
                    () ->
                        IntStream.range(0, 10)
                            .mapToObj(i -> client.hello(t + "." + i))
                            .reduce((first, last) -> last)
                            .orElseThrow());
        for (int t = 0; t < calls.size(); t++) {
          assertThat(calls.get(t).answer()).isEqualTo("Hello, " + t + ".9!");
        }
        assertThat(proxy.statements() - before).isEqualTo(160);
        assertThat(statements).hasValue(160);
        assertThat(asked).isEqualTo(Set.copyOf(calls.stream().map(Started::thread).toList()));
      }
    }
  }

  @Test
  void worksOnVersionOneUnderLoad(DataSource dataSource) throws SQLException {
    execute(dataSource, "DROP EXTENSION pg_hello");
    execute(dataSource, "CREATE EXTENSION pg_hello VERSION '1.0'");
    try (var pool = pool(dataSource, 4)) {
      for (ClientBuilder<PgHelloClient> builder :
          List.of(client(pool), client(pool).schema("public"))) {
        try (var client = builder.build()) {
          assertAnswersUnderLoad(client);
        }
      }
    }
    assertThat(carried).anyMatch(calls -> calls > 1);
  }

  @Test
  void worksWithoutExecutePrivilegeOnPgHelloAll(
      DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    try (var pool = pool(dataSource, 4);
        var warm = client(pool).build()) {
      warm.hello("first");
      execute(superuser, "REVOKE EXECUTE ON FUNCTION pg_hello_all(text[], integer[]) FROM PUBLIC");
      assertAnswersUnderLoad(warm);
      try (var client = client(pool).build()) {
        assertAnswersUnderLoad(client);
      }
    }
    assertThat(carried).anyMatch(calls -> calls > 1);
  }

  @Tag("session") // a setting of the database, which only new sessions have
  @Test
  void aTenantNeverGetsTheOthersAnswer(
      TestDatabase database, @Superuser DataSource superuser, DataSource dataSource)
      throws Exception {
    execute(superuser, "ALTER DATABASE " + database.name() + " SET pg_hello.repeat = 2");
    withDatabase(
        superuser,
        database.name() + "_tenant",
        "",
        second -> {
          execute(
              superuser, "ALTER DATABASE " + database.name() + "_tenant SET pg_hello.repeat = 3");
          try (var pool = pool(dataSource, 4);
              var secondPool = pool(second, 4)) {
            List<DataSource> tenants = List.of(pool, secondPool);
            ConnectionSource routed = () -> TENANT.get().getConnection();
            ConnectionSource bound =
                new ConnectionSource() {
                  @Override
                  public Connection getConnection() throws SQLException {
                    return TENANT.get().getConnection();
                  }

                  @Override
                  public boolean mayJoinBatch() {
                    return false;
                  }
                };
            for (ClientBuilder<PgHelloClient> builder :
                List.of(
                    PgHelloClient.builder().connections(routed).batching(false),
                    PgHelloClient.builder().connections(bound))) {
              try (var client = builder.callTimeout(LONG).build()) {
                List<Started<Boolean>> callers =
                    start(
                        platformThreads,
                        16,
                        t ->
                            () -> {
                              TENANT.set(tenants.get(t % 2));
                              String expected = greeting("Ada", 2 + t % 2);
                              return IntStream.range(0, 50)
                                  .allMatch(i -> client.hello("Ada").equals(expected));
                            });
                assertThat(callers).allMatch(Started::answer);
                TENANT.set(secondPool);
                assertThat(client.hello("Ada")).isEqualTo(greeting("Ada", 3));
                TENANT.remove();
              }
            }
          }
        });
  }

  @Test
  void callsInATransactionNeedNoSecondConnection(DataSource dataSource) {
    List<Object> outcomes = inTransactions(dataSource, true);
    assertThat(outcomes).containsOnly("Hello, Ada!");
  }

  @Test
  void withoutThatAPoolThatIsUsedUpIsAnErrorAndNoDeadlock(DataSource dataSource) {
    List<Object> outcomes = inTransactions(dataSource, false);
    assertThat(outcomes)
        .allMatch(
            outcome ->
                outcome.equals("Hello, Ada!")
                    || (outcome instanceof FunctionCallException e
                        && e.code() == Code.CONNECTION_UNAVAILABLE))
        .anyMatch(outcome -> outcome instanceof FunctionCallException);
  }

  /**
   * Makes calls from many threads. Some of them, as many as the pool has connections, hold a
   * connection during their call.
   */
  private List<Object> inTransactions(DataSource dataSource, boolean bound) {
    int size = 3;
    var holders = new Semaphore(size);
    var all = new CountDownLatch(size);
    try (var pool = pool(dataSource, size, Duration.ofMillis(500))) {
      ConnectionSource source =
          new ConnectionSource() {
            @Override
            public Connection getConnection() throws SQLException {
              Connection own = bound ? OWN.get() : null;
              return own == null ? pool.getConnection() : own;
            }

            @Override
            public void release(Connection connection) throws SQLException {
              if (!connection.equals(OWN.get())) {
                connection.close();
              }
            }

            @Override
            public boolean mayJoinBatch() {
              return !bound || OWN.get() == null;
            }
          };
      try (var client = PgHelloClient.builder().connections(source).callTimeout(LONG).build()) {
        List<Started<Object>> callers =
            start(
                platformThreads,
                8 * size,
                i ->
                    () -> {
                      holders.acquireUninterruptibly();
                      try (Connection connection = pool.getConnection()) {
                        connection.setAutoCommit(false);
                        execute(new OneConnection(connection), "SELECT 1");
                        OWN.set(connection);
                        all.countDown();
                        assertThat(all.await(20, TimeUnit.SECONDS)).isTrue();
                        return client.hello("Ada");
                      } catch (FunctionCallException e) {
                        return e;
                      } catch (SQLException | InterruptedException e) {
                        throw new IllegalStateException(e);
                      } finally {
                        OWN.remove();
                        holders.release();
                      }
                    });
        return callers.stream().map(Started::answer).toList();
      }
    }
  }

  @Test
  void closeWaitsForRunningCalls(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 2)) {
      PgHelloClient client = client(pool).maxInFlightBatches(1).build();
      client.hello("first");
      proxy.pause();
      List<Started<String>> calls = start(platformThreads, 3, i -> () -> client.hello("u" + i));
      until(() -> calls.stream().filter(Started::isWaiting).count() == 2);
      CompletableFuture<String> future = client.helloAsync("future");
      CompletableFuture<Void> closed = CompletableFuture.runAsync(client::close, platformThreads);
      until(() -> isRefused(client));
      assertFails(client.helloAsync("later"), Code.CLOSED);
      assertThat(closed).isNotDone();
      proxy.resume();
      get(closed);
      for (int i = 0; i < calls.size(); i++) {
        assertThat(calls.get(i).answer()).isEqualTo("Hello, u" + i + "!");
      }
      assertThat(future).isCompletedWithValue("Hello, future!");
      assertThat(isRefused(client)).isTrue();
      assertNoWorkers();
    }
  }

  @Test
  void closeEndsStuckCalls(DataSource dataSource, WireProxy proxy) {
    Duration timeout = Duration.ofSeconds(2);
    try (var pool = pool(dataSource, 2)) {
      PgHelloClient client = client(pool).maxInFlightBatches(1).callTimeout(timeout).build();
      client.hello("first");
      proxy.pause();
      List<Started<String>> calls = start(platformThreads, 8, i -> () -> client.hello("u" + i));
      List<CompletableFuture<String>> futures =
          IntStream.range(0, 8).mapToObj(i -> client.helloAsync("f" + i)).toList();
      long begin = System.nanoTime();
      client.close();
      for (Started<String> call : calls) {
        assertFails(call.outcome(), Code.TIMEOUT, Code.CLOSED);
      }
      for (CompletableFuture<String> future : futures) {
        assertFails(future, Code.TIMEOUT, Code.CLOSED);
      }
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(30));
      assertNoWorkers();
      proxy.resume();
    }
  }

  @Test
  void aFutureMayCloseTheClient(DataSource dataSource) {
    try (var pool = pool(dataSource, 2)) {
      PgHelloClient client = client(pool).build();
      long begin = System.nanoTime();
      assertThat(get(client.helloAsync("Ada").whenComplete((greeting, error) -> client.close())))
          .isEqualTo("Hello, Ada!");
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(LONG.dividedBy(2));
      assertThat(isRefused(client)).isTrue();
      assertNoWorkers();
    }
  }

  @Test
  void anInterruptThatADependentSetsIsNotForOthers(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 2);
        var client = client(pool).maxInFlightBatches(1).build()) {
      holdUp(client, proxy);
      List<CompletableFuture<Boolean>> interrupted =
          IntStream.range(0, 8)
              .mapToObj(
                  i ->
                      client
                          .helloAsync("u" + i)
                          .thenApply(
                              greeting -> {
                                boolean before = Thread.currentThread().isInterrupted();
                                Thread.currentThread().interrupt();
                                return before;
                              }))
              .toList();
      proxy.resume();
      for (CompletableFuture<Boolean> each : interrupted) {
        assertThat(get(each)).isFalse();
      }
    }
  }

  @Test
  void dependentsOfAFutureMayCallTheClient(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 2);
        var client = client(pool).maxInFlightBatches(1).build()) {
      holdUp(client, proxy);
      List<CompletableFuture<String>> futures =
          IntStream.range(0, 20)
              .mapToObj(
                  i ->
                      client
                          .helloAsync("a" + i)
                          .thenApply(
                              greeting ->
                                  greeting
                                      + client.hello("b" + i)
                                      + client.helloAsync("c" + i).join()))
              .toList();
      proxy.resume();
      for (int i = 0; i < futures.size(); i++) {
        assertThat(get(futures.get(i)))
            .isEqualTo("Hello, a" + i + "!Hello, b" + i + "!Hello, c" + i + "!");
      }
    }
  }

  @Test
  void dependentsOfAFutureMayWaitForAnotherCallOfTheBatch(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 2);
        var client = client(pool).maxInFlightBatches(1).build()) {
      holdUp(client, proxy);
      CompletableFuture<String> first = client.helloAsync("a");
      var second = new CompletableFuture<CompletableFuture<String>>();
      CompletableFuture<String> both =
          first.thenApply(greeting -> greeting + second.thenCompose(each -> each).join());
      second.complete(client.helloAsync("b"));
      proxy.resume();
      assertThat(get(both)).isEqualTo("Hello, a!Hello, b!");
      assertThat(carried).contains(2);
    }
  }

  @Test
  void wrongAnswersToABatchAreNotReturned(
      DataSource dataSource, @Superuser DataSource superuser, WireProxy proxy) throws SQLException {
    replaceAll(superuser, "SELECT pg_catalog.array_agg('Hello, Eve!'::text) FROM unnest($1)");
    assertMismatchForAll(dataSource, proxy);
    // one answer too few, one too many, none, and NULL
    replaceAll(
        superuser, "SELECT pg_catalog.array_agg('Hello, ' || n || '!') FROM unnest($1[2:]) n");
    assertMismatchForAll(dataSource, proxy);
    replaceAll(
        superuser,
        "SELECT pg_catalog.array_agg('Hello, ' || n || '!') FROM unnest($1 || 'Eve'::text) n");
    assertMismatchForAll(dataSource, proxy);
    replaceAll(superuser, "SELECT '{}'::text[] WHERE $1 IS NOT NULL");
    assertMismatchForAll(dataSource, proxy);
    replaceAll(superuser, "SELECT NULL::text[] WHERE $1 IS NOT NULL");
    assertMismatchForAll(dataSource, proxy);
    replaceAll(superuser, "SELECT pg_catalog.array_fill(NULL::text, ARRAY[cardinality($1)])");
    assertMismatchForAll(dataSource, proxy);
    replaceAll(superuser, "SELECT ARRAY[$1, $1]");
    assertMismatchForAll(dataSource, proxy);
  }

  @Test
  void swappedAnswersFailOnlyTheirCalls(
      DataSource dataSource, @Superuser DataSource superuser, WireProxy proxy) throws SQLException {
    // only the first two answers are swapped; the other calls get their answers
    replaceAll(
        superuser,
        "SELECT pg_catalog.array_agg('Hello, ' || n || '!')"
            + " FROM unnest(ARRAY[$1[2], $1[1]] || $1[3:]) n");
    try (var pool = pool(dataSource, 2);
        var client = client(pool).schema("public").maxInFlightBatches(1).build()) {
      holdUp(client, proxy);
      List<CompletableFuture<String>> futures =
          Stream.of("a", "b", "c", "d").map(client::helloAsync).toList();
      proxy.resume();
      assertFails(futures.get(0), Code.RESPONSE_MISMATCH);
      assertFails(futures.get(1), Code.RESPONSE_MISMATCH);
      assertThat(get(futures.get(2))).isEqualTo("Hello, c!");
      assertThat(get(futures.get(3))).isEqualTo("Hello, d!");
      assertThatThrownBy(() -> client.helloAll(List.of("a", "b", "c")))
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> assertThat(e.code()).isEqualTo(Code.RESPONSE_MISMATCH));
    }
  }

  @Test
  void wrongAnswerToASingleCallIsNotReturned(DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    for (String body : List.of("SELECT 'Hello, Eve!'::text || left($1, 0)", "SELECT NULL::text")) {
      execute(
          superuser,
          "CREATE OR REPLACE FUNCTION pg_hello(name text) RETURNS text LANGUAGE sql STABLE STRICT"
              + " PARALLEL SAFE AS $body$"
              + body
              + "$body$");
      try (var pool = pool(dataSource, 2);
          var client = client(pool).schema("public").build()) {
        assertThatThrownBy(() -> client.hello("secret"))
            .isInstanceOfSatisfying(
                FunctionCallException.class,
                e -> assertThat(e.code()).isEqualTo(Code.RESPONSE_MISMATCH))
            .hasMessageStartingWith("The server returned the result of another statement.")
            .hasMessageNotContaining("secret")
            .hasMessageNotContaining("Eve");
        assertFails(client.helloAsync("secret"), Code.RESPONSE_MISMATCH);
        assertThat(client.hello("Ada", 1)).isEqualTo("Hello, Ada!");
      }
    }
  }

  private static void replaceAll(DataSource superuser, String body) throws SQLException {
    execute(
        superuser,
        "CREATE OR REPLACE FUNCTION pg_hello_all(names text[], repeats integer[] DEFAULT NULL)"
            + " RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $body$"
            + body
            + "$body$");
  }

  private void assertMismatchForAll(DataSource dataSource, WireProxy proxy) {
    try (var pool = pool(dataSource, 2);
        var client = client(pool).schema("public").maxInFlightBatches(1).build()) {
      holdUp(client, proxy);
      List<Started<String>> calls =
          start(platformThreads, 5, i -> () -> client.hello("secret" + i));
      awaitWaiting(calls);
      CompletableFuture<String> future = client.helloAsync("secret");
      proxy.resume();
      for (Started<String> call : calls) {
        assertFails(call.outcome(), Code.RESPONSE_MISMATCH);
      }
      assertFails(future, Code.RESPONSE_MISMATCH);
      assertThatThrownBy(() -> client.helloAll(List.of("secret", "Ada")))
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> assertThat(e.code()).isEqualTo(Code.RESPONSE_MISMATCH));
    }
  }

  private void assertAnswersUnderLoad(PgHelloClient client) {
    List<Started<Boolean>> callers =
        start(
            platformThreads,
            32,
            t ->
                () ->
                    IntStream.range(0, 20)
                        .mapToObj(i -> t + "." + i)
                        .allMatch(name -> client.hello(name).equals("Hello, " + name + "!")));
    assertThat(callers).allMatch(Started::answer);
  }

  private static boolean isRefused(PgHelloClient client) {
    try {
      // an empty list, for which no statement is sent
      client.helloAll(List.of());
      return false;
    } catch (FunctionCallException e) {
      return e.code() == Code.CLOSED;
    }
  }

  private static void assertNoWorkers() {
    until(
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> WORKER.matcher(thread.getName()).matches()));
  }

  private interface Action {
    void with(DataSource dataSource) throws Exception;
  }

  /** Runs an action on a new database, with the superuser's URL and login. */
  private static void withDatabase(DataSource superuser, String name, String options, Action action)
      throws Exception {
    execute(superuser, "CREATE DATABASE " + name + " TEMPLATE template0 " + options);
    try {
      PGSimpleDataSource way = superuser.unwrap(PGSimpleDataSource.class);
      var dataSource = new PGSimpleDataSource();
      dataSource.setURL(way.getURL());
      dataSource.setUser(way.getUser());
      dataSource.setPassword(way.getPassword());
      dataSource.setDatabaseName(name);
      execute(dataSource, "CREATE EXTENSION pg_hello");
      action.with(dataSource);
    } finally {
      execute(superuser, "DROP DATABASE " + name + " WITH (FORCE)");
    }
  }

  private static HikariDataSource pool(DataSource dataSource, int size) {
    return pool(dataSource, size, Duration.ofSeconds(20));
  }

  private static HikariDataSource pool(DataSource dataSource, int size, Duration timeout) {
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(size);
    config.setConnectionTimeout(timeout.toMillis());
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

  private ClientBuilder<PgHelloClient> client(DataSource dataSource) {
    return PgHelloClient.builder()
        .dataSource(dataSource)
        .callTimeout(LONG)
        .listener(
            new CallListener() {
              @Override
              public void statementEnded(StatementEnded event) {
                carried.add(event.calls());
              }
            });
  }

  /**
   * Sends a call that gets no answer before the proxy resumes, so that later calls wait.
   *
   * @return the number of statements so far
   */
  private long holdUp(PgHelloClient client, WireProxy proxy) {
    client.hello("first");
    long before = proxy.statements();
    proxy.pause();
    start(platformThreads, 1, i -> () -> client.hello("held up"));
    until(() -> proxy.statements() == before + 1);
    return before + 1;
  }

  private static void awaitWaiting(List<? extends Started<?>> calls) {
    until(() -> calls.stream().allMatch(Started::isWaiting));
  }

  /** A call on a separate thread. */
  private static final class Started<T> {
    private final CompletableFuture<T> outcome = new CompletableFuture<>();
    private volatile @Nullable Thread thread;

    Thread thread() {
      return Objects.requireNonNull(thread);
    }

    boolean isWaiting() {
      Thread known = thread;
      Object blocker = known == null ? null : LockSupport.getBlocker(known);
      return blocker != null
          && blocker
              .getClass()
              .getName()
              .startsWith("io.pghello.extension.batching.internal.coalescing.Call$");
    }

    CompletableFuture<T> outcome() {
      return outcome;
    }

    T answer() {
      return get(outcome);
    }

    private void run(Supplier<T> call) {
      thread = Thread.currentThread();
      try {
        outcome.complete(call.get());
      } catch (Throwable e) {
        outcome.completeExceptionally(e);
      }
    }
  }

  private static <T> List<Started<T>> start(
      ExecutorService threads, int number, IntFunction<Supplier<T>> call) {
    var all = new ArrayList<Started<T>>();
    for (int i = 0; i < number; i++) {
      var started = new Started<T>();
      Supplier<T> each = call.apply(i);
      threads.execute(() -> started.run(each));
      all.add(started);
    }
    return all;
  }

  private static void assertFails(CompletableFuture<String> future, Code... codes) {
    assertThatThrownBy(() -> get(future))
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isIn((Object[]) codes))
        .hasMessageNotContaining("secret");
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

  private static String greeting(String name, int count) {
    return String.join(" ", Collections.nCopies(count, "Hello, " + name + "!"));
  }

  /** Virtual threads if this JDK supports them. */
  private static ExecutorService newestThreads() {
    try {
      return (ExecutorService)
          Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    } catch (ReflectiveOperationException e) {
      return Executors.newCachedThreadPool();
    }
  }
}
